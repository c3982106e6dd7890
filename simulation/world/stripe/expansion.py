"""``expand``: ids inside an answer replaced by the objects they name."""

from __future__ import annotations

from collections.abc import Callable

from pydantic import JsonValue

from simulation.world.stripe.errors import JsonObject

Lookup = Callable[[str], JsonObject | None]


def unexpandable(body: JsonObject, paths: tuple[str, ...], lookup: Lookup) -> list[str]:
    """Expand each dotted path (``latest_charge.balance_transaction``, ``data.charge``) in place.

    Returns the paths that could not be followed. It cannot refuse them: by now the request has executed.
    """
    return [path for path in paths if not _follow(body, path.split("."), lookup)]


def _follow(value: JsonValue, names: list[str], lookup: Lookup) -> bool:
    if not names or value is None:
        return True
    if isinstance(value, list):
        # A list, so that one item that cannot be expanded does not keep the others from it.
        return all([_follow(item, names, lookup) for item in value])  # noqa: C419
    if not isinstance(value, dict) or names[0] not in value:
        return False
    inner = value[names[0]]
    if isinstance(inner, str):
        found = lookup(inner)
        if found is None:
            return False
        inner = value[names[0]] = found
    return _follow(inner, names[1:], lookup)
