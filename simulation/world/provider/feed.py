"""A feed in the words of a backend: the paths and documents that it knows, made from the provider's boards."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True, kw_only=True)
class FeedAnswer:
    """``boards``: keys of the tournaments that were looked at to make it, in the order of the first look."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    boards: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class PushedRequest:
    """By which the provider tells the platform of a new board."""

    method: str
    path: str
    headers: Mapping[str, str]
    """A value may have ``${ADMIN_TOKEN}`` in it: a token of an admin of the platform's."""
    body: bytes


class Feed(Protocol):
    """Speaks to one backend of the boards as they stand; the same input gives the same words."""

    @property
    def pushes(self) -> bool:
        """Whether it tells the platform of each new board by itself."""
        ...

    def answer(self, *, path: str, query: Mapping[str, str], boards: Boards) -> FeedAnswer: ...

    def push(self, *, tournament: str, boards: Boards) -> Sequence[PushedRequest]: ...


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
