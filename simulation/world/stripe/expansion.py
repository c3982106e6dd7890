"""``expand``: ids inside an answer replaced by the objects they name, and what an object shows only when asked for."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

from simulation.world.stripe.errors import JsonObject

Lookup = Callable[[str], JsonObject | None]
Included = Callable[[JsonObject, str], JsonValue]
"""What an object shows under a name only when it is asked for; raises ``KeyError`` where there is nothing so called."""


def unexpandable(body: JsonObject, paths: tuple[str, ...], lookup: Lookup, included: Included) -> list[str]:
    """Expand each dotted path (``latest_charge.balance_transaction``, ``data.charge``) in place.

    Returns the paths that could not be followed. It cannot refuse them: by now the request has executed.
    """
    return [path for path in paths if not _follow(body, path.split("."), lookup, included)]


def _follow(value: JsonValue, names: list[str], lookup: Lookup, included: Included) -> bool:
    if not names or value is None:
        return True
    if isinstance(value, list):
        # A list, so that one item that cannot be expanded does not keep the others from it.
        return all([_follow(item, names, lookup, included) for item in value])  # noqa: C419
    if not isinstance(value, dict):
        return False
    if names[0] not in value:
        try:
            value[names[0]] = included(value, names[0])
        except KeyError:
            return False
    inner = value[names[0]]
    if isinstance(inner, str):
        found = lookup(inner)
        if found is None:
            return False
        inner = value[names[0]] = found
    return _follow(inner, names[1:], lookup, included)
