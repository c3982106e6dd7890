"""A feed in the words of a backend: the paths and documents that it knows, made from the provider's boards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class FeedAnswer:
    """``boards``: keys of the tournaments that were looked at to make it, in the order of the first look."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    boards: tuple[str, ...]


class Feed(Protocol):
    """Makes the answer to one request from the boards as they stand; the same input gives the same answer."""

    def answer(self, *, path: str, query: Mapping[str, str], boards: Boards) -> FeedAnswer: ...


class Boards(Mapping[str, Any]):
    """Tournament → the board's document in the provider's own form, as plain data that may be changed.

    It notes which boards are looked at: what is said of the answer, and which faults strike it, goes by them.
    """

    def __init__(self, bodies: Mapping[str, str]) -> None:
        self._bodies = bodies
        self._read: dict[str, None] = {}

    @property
    def read(self) -> tuple[str, ...]:
        return tuple(self._read)

    def __getitem__(self, key: str) -> Any:
        body = self._bodies[key]
        self._read[key] = None
        return json.loads(body)

    def __iter__(self) -> Iterator[str]:
        return iter(self._bodies)

    def __len__(self) -> int:
        return len(self._bodies)

    def __contains__(self, key: object) -> bool:
        return key in self._bodies
