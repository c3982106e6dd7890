"""Arithmetic of Go's 64-bit floats, which never raises: infinities and NaN where Python's ``math`` has errors."""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Iterable, Sequence

NAN, INFINITY = math.nan, math.inf


def divide(left: float, right: float) -> float:
    """IEEE 754 division."""
    if right:
        return left / right
    if math.isnan(left) or math.isnan(right) or not left:
        return NAN
    return math.copysign(INFINITY, left) * math.copysign(1.0, right)


def remainder(left: float, right: float) -> float:
    """With the sign of ``left``."""
    return quiet(math.fmod)(left, right)


def power(base: float, exponent: float) -> float:
    """Go's ``math.Pow``."""
    try:
        return math.pow(base, exponent)
    except OverflowError:
        odd = exponent == math.floor(exponent) and math.fmod(exponent, 2) != 0
        return -INFINITY if base < 0 and odd else INFINITY
    except ValueError:
        if base == 0:
            odd = exponent == math.floor(exponent) and math.fmod(exponent, 2) != 0
            return math.copysign(INFINITY, base) if odd else INFINITY
        return NAN


def quiet(function: Callable[..., float]) -> Callable[..., float]:
    """``function``, which gives NaN outside its domain and an infinity where the result is too large."""

    def calculate(*arguments: float) -> float:
        try:
            return function(*arguments)
        except ValueError:
            return NAN
        except OverflowError:
            return math.copysign(INFINITY, arguments[0])

    return calculate


def logarithm(function: Callable[[float], float]) -> Callable[[float], float]:
    """A logarithm that is minus infinity at 0."""
    return lambda value: -INFINITY if value == 0 else quiet(function)(value)


def rounded(function: Callable[[float], int]) -> Callable[[float], float]:
    """``math.floor`` or ``math.ceil``, which keep what is no finite number."""
    return lambda value: float(function(value)) if math.isfinite(value) else value


def exact_sum(values: Iterable[float]) -> float:
    """Sum by Kahan's and Neumaier's method, as Prometheus sums over time."""
    total = lost = 0.0
    for value in values:
        total, lost = add(value, total, lost)
    return total if math.isinf(total) else total + lost


def add(value: float, total: float, lost: float) -> tuple[float, float]:
    """One step of that sum: the new total, and the digits that it has lost."""
    new = total + value
    if math.isinf(new):
        return new, 0.0
    lost += (total - new) + value if abs(total) >= abs(value) else (value - new) + total
    return new, lost


def mean(values: Sequence[float]) -> float:
    """Mean without overflow."""
    total = exact_sum(values)
    if not math.isinf(total) or any(math.isinf(value) for value in values):
        return total / len(values)
    return exact_sum(value / len(values) for value in values)


def variance(values: Sequence[float]) -> float:
    """Population variance, by Welford's method."""
    middle = aside = squares = lost = 0.0
    for count, value in enumerate(values, start=1):
        delta = value - (middle + aside)
        middle, aside = add(delta / count, middle, aside)
        squares, lost = add(delta * (value - (middle + aside)), squares, lost)
    return (squares + lost) / len(values)


def smallest(values: Iterable[float]) -> float:
    """Minimum; NaN only if there is nothing else."""
    return _extreme(values, operator.lt)


def largest(values: Iterable[float]) -> float:
    """Maximum; NaN only if there is nothing else."""
    return _extreme(values, operator.gt)


def _extreme(values: Iterable[float], better: Callable[[float, float], bool]) -> float:
    found = NAN
    for value in values:
        if math.isnan(found) or better(value, found):
            found = value
    return found


def quantile(share: float, values: Iterable[float]) -> float:
    """Quantile between the two nearest values; NaN counts as the smallest."""
    ordered = sorted(values, key=lambda value: (not math.isnan(value), value if not math.isnan(value) else 0.0))
    if not ordered or math.isnan(share):
        return NAN
    if share < 0 or share > 1:
        return math.copysign(INFINITY, share)
    rank = share * (len(ordered) - 1)
    lower = max(0, math.floor(rank))
    upper, weight = min(len(ordered) - 1, lower + 1), rank - math.floor(rank)
    return ordered[lower] * (1 - weight) + ordered[upper] * weight
