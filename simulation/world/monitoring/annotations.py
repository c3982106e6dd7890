"""Annotations of alerting rules with their templates filled in, as Prometheus writes them."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from decimal import Decimal

_VALUE = re.compile(r"\{\{\s*\$value\s*\}\}")
_LABEL = re.compile(r"\{\{\s*\$labels\.(\w+)\s*\}\}")
_SMALLEST_EXPONENT, _FIRST_LARGE_EXPONENT = -4, 6


def rendered(text: str, *, labels: Mapping[str, str], value: float) -> str:
    """Fills in ``{{ $value }}`` and ``{{ $labels.x }}``. Other template functions are left as they are: the comparison
    with promtool then shows the difference."""
    text = _LABEL.sub(lambda found: labels.get(found[1], ""), text)
    return _VALUE.sub(go_number(value), text)


def go_number(value: float) -> str:
    """A number as Go's templates print it: as few digits as possible, with an exponent for very large and small
    ones."""
    if math.isnan(value):
        return "NaN"
    if math.isinf(value):
        return "+Inf" if value > 0 else "-Inf"
    shortest = Decimal(repr(value)).normalize()
    exponent = shortest.adjusted()
    if _SMALLEST_EXPONENT <= exponent < _FIRST_LARGE_EXPONENT or not shortest:
        return f"{shortest:f}"
    digits = "".join(map(str, shortest.as_tuple().digits))
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{'-' if value < 0 else ''}{digits[0]}{fraction}e{'+' if exponent >= 0 else '-'}{abs(exponent):02d}"
