"""The rows that a run wrote, by the write-ahead log: every version (image) of each, and its place in the history."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from simulation.events import Change, Event, Row, Transaction


@dataclass(frozen=True, kw_only=True)
class Image:
    """A row after one committed change; ``values`` is None if the change deleted it."""

    position: int
    """Index of the transaction among the history's events."""
    number: int
    """Index of the change within the transaction."""
    change: Change
    values: Row | None


@dataclass(kw_only=True)
class TableRow:
    """All images of one row, in order of time."""

    table: str
    key_column: str | None
    """The column that identifies a row of the table; None when there is none."""
    key: str
    images: list[Image] = field(default_factory=list)

    @property
    def last(self) -> Row | None:
        """The row's last values; None when it was deleted."""
        return self.images[-1].values

    def wrote(self, number: int, column: str) -> bool:
        """Whether image ``number`` gave the column a different value than the image before it."""
        before = self.images[number - 1].values if number else None
        return before is None or before.get(column) != (self.images[number].values or {}).get(column)


Tables = Mapping[str, Sequence[TableRow]]


def tables_of(events: Sequence[Event]) -> Tables:
    """Every row in the write-ahead log, by table; tables sorted by name, rows by their first appearance."""
    changes: dict[str, list[tuple[int, int, Change]]] = {}
    for position, event in enumerate(events):
        if isinstance(event, Transaction):
            for number, change in enumerate(event.changes):
                changes.setdefault(change.table, []).append((position, number, change))
    return {table: _rows(table, changes[table]) for table in sorted(changes)}


def _rows(table: str, changes: Sequence[tuple[int, int, Change]]) -> list[TableRow]:
    key = _key_column([change for _, _, change in changes])
    rows: dict[str, TableRow] = {}
    for position, number, change in changes:
        if change.op == "truncate":
            continue
        old, name = _names(change, key, f"{position}.{number}")
        row = rows.pop(old, None) or TableRow(table=table, key_column=key, key=name)
        values = None if change.op == "delete" else {**((row.last or {}) if row.images else {}), **change.new}
        row.images.append(Image(position=position, number=number, change=change, values=values))
        rows[name] = row
    return sorted(rows.values(), key=lambda row: (row.images[0].position, row.images[0].number))


def _names(change: Change, key: str | None, otherwise: str) -> tuple[str, str]:
    """The row's key before and after a change; ``otherwise`` when it has no key."""
    if key is None:
        return otherwise, otherwise
    name = str(change.new.get(key, change.key.get(key, otherwise)))
    return str(change.key.get(key, name)), name


def _key_column(changes: Sequence[Change]) -> str | None:
    """The column that identifies a row: ``id``, else one with unique values in inserts and no new ones in updates.

    None when there is no such column; each change then counts as a row of its own.
    """
    inserted = [change.new for change in changes if change.op == "insert"]
    updated = [change.new for change in changes if change.op == "update"]
    columns = sorted(set[str]().union(*inserted, *updated), key=lambda column: (column != "id", column))
    return next((column for column in columns if _tells_apart(column, inserted, updated)), None)


def _tells_apart(column: str, inserted: Sequence[Row], updated: Sequence[Row]) -> bool:
    if column == "id":
        return True
    first = [row.get(column) for row in inserted]
    known = set(map(str, first))
    if None in first or len(known) < len(first):
        return False
    return all(str(row.get(column)) in known for row in updated)


def columns_of(rows: Sequence[TableRow]) -> list[str]:
    """Names of the table's columns that are in the log, sorted."""
    return sorted({column for row in rows for image in row.images for column in image.change.new})


def values_of(rows: Sequence[TableRow], column: str) -> list[JsonValue]:
    """Every value of a column in the log, in all images."""
    return [image.change.new[column] for row in rows for image in row.images if column in image.change.new]
