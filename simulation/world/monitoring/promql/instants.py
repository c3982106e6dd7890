"""Functions of single values: mathematics, and the calendar in UTC."""

from __future__ import annotations

import calendar
import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from simulation.world.monitoring.promql.arithmetic import INFINITY, NAN, divide, logarithm, quiet, rounded

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _nearest(value: float, unit: float = 1.0) -> float:
    """Half up. Division by the inverse, because ``1/unit`` is exact for the usual units such as 0.1."""
    inverse = divide(1.0, unit)
    scaled = value * inverse + 0.5
    return divide(float(math.floor(scaled)), inverse) if math.isfinite(scaled) else divide(scaled, inverse)


def _sign(value: float) -> float:
    return math.copysign(1.0, value) if value and not math.isnan(value) else value


def _clamp(value: float, low: float, high: float) -> float:
    return _at_least(_at_most(value, high), low)


def _at_least(value: float, bound: float) -> float:
    """Go's ``math.Max``: NaN unless the other is infinite."""
    if INFINITY in (value, bound):
        return INFINITY
    return NAN if math.isnan(value) or math.isnan(bound) else max(value, bound)


def _at_most(value: float, bound: float) -> float:
    return -_at_least(-value, -bound)


def _inverse_tanh(value: float) -> float:
    return math.copysign(INFINITY, value) if abs(value) == 1 else quiet(math.atanh)(value)


VALUE_FUNCTIONS: dict[str, Callable[..., float]] = {
    "abs": abs,
    "ceil": rounded(math.ceil),
    "floor": rounded(math.floor),
    "round": _nearest,
    "sgn": _sign,
    "clamp": _clamp,
    "clamp_min": _at_least,
    "clamp_max": _at_most,
    "exp": quiet(math.exp),
    "sqrt": quiet(math.sqrt),
    "ln": logarithm(math.log),
    "log2": logarithm(math.log2),
    "log10": logarithm(math.log10),
    "sin": quiet(math.sin),
    "cos": quiet(math.cos),
    "tan": quiet(math.tan),
    "asin": quiet(math.asin),
    "acos": quiet(math.acos),
    "atan": math.atan,
    "sinh": quiet(math.sinh),
    "cosh": lambda value: abs(quiet(math.cosh)(value)),
    "tanh": math.tanh,
    "asinh": math.asinh,
    "acosh": quiet(math.acosh),
    "atanh": _inverse_tanh,
    "deg": lambda value: value * 180 / math.pi,
    "rad": lambda value: value * math.pi / 180,
}
"""Value and scalar arguments → value. The result has no metric name."""


def _days_in_month(day: datetime) -> float:
    return float(calendar.monthrange(day.year, day.month)[1])


_CALENDAR: dict[str, Callable[[datetime], float]] = {
    "minute": lambda at: float(at.minute),
    "hour": lambda at: float(at.hour),
    "day_of_week": lambda at: float(at.isoweekday() % 7),
    "day_of_month": lambda at: float(at.day),
    "day_of_year": lambda at: float(at.timetuple().tm_yday),
    "days_in_month": _days_in_month,
    "month": lambda at: float(at.month),
    "year": lambda at: float(at.year),
}
DATE_FUNCTIONS = frozenset(_CALENDAR)
"""Functions of a Unix time; without an argument of the evaluation's."""


def calendar_function(name: str) -> Callable[[float], float]:
    """Unix seconds → the part of the date in UTC; NaN for what is no date of the years 1 to 9999."""

    def part(unix_seconds: float) -> float:
        try:
            return _CALENDAR[name](_EPOCH + timedelta(seconds=math.trunc(unix_seconds)))
        except (OverflowError, ValueError):
            return NAN

    return part
