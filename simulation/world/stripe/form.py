"""Form encoding with brackets, as Stripe's API takes it: ``metadata[x]=1``, ``expand[]=a``, ``types[0]=b``."""

from __future__ import annotations

import re
from urllib.parse import parse_qsl

FormValue = str | dict[str, "FormValue"]
"""A leaf, or what stood in brackets. Lists are dicts whose keys are the positions (or ``0``, ``1`` … for ``[]``)."""

_KEY = re.compile(r"^([^\[\]]+)((?:\[[^\[\]]*\])*)$")


def decode(form: str) -> dict[str, FormValue]:
    """Decode a query string or form body. A key with unbalanced brackets is taken as it stands."""
    decoded: dict[str, FormValue] = {}
    for key, value in parse_qsl(form, keep_blank_values=True):
        _put(decoded, _path(key), value)
    return decoded


def _path(key: str) -> list[str]:
    match = _KEY.match(key)
    if match is None:
        return [key]
    return [match[1], *(part[:-1] for part in match[2].split("[")[1:])]


def _put(into: dict[str, FormValue], path: list[str], value: str) -> None:
    for name in path[:-1]:
        below = into.get(name)
        if not isinstance(below, dict):
            below = into[name] = {}
        into = below
    into[path[-1] or str(len(into))] = value
