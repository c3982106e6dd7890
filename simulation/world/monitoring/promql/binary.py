"""Binary operators: arithmetic, comparison and sets, and how the two sides' series are matched.

https://prometheus.io/docs/prometheus/latest/querying/operators/#vector-matching
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable
from dataclasses import dataclass

from simulation.world.monitoring.promql.arithmetic import divide, power, remainder
from simulation.world.monitoring.promql.errors import EvaluationError
from simulation.world.monitoring.promql.moment import Moment, ScalarOf, VectorOf
from simulation.world.monitoring.promql.series import NAME, Labels, Point, labels_of, nameless, only, value_of, without

ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": divide,
    "%": remainder,
    "^": power,
    "atan2": math.atan2,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    ">": operator.gt,
    "<": operator.lt,
    ">=": operator.ge,
    "<=": operator.le,
    "==": operator.eq,
    "!=": operator.ne,
}
SETS = frozenset({"and", "or", "unless"})


@dataclass(frozen=True, kw_only=True)
class Matching:
    """How series of two vectors find each other."""

    on: bool = False
    """Whether ``names`` are the labels to compare, or those not to compare."""
    names: tuple[str, ...] = ()
    many: str = ""
    """The side that may have several for one of the other: ``left``, ``right`` or, for one to one, neither."""
    include: tuple[str, ...] = ()
    """Labels that the one's series gives to the many's."""

    def signature(self, labels: Labels) -> Labels:
        """What two series must have in common."""
        return only(labels, self.names) if self.on else without(labels, (*self.names, NAME))

    def result(self, many: Labels, one: Labels, *, keeps_name: bool) -> Labels:
        """Labels of the result of a pair."""
        labels = many if keeps_name else nameless(many)
        if not self.many:
            labels = only(labels, self.names) if self.on else without(labels, self.names)
        if not self.include:
            return labels
        return labels_of({**dict(labels), **{name: value_of(one, name) for name in self.include}})


@dataclass(frozen=True, kw_only=True)
class Operator:
    """An arithmetic operator or comparison; a comparison without ``bool`` chooses, and keeps the left value."""

    symbol: str
    as_bool: bool
    name_with_atan2: bool
    """:attr:`Dialect.atan2_keeps_name`."""

    @property
    def filters(self) -> bool:
        """Whether it lets elements pass as they are, or not at all."""
        return self.symbol in COMPARISONS and not self.as_bool

    @property
    def keeps_name(self) -> bool:
        """Whether the metric's name survives."""
        return self.filters or (self.symbol == "atan2" and self.name_with_atan2)

    def value(self, left: float, right: float) -> float | None:
        """The result; None where a comparison does not hold and so filters the sample out."""
        if self.symbol in ARITHMETIC:
            return ARITHMETIC[self.symbol](left, right)
        holds = COMPARISONS[self.symbol](left, right)
        if self.as_bool:
            return float(holds)
        return left if holds else None


def of_scalars(applied: Operator, left: ScalarOf, right: ScalarOf) -> ScalarOf:
    """Scalar by scalar; a comparison of two scalars always has ``bool``."""

    def calculate(moment: Moment) -> float:
        value = applied.value(left(moment), right(moment))
        assert value is not None, "the parser lets no comparison of scalars pass without bool"
        return value

    return calculate


def of_vector_and_scalar(applied: Operator, vector: VectorOf, scalar: ScalarOf, *, scalar_first: bool) -> VectorOf:
    """Each element by the scalar. A comparison lets the element's own value pass, on whichever side it stands."""

    def calculate(moment: Moment) -> list[Point]:
        bound, found = scalar(moment), []
        for point in vector(moment):
            left, right = (bound, point.value) if scalar_first else (point.value, bound)
            value = applied.value(left, right)
            if value is not None and applied.filters:
                found.append(point)
            elif value is not None:
                found.append(Point(point.labels if applied.keeps_name else nameless(point.labels), value))
        return found

    return calculate


def of_vectors(applied: Operator, left: VectorOf, right: VectorOf, matching: Matching) -> VectorOf:
    """Element by element of the same signature."""

    def calculate(moment: Moment) -> list[Point]:
        many, one = left(moment), right(moment)
        if matching.many == "right":
            many, one = one, many
        return _paired(applied, many, one, matching) if many and one else []

    return calculate


def _paired(applied: Operator, many: list[Point], one: list[Point], matching: Matching) -> list[Point]:
    known: dict[Labels, Point] = {}
    for point in one:
        if known.setdefault(matching.signature(point.labels), point) is not point:
            raise EvaluationError(
                "found duplicate series for the match group: matching labels must be unique on one side"
            )
    found: list[Point] = []
    seen: set[tuple[Labels, Labels]] = set()
    for point in many:
        signature = matching.signature(point.labels)
        other = known.get(signature)
        if other is None:
            continue
        first, second = (other, point) if matching.many == "right" else (point, other)
        value = applied.value(first.value, second.value)
        if value is None:
            continue
        labels = matching.result(point.labels, other.labels, keeps_name=applied.keeps_name)
        group = (signature, labels) if matching.many else (signature, ())
        if group in seen:
            raise EvaluationError("multiple matches for labels: matching or grouping labels must ensure unique matches")
        seen.add(group)
        found.append(Point(labels, value))
    return found


def of_sets(symbol: str, left: VectorOf, right: VectorOf, matching: Matching) -> VectorOf:
    """``and``, ``or``, ``unless``."""

    def calculate(moment: Moment) -> list[Point]:
        first, second = left(moment), right(moment)
        if symbol == "or":
            return first + _those(second, first, matching, present=False)
        return _those(first, second, matching, present=symbol == "and")

    return calculate


def _those(points: list[Point], others: list[Point], matching: Matching, *, present: bool) -> list[Point]:
    known = {matching.signature(point.labels) for point in others}
    return [point for point in points if (matching.signature(point.labels) in known) is present]
