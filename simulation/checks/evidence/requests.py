"""Requests by the patterns in which a target names them."""

from __future__ import annotations

from collections.abc import Iterator

from simulation.events import Exchange


def matches(pattern: str, exchange: Exchange) -> bool:
    """``METHOD /path`` with ``*`` for one segment."""
    method, _, path = pattern.partition(" ")
    wanted, given = list(_segments(path)), list(_segments(exchange.path))
    return (
        method == exchange.method
        and len(wanted) == len(given)
        and all(want in ("*", got) for want, got in zip(wanted, given, strict=True))
    )


def _segments(path: str) -> Iterator[str]:
    return (segment for segment in path.split("/") if segment)
