"""An expression of an alert or recording rule, ready to be evaluated, and what has to be known to do so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser as promql

from simulation.prometheus_version import DEFAULT_VERSION, Dialect
from simulation.world.monitoring.promql.compiler import Compiler
from simulation.world.monitoring.promql.errors import UnsupportedExpression
from simulation.world.monitoring.promql.instants import DATE_FUNCTIONS
from simulation.world.monitoring.promql.moment import VectorOf
from simulation.world.monitoring.promql.places import described, place_of_name, place_of_syntax_error
from simulation.world.monitoring.promql.selectors import milliseconds
from simulation.world.monitoring.promql.series import LOOKBACK_MS

_CLOCKS = DATE_FUNCTIONS | {"time", "timestamp"}
_LONGEST, _DEEPEST, _MOST_OPERATORS = 10_000, 100, 500
_STRINGS = re.compile(r"""\"(?:[^\"\\]|\\.)*+\"|'(?:[^'\\]|\\.)*+'|`[^`]*+`""", re.DOTALL)
_BRACKETS, _OPERATORS = re.compile(r"[][(){}]"), re.compile(r"[-+*/%^<>=!]|\b(?:and|or|unless|atan2)\b", re.IGNORECASE)
_FIRST_WORD = re.compile(r"\w+")


@dataclass(frozen=True, kw_only=True)
class Expression:
    """A compiled expression."""

    text: str
    evaluate: VectorOf
    """:raises EvaluationError: Prometheus gives an error, too."""
    names: frozenset[str | None]
    """Names of the metrics it selects; None among them where it selects by other labels only."""
    reach_ms: int | None
    """How far back it looks; None for an instant of its own (``@``)."""
    at_instant: bool
    """Whether its result depends on nothing but the series in sight: no range, no offset, no clock."""


def compile_expression(text: str, *, version: str = DEFAULT_VERSION) -> Expression:
    """Compile ``text`` as Prometheus ``version`` reads it.

    :raises UnsupportedExpression: it is not PromQL, or a part is not understood; the message has its column.
    """
    _refuse_too_much(text)
    try:
        tree = promql.parse(text)
    except ValueError as error:
        where = described(text, place_of_syntax_error(text, str(error)))
        raise UnsupportedExpression(f"{where}: not PromQL: {error}") from error
    if _depth(tree) > _DEEPEST:
        raise UnsupportedExpression(f"column 1: nested in more than {_DEEPEST} levels; record parts of it first")
    try:
        evaluate = Compiler(Dialect.of(version)).rule(tree)
    except UnsupportedExpression as error:
        raise UnsupportedExpression(f"{_place(text, str(error))}: {error}") from error
    nodes = list(_walk(tree, 0))
    selectors = [(node, reach) for node, reach in nodes if isinstance(node, promql.VectorSelector)]
    return Expression(
        text=text,
        evaluate=evaluate,
        names=frozenset(node.name for node, _ in selectors),
        reach_ms=_furthest(nodes),
        at_instant=not any(_moves(node) for node, _ in nodes),
    )


def _refuse_too_much(text: str) -> None:
    """The parser takes time with the square of the length, and longer still in nested brackets.

    :raises UnsupportedExpression: longer, or nested more deeply, than any rule is.
    """
    if len(text) > _LONGEST:
        raise UnsupportedExpression(f"{len(text):,} characters; at most {_LONGEST:,} are read")
    bare = _STRINGS.sub("", text)
    depth = 0
    for bracket in _BRACKETS.findall(bare):
        depth += 1 if bracket in "([{" else -1
        if depth > _DEEPEST:
            raise UnsupportedExpression(f"more than {_DEEPEST} brackets are open at once")
    if len(_OPERATORS.findall(bare)) > _MOST_OPERATORS:
        raise UnsupportedExpression(f"more than {_MOST_OPERATORS} operators")


def _place(text: str, problem: str) -> str:
    word = _FIRST_WORD.match(problem)
    offset = place_of_name(text, word[0]) if word else None
    return described(text, offset or 0)


def _children(node: Any) -> list[Any]:
    if isinstance(node, promql.MatrixSelector):
        return [node.vector_selector]
    if isinstance(node, promql.BinaryExpr):
        return [node.lhs, node.rhs]
    if isinstance(node, promql.Call):
        return list(node.args)
    if isinstance(node, promql.AggregateExpr):
        return [node.expr, *([] if node.param is None else [node.param])]
    if isinstance(node, promql.SubqueryExpr | promql.ParenExpr | promql.UnaryExpr):
        return [node.expr]
    return []


def _depth(tree: Any) -> int:
    deepest, open_nodes = 0, [(tree, 1)]
    while open_nodes:
        node, depth = open_nodes.pop()
        deepest = max(deepest, depth)
        if depth <= _DEEPEST:
            open_nodes += [(child, depth + 1) for child in _children(node)]
    return deepest


def _walk(node: Any, reach_ms: int) -> Iterator[tuple[Any, int]]:
    """Every node, with how far back it is looked at by those around it."""
    yield node, reach_ms
    if isinstance(node, promql.MatrixSelector):
        reach_ms += milliseconds(node.range)
    elif isinstance(node, promql.SubqueryExpr):
        reach_ms += _back_ms(node)
    for child in _children(node):
        yield from _walk(child, reach_ms)


def _back_ms(node: Any) -> int:
    """How far a selector or subquery goes back by its range and offset."""
    parts = (getattr(node, "range", None), node.offset)
    return sum(max(0, milliseconds(part)) for part in parts if part is not None)


def _furthest(nodes: list[tuple[Any, int]]) -> int | None:
    furthest = LOOKBACK_MS
    for node, reach_ms in nodes:
        if getattr(node, "at", None) is not None:
            return None
        if isinstance(node, promql.VectorSelector):
            furthest = max(furthest, reach_ms + LOOKBACK_MS + _back_ms(node))
    return furthest


def _moves(node: Any) -> bool:
    if isinstance(node, promql.Call):
        return node.func.name in _CLOCKS
    if isinstance(node, promql.MatrixSelector | promql.SubqueryExpr):
        return True
    return isinstance(node, promql.VectorSelector) and (node.offset is not None or node.at is not None)
