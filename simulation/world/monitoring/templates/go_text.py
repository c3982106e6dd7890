"""Values as Go prints them: ``print`` and ``printf`` of its package ``fmt``, as far as templates use them."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

_VERB = re.compile(r"%(?P<flags>[-+# 0]*)(?P<width>\d{0,9})(?:\.(?P<precision>\d{0,9}))?(?P<verb>.)", re.DOTALL)
_SMALLEST_EXPONENT, _FIRST_LARGE_EXPONENT = -4, 6
_WIDEST = 1000
_FLOAT_VERBS = frozenset("eEfFgG")


def go_number(value: float) -> str:
    """A float with as few digits as tell it apart, and an exponent for very large and small ones."""
    if not math.isfinite(value):
        return _not_finite(value)
    shortest = Decimal(repr(value)).normalize()
    exponent = shortest.adjusted()
    if not shortest:
        return "-0" if math.copysign(1.0, value) < 0 else "0"
    if _SMALLEST_EXPONENT <= exponent < _FIRST_LARGE_EXPONENT:
        return f"{shortest:f}"
    digits = "".join(map(str, shortest.as_tuple().digits))
    fraction = f".{digits[1:]}" if len(digits) > 1 else ""
    return f"{'-' if value < 0 else ''}{digits[0]}{fraction}e{'+' if exponent >= 0 else '-'}{abs(exponent):02d}"


def go_text(value: Any) -> str:
    """A value as ``{{ . }}`` shows it."""
    if value is None:
        return "<no value>"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return go_number(value)
    if isinstance(value, Mapping):
        return f"map[{' '.join(f'{key}:{go_text(value[key])}' for key in sorted(value))}]"
    if isinstance(value, str):
        return value
    if isinstance(value, Sequence):
        return f"[{' '.join(map(go_text, value))}]"
    return str(value)


def go_print(*values: Any) -> str:
    """``print``: a space between two that are no strings."""
    text = ""
    for number, value in enumerate(values):
        spaced = number > 0 and not isinstance(value, str) and not isinstance(values[number - 1], str)
        text += f"{' ' if spaced else ''}{go_text(value)}"
    return text


def go_printf(template: str, *values: Any) -> str:
    """``printf``; a verb that does not fit its value is shown as Go shows it."""
    left = list(values)

    def fill(found: re.Match[str]) -> str:
        if found["verb"] == "%":
            return "%"
        if max(int(found["width"] or 0), int(found["precision"] or 0)) > _WIDEST:
            return "%!(BADWIDTH)"
        return _formatted(found, left.pop(0)) if left else f"%!{found['verb']}(MISSING)"

    text = _VERB.sub(fill, template)
    if left:
        text += f"%!(EXTRA {', '.join(f'{_go_type(value)}={go_text(value)}' for value in left)})"
    return text


def _formatted(found: re.Match[str], value: Any) -> str:
    verb, flags = found["verb"], found["flags"]
    precision = None if found["precision"] is None else int(found["precision"] or 0)
    if verb == "v" or (verb == "s" and isinstance(value, str)):
        text = _number(value, "g", precision) if isinstance(value, float) else go_text(value)
        text = text[:precision] if verb == "s" else text
    elif verb == "q" and isinstance(value, str):
        text = json.dumps(value, ensure_ascii=False)
    elif verb == "t" and isinstance(value, bool):
        text = go_text(value)
    elif verb in _FLOAT_VERBS and isinstance(value, float):
        text = _number(value, verb, precision)
    elif verb in "dxXob" and isinstance(value, int) and not isinstance(value, bool):
        text = f"{value:{verb}}"
    else:
        return f"%!{verb}({_go_type(value)}={go_text(value)})"
    return _padded(text, flags, int(found["width"] or 0), numeric=not isinstance(value, str))


def _number(value: float, verb: str, precision: int | None) -> str:
    if not math.isfinite(value):
        return _not_finite(value)
    if precision is None and verb in "gG":
        return go_number(value)
    text = f"{value:.{6 if precision is None else precision}{verb.lower()}}"
    return text.upper() if verb.isupper() else text


def _padded(text: str, flags: str, width: int, *, numeric: bool) -> str:
    if numeric and "+" in flags and not text.startswith(("-", "+")):
        text = f"+{text}"
    elif numeric and " " in flags and not text.startswith(("-", "+")):
        text = f" {text}"
    if "-" in flags:
        return text.ljust(width)
    return text.zfill(width) if "0" in flags and numeric else text.rjust(width)


def _not_finite(value: float) -> str:
    return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"


def _go_type(value: Any) -> str:
    names = {bool: "bool", int: "int", float: "float64", str: "string", type(None): "<nil>"}
    return names.get(type(value), "map[string]string" if isinstance(value, Mapping) else "template.queryResult")
