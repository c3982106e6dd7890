"""Commands as bash reads them: their syntax tree, by tree-sitter's grammar."""

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
"""They run the program that stands among their arguments."""
_SHELLS = frozenset(("eval", "bash", "sh"))


@cache
def _parser() -> Parser:
    return Parser(Language(tree_sitter_bash.language()))


def parse(command: str) -> Node:
    """The tree of one command of a runbook, which may have many lines. What bash itself refuses is RB030's affair."""
    return _parser().parse(command.encode()).root_node


def text(node: Node) -> str:
    """A node's own words, as typed."""
    return (node.text or b"").decode()


def nodes(root: Node, *types: str) -> Iterator[Node]:
    """Every node of these types in the order of the text, ``root`` included, and inside ``bash -c '…'``."""
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
    """What a simple command may run: its name, and any word where the name is of one that runs another."""
    said = words(command)
    return frozenset(said if said and said[0] in _CARRIERS else said[:1])


def calling(trees: Sequence[Node], known: frozenset[str]) -> frozenset[str]:
    """``known`` programs, with the functions defined in these trees that call one, directly or by another function."""
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
