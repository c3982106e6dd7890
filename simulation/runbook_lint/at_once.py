"""Rule RB032: nothing in a command runs concurrently.

Which of two concurrent requests is answered first depends on the machine, and so does the order in which the platform
records them: a run would not be reproducible.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from tree_sitter import Node

from simulation.runbook_lint.bash import calling, nodes, parse, programs, text, words
from simulation.runbook_lint.material import Material, RunbookSet
from simulation.runbook_lint.rule import Flaw, book_rule

_ASKING = frozenset(("curl", "wget", "sleep"))
"""Programs that make a request or let time pass; a runbook's own functions that call them count too."""
_CLOCK_VARIABLES = frozenset(("EPOCHSECONDS", "EPOCHREALTIME", "SECONDS"))
_PARALLEL = {"xargs": re.compile(r"-P|--max-procs"), "curl": re.compile(r"-\w*Z|--parallel")}
"""Options by which a program does several things concurrently."""
_REMEDY = "do one after the other: keep the first answer in a variable (made=$(curl …)), then go on with it"


@book_rule("RB032", "A command does one thing after the other: no two requests are under way at once")
def nothing_at_once(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    trees = [(step, parse(step.command)) for step in book.all_steps]
    asking = calling([tree for _, tree in trees], _ASKING)
    for step, tree in trees:
        for node, problem in _beside(tree, asking):
            yield Flaw(
                line=step.line + node.start_point.row,
                message=f"{step.section.heading} step {step.number}: {problem}",
                remedy=_REMEDY,
            )


def _beside(tree: Node, asking: frozenset[str]) -> Iterator[tuple[Node, str]]:
    for node in nodes(tree, "&", "process_substitution", "command", "pipeline", "redirected_statement"):
        if node.type == "&":
            if node.parent is not None and node.parent.type != "binary_expression":
                yield node, "'&' leaves a command running beside the next one"
        elif node.type == "process_substitution":
            yield node, f"{text(node)[:2]}…) runs beside the command that it stands in"
        elif node.type == "command":
            if _is_parallel(node):
                yield node, f"{words(node)[0]} does several things at once here"
        else:
            yield from _in_pipeline(_stages(node), asking)


def _in_pipeline(stages: Sequence[Sequence[Node]], asking: frozenset[str]) -> Iterator[tuple[Node, str]]:
    """Problems of one pipeline: its stages run concurrently, and so do the commands in their ``$(…)``."""
    asks = [stage for stage in stages if any(_asks(part, asking) for part in stage)]
    if len(asks) > 1:
        yield asks[1][0], "two parts of a pipeline ask at once; which is answered first is left to chance"
    elif asks:
        for stage in stages:
            if stage is not asks[0] and any(_reads_clock(part) for part in stage):
                yield stage[0], "one part of a pipeline reads the clock while another lets time pass"


def _stages(node: Node) -> list[list[Node]]:
    """The stages of a pipeline, which run concurrently. With a here-document they are below its redirection node."""
    if node.type == "pipeline":
        return [[stage] for stage in node.named_children]
    body, *redirections = node.named_children
    later = [child for found in redirections if found.type == "heredoc_redirect" for child in found.named_children]
    piped = [[stage] for child in later if child.type == "pipeline" for stage in child.named_children]
    return [[body, *(child for child in later if child.type == "heredoc_body")], *piped] if piped else []


def _asks(node: Node, asking: frozenset[str]) -> bool:
    return any(programs(command) & asking for command in nodes(node, "command"))


def _reads_clock(node: Node) -> bool:
    by_program = any("date" in programs(command) for command in nodes(node, "command"))
    return by_program or any(text(name) in _CLOCK_VARIABLES for name in nodes(node, "variable_name"))


def _is_parallel(command: Node) -> bool:
    name, *arguments = words(command) or [""]
    option = _PARALLEL.get(name)
    return name in ("parallel", "coproc") or (option is not None and any(map(option.match, arguments)))
