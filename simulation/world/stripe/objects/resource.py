"""What all resources have in common."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from simulation.world.stripe.errors import JsonObject


class Resource(Protocol):
    """An object with an id and a creation time. ``render`` makes its JSON anew each time, so that it is a snapshot."""

    @property
    def id(self) -> str: ...

    @property
    def created(self) -> datetime: ...

    def render(self) -> JsonObject: ...


def unix(instant: datetime) -> int:
    """Unix seconds, the API's only form of time."""
    return int(instant.timestamp())


def unix_or_none(instant: datetime | None) -> int | None:
    return None if instant is None else unix(instant)


def embedded_list(url: str, items: list[JsonObject]) -> JsonObject:
    """A list object inside another object."""
    return {"object": "list", "data": [*items], "has_more": False, "total_count": len(items), "url": url}
