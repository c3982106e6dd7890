"""``histogram_quantile`` over classic histograms: series ``…_bucket`` with the label ``le``."""

from __future__ import annotations

import math
from collections.abc import Iterable

from simulation.world.monitoring.promql.arithmetic import INFINITY, NAN, divide
from simulation.world.monitoring.promql.series import NAME, Labels, Point, value_of, without

_BOUND = "le"
_Bucket = tuple[float, float]
"""(upper bound, cumulative count)."""


def histogram_quantiles(share: float, points: Iterable[Point]) -> list[Point]:
    """The quantile of each histogram among ``points``; series without a bound are left out."""
    histograms: dict[Labels, list[_Bucket]] = {}
    for point in points:
        try:
            bound = float(value_of(point.labels, _BOUND))
        except ValueError:
            continue
        histograms.setdefault(without(point.labels, (NAME, _BOUND)), []).append((bound, point.value))
    return [Point(labels, _quantile(share, buckets)) for labels, buckets in histograms.items()]


def _quantile(share: float, buckets: list[_Bucket]) -> float:
    if math.isnan(share) or not 0 <= share <= 1:
        return NAN if math.isnan(share) else math.copysign(INFINITY, share)
    bounds, counts = _cumulated(buckets)
    if bounds[-1] != INFINITY or len(bounds) < 2 or not counts[-1]:
        return NAN
    rank = share * counts[-1]
    index = next((number for number, count in enumerate(counts[:-1]) if count >= rank), len(counts) - 1)
    if index == len(counts) - 1:
        return bounds[-2]
    if index == 0 and bounds[0] <= 0:
        return bounds[0]
    low, below = (bounds[index - 1], counts[index - 1]) if index else (0.0, 0.0)
    return low + (bounds[index] - low) * divide(rank - below, counts[index] - below)


def _cumulated(buckets: list[_Bucket]) -> tuple[list[float], list[float]]:
    """Bounds in order, with counts that never fall: equal bounds are added up, a smaller count is the one before."""
    merged: dict[float, float] = {}
    for bound, count in sorted(buckets):
        merged[bound] = merged.get(bound, 0.0) + count
    counts: list[float] = []
    for count in merged.values():
        counts.append(max(count, counts[-1]) if counts else count)
    return list(merged), counts
