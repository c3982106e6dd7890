"""Function calls whose arguments are compiled: what becomes of vectors, windows and labels."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Sequence

from simulation.world.monitoring.promql.errors import UnsupportedExpression
from simulation.world.monitoring.promql.histogram import histogram_quantiles
from simulation.world.monitoring.promql.instants import VALUE_FUNCTIONS, calendar_function
from simulation.world.monitoring.promql.moment import Moment, ScalarOf, VectorOf, WindowsOf
from simulation.world.monitoring.promql.patterns import replacer
from simulation.world.monitoring.promql.series import Labels, Point, labels_of, nameless, value_of
from simulation.world.monitoring.promql.windows import KEEP_NAME, WINDOW_FUNCTIONS

_LABEL_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]*", re.ASCII)


def over_window(name: str, windows: WindowsOf, arguments: Sequence[ScalarOf]) -> VectorOf:
    """A function of each series' window."""
    function = WINDOW_FUNCTIONS[name]

    def calculate(moment: Moment) -> list[Point]:
        given = [argument(moment) for argument in arguments]
        found = []
        for window in windows(moment):
            value = function(window, given, moment)
            if value is not None:
                found.append(Point(window.labels if name in KEEP_NAME else nameless(window.labels), value))
        return found

    return calculate


def of_values(name: str, vector: VectorOf, arguments: Sequence[ScalarOf]) -> VectorOf:
    """A mathematical function of each element."""
    return _each(VALUE_FUNCTIONS[name], vector, arguments)


def of_dates(name: str, vector: VectorOf | None) -> VectorOf:
    """A part of the date that each element is, or of the instant."""
    part = calendar_function(name)
    if vector is None:
        return lambda moment: [Point((), part(moment.unix_seconds))]
    return _each(part, vector, ())


def _each(function: Callable[..., float], vector: VectorOf, arguments: Sequence[ScalarOf]) -> VectorOf:
    def calculate(moment: Moment) -> list[Point]:
        points, given = vector(moment), [argument(moment) for argument in arguments]
        if function is VALUE_FUNCTIONS["clamp"] and given[0] > given[1]:
            return []
        return [Point(nameless(point.labels), function(point.value, *given)) for point in points]

    return calculate


def absent(found: VectorOf | WindowsOf, labels: Labels) -> VectorOf:
    """One element with ``labels`` where ``found`` has none."""
    return lambda moment: [] if found(moment) else [Point(labels, 1.0)]


def scalar_of(vector: VectorOf) -> ScalarOf:
    """The value of the only element; NaN where there is not exactly one."""

    def calculate(moment: Moment) -> float:
        points = vector(moment)
        return points[0].value if len(points) == 1 else math.nan

    return calculate


def ordered(vector: VectorOf, *, descending: bool) -> VectorOf:
    """Sorted by value, NaN last."""

    def rank(point: Point) -> tuple[bool, float]:
        if math.isnan(point.value):
            return True, 0.0
        return False, -point.value if descending else point.value

    return lambda moment: sorted(vector(moment), key=rank)


def histogram_quantile(share: ScalarOf, vector: VectorOf) -> VectorOf:
    """The quantile of each classic histogram."""
    return lambda moment: histogram_quantiles(share(moment), vector(moment))


def nothing(*_parts: object) -> VectorOf:
    """Functions of native histograms, which the text format has none of: floats have no result."""
    return lambda _: []


def label_replace(
    vector: VectorOf, target: str, template: str, source: str, pattern: str, *, dot_matches_newline: bool
) -> VectorOf:
    """The label ``target`` made out of ``source`` where that matches."""
    _refuse_bad_name(target)
    replace = replacer(pattern, template, dot_matches_newline=dot_matches_newline)

    def calculate(moment: Moment) -> list[Point]:
        return [_with_label(point, target, replace(value_of(point.labels, source))) for point in vector(moment)]

    return calculate


def label_join(vector: VectorOf, target: str, separator: str, sources: Sequence[str]) -> VectorOf:
    """The label ``target`` made of the values of ``sources``."""
    for name in (target, *sources):
        _refuse_bad_name(name)

    def calculate(moment: Moment) -> list[Point]:
        return [
            _with_label(point, target, separator.join(value_of(point.labels, name) for name in sources))
            for point in vector(moment)
        ]

    return calculate


def _with_label(point: Point, name: str, value: str | None) -> Point:
    return point if value is None else Point(labels_of({**dict(point.labels), name: value}), point.value)


def _refuse_bad_name(name: str) -> None:
    if not _LABEL_NAME.fullmatch(name):
        raise UnsupportedExpression(f"{name!r} is no name of a label")
