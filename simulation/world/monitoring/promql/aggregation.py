"""Aggregations over the series of a vector, with ``by`` and ``without``."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal

from simulation.world.monitoring.promql.arithmetic import exact_sum, largest, mean, quantile, smallest, variance
from simulation.world.monitoring.promql.errors import EvaluationError
from simulation.world.monitoring.promql.moment import Moment, ScalarOf, VectorOf
from simulation.world.monitoring.promql.series import NAME, Labels, Point, labels_of, only, without

AGGREGATIONS: dict[str, Callable[[Sequence[float]], float]] = {
    "sum": exact_sum,
    "avg": mean,
    "min": smallest,
    "max": largest,
    "count": lambda values: float(len(values)),
    "group": lambda _: 1.0,
}
"""Those without a parameter, but for :data:`SPREADS`."""
SPREADS: dict[str, Callable[[float], float]] = {"stdvar": lambda variance: variance, "stddev": math.sqrt}
_LARGEST_COUNT = 2.0**63


@dataclass(frozen=True, kw_only=True)
class Grouping:
    """``by`` or ``without`` with its labels; by nothing unless said otherwise."""

    by: bool = True
    names: tuple[str, ...] = ()

    def of(self, labels: Labels) -> Labels:
        """The labels of the group."""
        return only(labels, self.names) if self.by else without(labels, (*self.names, NAME))

    def groups(self, points: list[Point]) -> dict[Labels, list[Point]]:
        """Points by the labels of their group, in the order in which the groups appear."""
        found: dict[Labels, list[Point]] = {}
        for point in points:
            found.setdefault(self.of(point.labels), []).append(point)
        return found


def aggregated(name: str, vector: VectorOf, grouping: Grouping) -> VectorOf:
    """An aggregation without a parameter."""
    combine = AGGREGATIONS[name]
    return lambda moment: [
        Point(labels, combine([point.value for point in group]))
        for labels, group in grouping.groups(vector(moment)).items()
    ]


def spreads(name: str, vector: VectorOf, grouping: Grouping) -> VectorOf:
    """``stddev`` and ``stdvar``."""
    of_variance = SPREADS[name]

    def spread(values: Sequence[float], moment: Moment) -> float:
        if moment.dialect.first_value_has_no_spread and len(values) == 1:
            return 0.0
        return of_variance(variance(values))

    return lambda moment: [
        Point(labels, spread([point.value for point in group], moment))
        for labels, group in grouping.groups(vector(moment)).items()
    ]


def quantiles(share: ScalarOf, vector: VectorOf, grouping: Grouping) -> VectorOf:
    """``quantile``."""

    def calculate(moment: Moment) -> list[Point]:
        groups = grouping.groups(vector(moment))
        return [Point(labels, quantile(share(moment), (p.value for p in group))) for labels, group in groups.items()]

    return calculate


def ranked(count: ScalarOf, vector: VectorOf, grouping: Grouping, *, largest_first: bool) -> VectorOf:
    """``topk`` and ``bottomk``: the elements themselves; of equal ones the first."""

    def rank(point: Point) -> tuple[bool, float]:
        if math.isnan(point.value):
            return True, 0.0
        return False, -point.value if largest_first else point.value

    def calculate(moment: Moment) -> list[Point]:
        asked = count(moment)
        if math.isnan(asked) or abs(asked) >= _LARGEST_COUNT:
            raise EvaluationError(f"Scalar value {asked:g} overflows int64")
        groups = grouping.groups(vector(moment)).values()
        return [point for group in groups for point in sorted(group, key=rank)[: max(0, int(asked))]]

    return calculate


def counted_values(label: str, vector: VectorOf, grouping: Grouping) -> VectorOf:
    """``count_values``: how many series have each value, which becomes a label."""

    def calculate(moment: Moment) -> list[Point]:
        counts: dict[Labels, float] = {}
        for point in vector(moment):
            labels = labels_of({**dict(grouping.of(point.labels)), label: _decimal(point.value)})
            counts[labels] = counts.get(labels, 0.0) + 1
        return [Point(labels, count) for labels, count in counts.items()]

    return calculate


def _decimal(value: float) -> str:
    """As few digits as tell the number, without an exponent."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    return f"{Decimal(repr(value)).normalize():f}"
