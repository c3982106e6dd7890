"""Rule RB035: loops that wait for something end at the first error."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from simulation.runbook_lint.bash import calling, nodes, parse, programs, text, words
from simulation.runbook_lint.material import Material, RunbookSet
from simulation.runbook_lint.rule import Flaw, book_rule

_LOOPS = ("for_statement", "c_style_for_statement", "while_statement")
_FAILS = re.compile(r"--fail(?:-with-body)?|-[a-zA-Z]*f[a-zA-Z]*")
_LEAVING = frozenset(("break", "exit", "return"))
_REMEDY = "take the answer by itself, and leave at the first that is none: answer=$(curl -sS -f …) || break"


@book_rule("RB035", "A loop that waits ends at the first answer that is an error: none is taken for 'not yet'")
def errors_end_the_wait(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    trees = [(step, parse(step.command)) for step in book.all_steps]
    waiting = calling([tree for _, tree in trees], frozenset(("sleep",)))
    asking = calling([tree for _, tree in trees], frozenset(("curl", "wget")))
    lax = {
        text(function.named_children[0])
        for _, tree in trees
        for function in nodes(tree, "function_definition")
        if any(not _fails(command) for command in nodes(function, "command") if "curl" in programs(command))
    }
    for step, tree in trees:
        for command, problem in _careless(tree, waiting, asking, lax):
            yield Flaw(
                line=step.line + command.start_point.row,
                message=f"{step.section.heading} step {step.number} waits in a loop, and {problem}",
                remedy=_REMEDY,
            )


def _careless(tree: Node, waiting: frozenset[str], asking: frozenset[str], lax: set[str]) -> Iterator[tuple[Node, str]]:
    seen: set[int] = set()
    for loop in nodes(tree, *_LOOPS):
        if not any(programs(command) & waiting for command in nodes(loop, "command")):
            continue
        for command in nodes(loop, "command"):
            if command.id in seen or not programs(command) & asking:
                continue
            seen.add(command.id)
            if programs(command) & lax or ("curl" in programs(command) and not _fails(command)):
                yield command, "takes the body of an error for an answer: curl has no -f"
            elif not _leaves(command, loop):
                yield command, f"goes on when {words(command)[0]} fails"


def _fails(command: Node) -> bool:
    """Whether this ``curl`` reports an HTTP error by its exit status (option ``-f``)."""
    return any(_FAILS.fullmatch(word) for word in words(command))


def _leaves(command: Node, loop: Node) -> bool:
    """Whether the loop ends when the command fails: follow its exit status up the tree."""
    node = command
    while node.parent is not None and node.id != loop.id:
        parent = node.parent
        if parent.type == "pipeline" and node.id != parent.named_children[-1].id:
            return False  # a pipeline's status is that of its last command
        if parent.type == "list" and node.id == parent.named_children[0].id:
            if any(child.type == "||" for child in parent.children):
                return _says_so(parent.named_children[-1])
        elif parent.type == "if_statement" and node.id == parent.named_children[0].id:
            return _leaves_by_branch(parent, negated=node.type == "negated_command")
        elif parent.type in ("command", "declaration_command"):
            return False  # used as an argument, its status is lost
        elif node.type == "command_substitution" and parent.type != "variable_assignment":
            return False  # inside a longer text, its status is lost too
        node = parent
    return False


def _leaves_by_branch(branching: Node, *, negated: bool) -> bool:
    otherwise = [child for child in branching.named_children if child.type in ("else_clause", "elif_clause")]
    then = [child for child in branching.named_children[1:] if child not in otherwise]
    return any(_says_so(child) for child in (then if negated else otherwise))


def _says_so(node: Node) -> bool:
    return any(programs(command) & _LEAVING for command in nodes(node, "command"))
