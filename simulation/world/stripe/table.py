"""Resources of one kind by id, in the order of their creation."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Generic, Protocol, TypeVar

from simulation.world.stripe.errors import no_such


class Identified(Protocol):
    @property
    def id(self) -> str: ...


_Row = TypeVar("_Row", bound=Identified)


class Table(Generic[_Row]):
    """:param kind: how Stripe calls such a thing when it does not find one."""

    def __init__(self, *, kind: str) -> None:
        self.kind = kind
        self._rows: dict[str, _Row] = {}

    def add(self, row: _Row) -> _Row:
        assert row.id not in self._rows, f"two {self.kind} with id {row.id}"
        self._rows[row.id] = row
        return row

    def find(self, object_id: str | None) -> _Row | None:
        return None if object_id is None else self._rows.get(object_id)

    def get(self, object_id: str) -> _Row:
        """By the id in a path; 404 where there is none."""
        row = self._rows.get(object_id)
        if row is None:
            raise no_such(self.kind, object_id, status=404)
        return row

    def referenced(self, object_id: str, *, param: str) -> _Row:
        """By the id in a parameter; 400 where there is none."""
        row = self._rows.get(object_id)
        if row is None:
            raise no_such(self.kind, object_id, param=param)
        return row

    def newest_first(self) -> Iterator[_Row]:
        return reversed(self._rows.values())

    def __iter__(self) -> Iterator[_Row]:
        return iter(self._rows.values())

    def __contains__(self, object_id: object) -> bool:
        return object_id in self._rows
