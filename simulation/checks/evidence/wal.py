"""The write-ahead log folded into rows: what every row was before and after each committed change."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Literal

from simulation.checks.evidence.keys import Keys
from simulation.events import Change, Row, Transaction


@dataclass(frozen=True, kw_only=True)
class RowChange:
    """One change with the row on both sides of it. ``row_id`` is empty for tables without an ``id`` column."""

    transaction: Transaction
    table: str
    op: Literal["insert", "update", "delete", "truncate"]
    row_id: str
    before: Row | None
    after: Row | None

    @property
    def keys(self) -> Keys:
        return Keys(table=self.table, row_id=self.row_id or None)


class WriteAheadLog:
    """All committed changes of a run in commit order.

    An update's new row may lack columns that did not change (Postgres leaves out-of-line values alone), so each is laid
    over what was known before.
    """

    def __init__(self, transactions: Iterable[Transaction]) -> None:
        self.transactions: Sequence[Transaction] = sorted(transactions, key=lambda transaction: transaction.xid)
        self._changes: list[RowChange] = []
        self._tables: dict[str, dict[str, Row]] = {}
        self._by_table: dict[str, list[RowChange]] = {}
        self._by_transaction: dict[int, list[RowChange]] = {}
        self._ids: dict[str, set[str]] = {}
        for transaction in self.transactions:
            for change in transaction.changes:
                self._fold(transaction, change)

    @property
    def changes(self) -> Sequence[RowChange]:
        """All changes, in order."""
        return self._changes

    def of(self, table: str) -> Sequence[RowChange]:
        """Changes of one table, in order."""
        return self._by_table.get(table, ())

    def changes_of(self, transaction: Transaction) -> Sequence[RowChange]:
        """Changes of one transaction, in order."""
        return self._by_transaction.get(transaction.xid, ())

    def rows(self, table: str) -> Mapping[str, Row]:
        """The table as the log leaves it, by ``id``."""
        return self._tables.get(table, {})

    def table_with_ids(self, ids: Iterable[str]) -> str | None:
        """The table whose rows carry these ids: how a canonical relation is found without knowing its name."""
        wanted = set(ids)
        held = {table: len(wanted & known) for table, known in self._ids.items()}
        best = max(held, key=lambda table: held[table], default=None)
        return best if best is not None and held[best] else None

    def _fold(self, transaction: Transaction, change: Change) -> None:
        rows = self._tables.setdefault(change.table, {})
        row_id = str(change.new.get("id", change.key.get("id", "")) or "")
        old_id = str(change.key.get("id", row_id) or "")
        before = rows.pop(old_id, None) if row_id else None
        after: Row | None = {**(before or {}), **change.new} if change.op in ("insert", "update") else None
        if change.op == "truncate":
            rows.clear()
        if after is not None and row_id:
            rows[row_id] = after
        folded = RowChange(
            transaction=transaction, table=change.table, op=change.op, row_id=row_id, before=before, after=after
        )
        self._changes.append(folded)
        self._by_table.setdefault(change.table, []).append(folded)
        self._by_transaction.setdefault(transaction.xid, []).append(folded)
        self._ids.setdefault(change.table, set()).add(row_id)


def instants_of(row: Row) -> Iterator[tuple[str, datetime]]:
    """Columns that hold a date with time; documents inside JSON columns speak for others and are left alone."""
    for column, value in row.items():
        instant = as_instant(value)
        if instant is not None:
            yield column, instant


def as_instant(value: object) -> datetime | None:
    """A database timestamp as aware UTC, or None for any other value."""
    if not isinstance(value, str) or len(value) < 19 or value[4:5] != "-" or value[10:11] not in (" ", "T"):
        return None
    try:
        instant = datetime.fromisoformat(value)
    except ValueError:
        return None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
