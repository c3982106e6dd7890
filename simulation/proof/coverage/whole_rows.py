"""Falsehoods about whole rows: a row that was never written, or written a second time under another id."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from uuid import UUID

from pydantic import JsonValue

from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.edits import Editor, Edits
from simulation.proof.coverage.falsehood import Falsehood
from simulation.proof.coverage.recorded import Recorded
from simulation.proof.coverage.rows import TableRow, values_of

_LEFT_OUT, _TWICE = "left out", "written twice"


def row_falsehoods(recorded: Recorded, draw: Draw) -> Iterator[Falsehood]:
    """Falsehoods by table, only for rows whose insert is in the log."""
    for table, rows in recorded.tables.items():
        written = [row for row in rows if row.images[0].change.op == "insert"]
        for row in draw.of(written, table, _LEFT_OUT):
            yield _falsehood(row, _LEFT_OUT, _left_out(recorded, row))
        for row in draw.of(written, table, _TWICE):
            yield _falsehood(row, _TWICE, _twice(recorded, row, _new_key(row, rows, draw)))


def _falsehood(row: TableRow, kind: str, edits: Edits) -> Falsehood:
    return Falsehood(area="row", subject=row.table, fact="(row)", kind=kind, where=row.key, edits=edits)


def _left_out(recorded: Recorded, row: TableRow) -> Edits:
    editor = Editor(events=recorded.events)
    for image in row.images:
        editor.remove_change(image.position, image.number)
    for seen in recorded.places.get((row.table, row.key), ()):
        editor.remove_observed(seen.position, seen.number)
    return editor.edits()


def _twice(recorded: Recorded, row: TableRow, key: JsonValue) -> Edits:
    """Edits that insert the row again in the same transaction, and show the copy to the observer as first written."""
    editor, first = Editor(events=recorded.events), row.images[0]
    other = {} if row.key_column is None else {row.key_column: key}
    again = {**first.change.new, **other}
    editor.add_change(first.position, first.change.model_copy(update={"new": again}))
    for seen in recorded.places.get((row.table, row.key), ()):
        observed = editor.observed(seen.position)[seen.number]
        own = {name: again[column] for column, name in seen.names.items() if column in again}
        editor.add_observed(seen.position, {**observed, **own})
    return editor.edits()


def _new_key(row: TableRow, rows: Sequence[TableRow], draw: Draw) -> JsonValue:
    """A new key: the largest number plus one, or a random UUID; None when the table has no key column."""
    if row.key_column is None:
        return None
    numbers = [value for value in values_of(rows, row.key_column) if isinstance(value, int)]
    if numbers:
        return max(numbers) + 1
    return str(UUID(int=draw.chance(row.table, _TWICE, row.key).getrandbits(128), version=4))
