"""Rules RB033 and RB034: how commands handle credentials."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tree_sitter import Node

from simulation.runbook_lint.bash import nodes, parse, programs, text, words
from simulation.runbook_lint.material import Material, RunbookSet
from simulation.runbook_lint.rule import Flaw, book_rule

_SECRET = re.compile(r"(?:^|_)(?:TOKEN|SECRET|PASSWORD|API_KEY)$")
_AUTH_FILE = re.compile(r"_AUTH_FILE$")
_BUILTIN = frozenset(("echo", "printf", "test", "[", "[[", "read", "export", "declare", "local", "unset", "set", ":"))
"""Builtins run inside bash, so their arguments do not appear in the list of processes."""
_REMEDY = 'show it by its file, which is read anew for each request: curl -H @"$ADMIN_AUTH_FILE"'


@book_rule("RB033", "No secret stands among a program's arguments, which everybody on the machine can read")
def no_secret_in_arguments(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    for step in book.all_steps:
        for command in nodes(parse(step.command), "command"):
            if programs(command) <= _BUILTIN:
                continue
            for name in _variables(command, _SECRET):
                yield Flaw(
                    line=step.line + name.start_point.row,
                    message=f"{step.section.heading} step {step.number}: ${text(name)} is an argument of "
                    f"{(words(command) or ['a program'])[0]}",
                    remedy=_REMEDY,
                )


@book_rule("RB034", "No credential is kept: a copy of it runs out while a command waits")
def credentials_are_not_kept(book: RunbookSet, _: Material) -> Iterator[Flaw]:
    for step in book.all_steps:
        tree = parse(step.command)
        for assignment in nodes(tree, "variable_assignment"):
            if _is_a_copy(assignment):
                yield Flaw(
                    line=step.line + assignment.start_point.row,
                    message=f"{step.section.heading} step {step.number}: {text(assignment.named_children[0])} "
                    "is a copy of a credential",
                    remedy=_REMEDY,
                )
        if any("sleep" in programs(command) for command in nodes(tree, "command")):
            for name in _variables(tree, _SECRET):
                yield Flaw(
                    line=step.line + name.start_point.row,
                    message=f"{step.section.heading} step {step.number} waits, and ${text(name)} may run out meanwhile",
                    remedy=_REMEDY,
                )


def _is_a_copy(assignment: Node) -> bool:
    """Whether the assigned value contains a secret or a credential file's contents; ``curl`` responses do not count."""
    if any("curl" in programs(command) for command in nodes(assignment, "command")):
        return False
    inside = (name for read in nodes(assignment, "command_substitution") for name in _variables(read, _AUTH_FILE))
    return any(_variables(assignment, _SECRET)) or any(inside)


def _variables(node: Node, meant: re.Pattern[str]) -> Iterator[Node]:
    """Expansions of variables whose names match ``meant``."""
    for expansion in nodes(node, "simple_expansion", "expansion"):
        for child in expansion.named_children:
            if child.type == "variable_name" and meant.search(text(child)):
                yield child
