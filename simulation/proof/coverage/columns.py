"""Falsehoods about columns: what a row holds, from an image of it on, as long as the true value stays the same.

Both witnesses agree in the lie: the write-ahead log in all those images, and what the observer read at the end.
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
    """A value of one column as one image of a row has it. ``fresh``: this image put it there."""

    row: TableRow
    number: int
    value: JsonValue
    fresh: bool


def column_falsehoods(recorded: Recorded, draw: Draw) -> Iterator[Falsehood]:
    """By table, column, operation and kind; the operations are those by which the run's log has the column."""
    for rows in recorded.tables.values():
        for column in columns_of(rows):
            yield from _one_plain(list(_of_column(recorded, draw, rows, column)))


def _one_plain(falsehoods: Sequence[Falsehood]) -> Iterator[Falsehood]:
    """Mark the one that stands for the column where each column is given one."""
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
    """The false value in every image that had the true one without a break, and where the observer saw the last."""
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
