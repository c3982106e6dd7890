"""Functions over a window of one series: rates, regressions and ``…_over_time``.

Extrapolation is that of Prometheus' ``rate``
(https://prometheus.io/docs/prometheus/latest/querying/functions/#rate). Each function gives None where Prometheus
gives no result.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise

from simulation.world.monitoring.promql.arithmetic import (
    NAN,
    add,
    divide,
    exact_sum,
    largest,
    mean,
    quantile,
    smallest,
    variance,
)
from simulation.world.monitoring.promql.errors import EvaluationError
from simulation.world.monitoring.promql.moment import Moment
from simulation.world.monitoring.promql.series import Window

WindowFunction = Callable[[Window, Sequence[float], Moment], float | None]
"""(window, scalar arguments, instant) → value."""
_GAPS_AT_MOST = 1.1
"""A window's edge that is further away than this many average gaps is taken to be where the series begins or ends."""


def _rate(window: Window, moment: Moment, *, counter: bool, per_second: bool) -> float | None:
    times, values = window.times_ms, window.values
    if len(times) < 2:
        return None
    rise = values[-1] - values[0]
    if counter:
        rise += sum(before for before, now in pairwise(values) if now < before)
    sampled = (times[-1] - times[0]) / 1000
    gap = sampled / (len(times) - 1)
    to_start, to_end = (times[0] - window.start_ms) / 1000, (window.end_ms - times[-1]) / 1000
    to_zero = sampled * (values[0] / rise) if counter and rise > 0 and values[0] >= 0 else math.inf
    if moment.dialect.clamp_after_threshold:
        to_start = min(_to_edge(to_start, gap), to_zero)
    else:
        to_start = _to_edge(min(to_start, to_zero), gap)
    factor = (sampled + to_start + _to_edge(to_end, gap)) / sampled
    return rise * (factor / ((window.end_ms - window.start_ms) / 1000) if per_second else factor)


def _to_edge(distance: float, gap: float) -> float:
    return distance if distance < gap * _GAPS_AT_MOST else gap / 2


def _last_two(window: Window, *, rate: bool) -> float | None:
    if len(window.times_ms) < 2:
        return None
    (before_ms, now_ms), (before, now) = window.times_ms[-2:], window.values[-2:]
    if not rate:
        return now - before
    return (now if now < before else now - before) / ((now_ms - before_ms) / 1000)


def _regression(window: Window, origin_ms: int) -> tuple[float, float]:
    """(slope per second, value at ``origin_ms``) of the line nearest to the samples."""
    first = window.values[0]
    if all(value == first for value in window.values):
        return (NAN, NAN) if math.isinf(first) else (0.0, first)
    seconds = [(at - origin_ms) / 1000 for at in window.times_ms]
    count = float(len(seconds))
    sum_x, sum_y = _kahan(seconds), _kahan(window.values)
    sum_xy = _kahan([x * y for x, y in zip(seconds, window.values, strict=True)])
    sum_xx = _kahan([x * x for x in seconds])
    slope = divide(sum_xy - sum_x * sum_y / count, sum_xx - sum_x * sum_x / count)
    return slope, sum_y / count - slope * sum_x / count


def _kahan(values: Sequence[float]) -> float:
    total = lost = 0.0
    for value in values:
        total, lost = add(value, total, lost)
    return total + lost


def _deriv(window: Window, _arguments: Sequence[float], _moment: Moment) -> float | None:
    return _regression(window, window.times_ms[0])[0] if len(window.times_ms) > 1 else None


def _predict_linear(window: Window, arguments: Sequence[float], moment: Moment) -> float | None:
    if len(window.times_ms) < 2:
        return None
    slope, level = _regression(window, moment.at_ms)
    return slope * arguments[0] + level


def _smoothed(window: Window, arguments: Sequence[float], _moment: Moment) -> float | None:
    """Double exponential smoothing."""
    smoothing, trending = arguments
    for name, factor in (("smoothing", smoothing), ("trend", trending)):
        if not 0 < factor < 1:
            raise EvaluationError(f"invalid {name} factor. Expected: 0 < {name[0]}f < 1, got: {factor:f}")
    values = window.values
    if len(values) < 2:
        return None
    before, level, trend = 0.0, values[0], values[1] - values[0]
    for index, value in enumerate(values[1:]):
        if index:
            trend = trending * (level - before) + (1 - trending) * trend
        before, level = level, smoothing * value + (1 - smoothing) * (level + trend)
    return level


def _changes(window: Window, _arguments: Sequence[float], _moment: Moment) -> float:
    return float(
        sum(now != before and not (math.isnan(now) and math.isnan(before)) for before, now in pairwise(window.values))
    )


def _resets(window: Window, _arguments: Sequence[float], _moment: Moment) -> float:
    return float(sum(now < before for before, now in pairwise(window.values)))


def _of_values(function: Callable[[Sequence[float]], float]) -> WindowFunction:
    return lambda window, _arguments, _moment: function(window.values)


WINDOW_FUNCTIONS: dict[str, WindowFunction] = {
    "rate": lambda window, _, moment: _rate(window, moment, counter=True, per_second=True),
    "increase": lambda window, _, moment: _rate(window, moment, counter=True, per_second=False),
    "delta": lambda window, _, moment: _rate(window, moment, counter=False, per_second=False),
    "irate": lambda window, _, __: _last_two(window, rate=True),
    "idelta": lambda window, _, __: _last_two(window, rate=False),
    "deriv": _deriv,
    "predict_linear": _predict_linear,
    "holt_winters": _smoothed,
    "double_exponential_smoothing": _smoothed,
    "changes": _changes,
    "resets": _resets,
    "sum_over_time": _of_values(exact_sum),
    "avg_over_time": _of_values(mean),
    "min_over_time": _of_values(smallest),
    "max_over_time": _of_values(largest),
    "count_over_time": _of_values(lambda values: float(len(values))),
    "last_over_time": _of_values(lambda values: values[-1]),
    "present_over_time": _of_values(lambda _: 1.0),
    "stddev_over_time": _of_values(lambda values: math.sqrt(variance(values))),
    "stdvar_over_time": _of_values(variance),
    "quantile_over_time": lambda window, arguments, _: quantile(arguments[0], window.values),
}
KEEP_NAME = frozenset({"last_over_time"})
"""Those whose result keeps the metric's name."""
