"""Syntax trees of bash commands, by tree-sitter's grammar, and questions to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache

import tree_sitter_bash
from tree_sitter import Language, Node, Parser

_QUOTED = ("raw_string", "string")
_WORDS = ("command_name", "word", "number", "concatenation", *_QUOTED)
_CARRIERS = frozenset(
    ("xargs", "timeout", "env", "command", "time", "nice", "nohup", "exec", "sudo", "setsid", "coproc", "builtin")
)
"""Programs that run another program named among their arguments."""
_SHELLS = frozenset(("eval", "bash", "sh"))


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def parse(command: str) -> Node:
    """The tree of one runbook command, which may have many lines. Syntax errors are not reported here: RB030 does."""
    return _parser().parse(command.encode()).root_node


def text(node: Node) -> str:
    """A node's source text."""
    return (node.text or b"").decode()


def nodes(root: Node, *types: str) -> Iterator[Node]:
    """Every node of these types, in the order of the text: ``root`` itself, below it, and inside ``bash -c '…'``."""
    if root.type in types:
        yield root
    for child in root.children:
        yield from nodes(child, *types)
    if root.type == "command":
        for inner in _typed_inside(root):
            yield from nodes(inner, *types)


def words(command: Node) -> list[str]:
    """The words of a simple command (a node ``command``) without their quotes: its name, then its arguments."""
    return [text(child).strip("\"'") for child in command.named_children if child.type in _WORDS]


def programs(command: Node) -> frozenset[str]:
    """Programs that a simple command may run: its name, or all its words if the name is in ``_CARRIERS``."""
    said = words(command)
    return frozenset(said if said and said[0] in _CARRIERS else said[:1])


def calling(trees: Sequence[Node], known: frozenset[str]) -> frozenset[str]:
    """``known`` programs plus the shell functions in these trees that call one, directly or through another."""
    functions = [found for tree in trees for found in nodes(tree, "function_definition")]
    while True:
        more = {
            text(function.named_children[0])
            for function in functions
            if any(programs(command) & known for command in nodes(function, "command"))
        }
        if more <= known:
            return known
        known |= more


def _typed_inside(command: Node) -> Iterator[Node]:
    if programs(command) & _SHELLS:
        for child in command.named_children:
            if child.type in _QUOTED:
                yield parse(text(child)[1:-1])
