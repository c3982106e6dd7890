"""Falsehoods about columns: a row gets a false value in one image, and in the next ones with the same true value.

Both witnesses are changed alike: the write-ahead log in all those images, and the observer's last reading.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from pydantic import JsonValue

from simulation.proof.coverage.documents import KEY_DROPPED, false_documents
from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.edits import Editor, Edits
from simulation.proof.coverage.falsehood import Falsehood
from simulation.proof.coverage.observed import same
from simulation.proof.coverage.recorded import Recorded
from simulation.proof.coverage.rows import TableRow, columns_of, values_of
from simulation.proof.coverage.values import KINDS, Values, sort_of

_OPERATIONS = ("insert", "update")
_PLAINEST = (KEY_DROPPED, *(kind.name for kind in KINDS))


@dataclass(frozen=True, kw_only=True)
class _Written:
    """The value of one column in one image of a row. ``fresh``: this image set or changed it."""

    row: TableRow
    number: int
    value: JsonValue
    fresh: bool


def column_falsehoods(recorded: Recorded, draw: Draw) -> Iterator[Falsehood]:
    """Falsehoods by table, column, operation (insert or update) and kind, for columns in the write-ahead log."""
    for rows in recorded.tables.values():
        for column in columns_of(rows):
            yield from _one_plain(list(_of_column(recorded, draw, rows, column)))


def _one_plain(falsehoods: Sequence[Falsehood]) -> Iterator[Falsehood]:
    """Mark as ``plain`` the one falsehood that counts for the column when each column gets only one."""
    plain = min(falsehoods, key=lambda item: _PLAINEST.index(item.kind) if item.kind in _PLAINEST else len(_PLAINEST))
    return (replace(item, plain=item is plain) for item in falsehoods)


def _of_column(recorded: Recorded, draw: Draw, rows: Sequence[TableRow], column: str) -> Iterator[Falsehood]:
    values, table = Values.of(values_of(rows, column)), rows[0].table
    for operation in _OPERATIONS:
        written = list(_written(rows, column, operation))
        for kind in KINDS:
            names = (table, column, operation, kind.name)
            fitting = [item for item in written if kind.fits(item.value, values)]
            for item in draw.of([item for item in fitting if item.fresh] or fitting, *names):
                false = kind.tell(item.value, values, draw.chance(*names, item.row.key))
                yield _falsehood(recorded, item, column, "", operation, kind.name, false)
        documents = [(item, item.value) for item in written if item.value and sort_of(item.value) == "document"]
        for told in false_documents(documents, draw, table, column, operation, every_kind=False):
            yield _falsehood(recorded, told.owner, column, told.place, operation, told.kind, told.document)


def _written(rows: Sequence[TableRow], column: str, operation: str) -> Iterator[_Written]:
    for row in rows:
        for number, image in enumerate(row.images):
            if image.change.op == operation and column in image.change.new:
                yield _Written(row=row, number=number, value=image.change.new[column], fresh=row.wrote(number, column))


def _falsehood(
    recorded: Recorded, item: _Written, column: str, place: str, operation: str, kind: str, false: JsonValue
) -> Falsehood:
    return Falsehood(
        area="table",
        subject=item.row.table,
        operation=operation,
        column=column,
        fact=column + place,
        kind=kind,
        where=item.row.key,
        free=recorded.free(item.row.table, item.row.images[item.number], column, place),
        edits=_told(recorded, item, column, false),
    )


def _told(recorded: Recorded, item: _Written, column: str, false: JsonValue) -> Edits:
    """Edits that put the false value into this image and the following ones as long as they have the true value.

    If that reaches the last image, the rows in which the observer saw it are changed too.
    """
    editor = Editor(events=recorded.events)
    for image in item.row.images[item.number :]:
        if image.values is None or image.values.get(column) != item.value:
            break
        if column in image.change.new:
            editor.set_column(image.position, image.number, column, false)
    else:
        for seen in recorded.places.get((item.row.table, item.row.key), ()):
            name = seen.names.get(column)
            row = editor.observed(seen.position)[seen.number]
            if name in row and same(row[name], item.value):
                editor.set_observed(seen.position, seen.number, name, false)
    return editor.edits()
