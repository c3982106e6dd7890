"""The part of PromQL that alert rules here need, compiled from ``promql_parser``'s syntax tree.

Understood: selectors with matchers, comparison of a vector with a number, ``and``/``or``/``unless`` without modifiers,
``sum``/``min``/``max``/``count`` over everything. Anything else is refused when the rules are loaded, before a run
begins. The semantics are Prometheus': a comparison keeps the samples for which it holds; set operators match samples
with equal labels, where the metric's name is not a label.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from typing import Any

import promql_parser as promql

from simulation.world.monitoring.exposition import Sample

Vector = tuple[Sample, ...]
Evaluate = Callable[[Sequence[Sample]], Vector]

_COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
_MIRRORED = {">": "<", "<": ">", ">=": "<=", "<=": ">=", "==": "==", "!=": "!="}
_AGGREGATIONS: dict[str, Callable[[list[float]], float]] = {
    "sum": sum,
    "min": min,
    "max": max,
    "count": lambda values: float(len(values)),
}


class UnsupportedExpression(Exception):
    """Not PromQL, or PromQL beyond the subset; the message names the part."""


def compile_expression(text: str) -> Evaluate:
    """A function from a scrape's samples to those that ``text`` selects. Raises :class:`UnsupportedExpression`."""
    try:
        tree = promql.parse(text)
    except ValueError as error:
        raise UnsupportedExpression(f"{text!r} is not PromQL: {error}") from error
    return _compile(tree)


def _compile(node: Any) -> Evaluate:
    if isinstance(node, promql.ParenExpr):
        return _compile(node.expr)
    if isinstance(node, promql.VectorSelector):
        return _selector(node)
    if isinstance(node, promql.AggregateExpr):
        return _aggregation(node)
    if isinstance(node, promql.BinaryExpr):
        return _binary(node)
    raise UnsupportedExpression(f"{node} is a {type(node).__name__}, which the evaluator does not know")


def _selector(node: Any) -> Evaluate:
    if node.offset is not None or node.at is not None or node.matchers.or_matchers:
        raise UnsupportedExpression(f"{node}: offset, @ and alternative matchers are not known")
    name = node.name
    accept = [_matcher(matcher) for matcher in node.matchers.matchers]
    return lambda samples: tuple(
        sample for sample in samples if sample.name == name and all(accepts(sample) for accepts in accept)
    )


def _matcher(matcher: Any) -> Callable[[Sample], bool]:
    name, value, kind = matcher.name, matcher.value, str(matcher.op)
    pattern = re.compile(value)
    tests: dict[str, Callable[[Sample], bool]] = {
        "MatchOp.Equal": lambda sample: sample.labels.get(name, "") == value,
        "MatchOp.NotEqual": lambda sample: sample.labels.get(name, "") != value,
        "MatchOp.Re": lambda sample: pattern.fullmatch(sample.labels.get(name, "")) is not None,
        "MatchOp.NotRe": lambda sample: pattern.fullmatch(sample.labels.get(name, "")) is None,
    }
    return tests[kind]


def _aggregation(node: Any) -> Evaluate:
    combine = _AGGREGATIONS.get(str(node.op))
    if combine is None or node.modifier is not None or node.param is not None:
        raise UnsupportedExpression(f"{node}: known are sum, min, max and count without grouping")
    inner = _compile(node.expr)

    def aggregate(samples: Sequence[Sample]) -> Vector:
        values = [sample.value for sample in inner(samples)]
        return (Sample(series="{}", name="", labels={}, value=combine(values)),) if values else ()

    return aggregate


def _binary(node: Any) -> Evaluate:
    symbol = str(node.op)
    modifier = node.modifier
    if modifier is not None and (modifier.matching is not None or modifier.return_bool):
        raise UnsupportedExpression(f"{node}: bool, on, ignoring and group modifiers are not known")
    if symbol in _COMPARISONS:
        return _comparison(node, symbol)
    if symbol not in ("and", "or", "unless"):
        raise UnsupportedExpression(f"{node}: the operator {symbol} is not known")
    left, right = _compile(node.lhs), _compile(node.rhs)
    if symbol == "and":
        return lambda samples: _paired(left(samples), right(samples), present=True)
    if symbol == "unless":
        return lambda samples: _paired(left(samples), right(samples), present=False)

    def union(samples: Sequence[Sample]) -> Vector:
        first = left(samples)
        return first + _paired(right(samples), first, present=False)

    return union


def _comparison(node: Any, symbol: str) -> Evaluate:
    left, right = node.lhs, node.rhs
    if isinstance(left, promql.NumberLiteral):
        left, right, symbol = right, left, _MIRRORED[symbol]
    if not isinstance(right, promql.NumberLiteral):
        raise UnsupportedExpression(f"{node}: a comparison needs a number on one side")
    holds, bound, vector = _COMPARISONS[symbol], float(right.val), _compile(left)
    return lambda samples: tuple(sample for sample in vector(samples) if holds(sample.value, bound))


def _paired(vector: Vector, other: Vector, *, present: bool) -> Vector:
    known = {tuple(sorted(sample.labels.items())) for sample in other}
    return tuple(sample for sample in vector if (tuple(sorted(sample.labels.items())) in known) is present)
