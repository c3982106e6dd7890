"""Whether a request matches a pattern by which a target declares kinds of requests."""

from __future__ import annotations

from functools import lru_cache

from simulation.events import Exchange


def matches(pattern: str, exchange: Exchange) -> bool:
    """Whether a request matches ``METHOD /path``, in which ``*`` stands for one segment."""
    return _matches_any((pattern,), exchange.method, exchange.path)


def matches_any(patterns: tuple[str, ...], exchange: Exchange) -> bool:
    """Whether one of the patterns matches."""
    return _matches_any(patterns, exchange.method, exchange.path)


@lru_cache(maxsize=8_192)
def _matches_any(patterns: tuple[str, ...], method: str, path: str) -> bool:
    return any(_matches(pattern, method, path) for pattern in patterns)


def _matches(pattern: str, method: str, path: str) -> bool:
    wanted_method, _, wanted_path = pattern.partition(" ")
    wanted, given = _segments(wanted_path), _segments(path)
    return (
        wanted_method == method
        and len(wanted) == len(given)
        and all(want in ("*", got) for want, got in zip(wanted, given, strict=True))
    )


def _segments(path: str) -> list[str]:
    return [segment for segment in path.split("/") if segment]
