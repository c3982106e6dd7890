"""The rows of a run by the write-ahead log: every image of each, and where in the history it stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from simulation.events import Change, Event, Row, Transaction


@dataclass(frozen=True, kw_only=True)
class Image:
    """A row as one committed change left it; ``values`` None: the change deleted it."""

    position: int
    """Of the transaction among the history's events."""
    number: int
    """Of the change within the transaction, from 0."""
    change: Change
    values: Row | None


@dataclass(kw_only=True)
class TableRow:
    """All images of one row, in order."""

    table: str
    key_column: str | None
    """None: nothing tells the table's rows apart."""
    key: str
    images: list[Image] = field(default_factory=list)

    @property
    def last(self) -> Row | None:
        """What the log leaves of it."""
        return self.images[-1].values

    def wrote(self, number: int, column: str) -> bool:
        """Whether the image put another value into the column than the one before it had."""
        before = self.images[number - 1].values if number else None
        return before is None or before.get(column) != (self.images[number].values or {}).get(column)


Tables = Mapping[str, Sequence[TableRow]]


def tables_of(events: Sequence[Event]) -> Tables:
    """Every row that the log speaks of, by table; tables by name, rows by their first appearance."""
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
    """What the row was called before a change and is called after it; ``otherwise``: a row without a name."""
    if key is None:
        return otherwise, otherwise
    name = str(change.new.get(key, change.key.get(key, otherwise)))
    return str(change.key.get(key, name)), name


def _key_column(changes: Sequence[Change]) -> str | None:
    """The column that tells the table's rows apart: ``id``, else one whose values come with inserts only, once each.

    None: there is none, and each row has one image.
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
    """The columns that the log has of a table, by name."""
    return sorted({column for row in rows for image in row.images for column in image.change.new})


def values_of(rows: Sequence[TableRow], column: str) -> list[JsonValue]:
    """Every value that the log has of a column, in all images."""
    return [image.change.new[column] for row in rows for image in row.images if column in image.change.new]
