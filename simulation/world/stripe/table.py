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
    """Objects of one kind.

    :param kind: Stripe's name of the kind, for its "No such …" errors.
    """

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
        """The object whose id stands in a path. Raises :class:`ApiError` 404."""
        row = self._rows.get(object_id)
        if row is None:
            raise no_such(self.kind, object_id, status=404)
        return row

    def referenced(self, object_id: str, *, param: str) -> _Row:
        """The object whose id is a parameter. Raises :class:`ApiError` 400."""
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
