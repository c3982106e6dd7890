"""The write-ahead log applied row by row: the state of every row before and after each committed change."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property, lru_cache
from typing import Literal, NamedTuple

from simulation.checks.evidence.keys import Keys
from simulation.events import Change, Row, Transaction


class RowChange(NamedTuple):
    """One change, with the row before and after it. ``row_id`` is empty for tables without an ``id`` column.

    A named tuple, not a dataclass: there are thousands in a run, and creating one takes a third of the time.
    """

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

    An update's new row may lack unchanged columns (PostgreSQL does not log out-of-line values again), so it is merged
    with the row known before. A table's changes are applied when it is first asked for.
    """

    def __init__(self, transactions: Iterable[Transaction]) -> None:
        self.transactions: Sequence[Transaction] = sorted(transactions, key=lambda transaction: transaction.xid)
        self._logged: dict[str, list[_Logged]] = {}
        for transaction in self.transactions:
            for change in transaction.changes:
                self._logged.setdefault(change.table, []).append((transaction, change))
        self._tables: dict[str, _Table] = {}

    def with_transactions(self, others: Mapping[int, Transaction]) -> WriteAheadLog:
        """The same log with some transactions replaced, by number (``xid``); tables they do not touch are shared."""
        log = object.__new__(type(self))
        log.transactions = [others.get(transaction.xid, transaction) for transaction in self.transactions]
        old = [transaction for transaction in self.transactions if transaction.xid in others]
        concerned = {change.table for transaction in (*old, *others.values()) for change in transaction.changes}
        log._logged = {**self._logged, **{table: self._with(others, table) for table in sorted(concerned)}}
        log._tables = {table: known for table, known in self._tables.items() if table not in concerned}
        return log

    def _with(self, others: Mapping[int, Transaction], table: str) -> list[_Logged]:
        kept = [item for item in self._logged.get(table, ()) if item[0].xid not in others]
        new = [(other, change) for other in others.values() for change in other.changes if change.table == table]
        return sorted([*kept, *new], key=lambda item: item[0].xid)

    def fold(self) -> None:
        """Apply the changes of every table now, so that logs made from this one share the result."""
        for table in self._logged:
            self._table(table)

    @cached_property
    def changes(self) -> Sequence[RowChange]:
        """All changes, in order."""
        return [change for changes in self._by_transaction.values() for change in changes]

    def touching(self, tables: Collection[str]) -> Sequence[Transaction]:
        """Transactions that changed one of these tables, in order."""
        found = {transaction.xid: transaction for table in tables for transaction, _ in self._logged.get(table, ())}
        return [found[xid] for xid in sorted(found)]

    @property
    def size(self) -> int:
        """How many changes there are."""
        return sum(map(len, self._logged.values()))

    def of(self, table: str) -> Sequence[RowChange]:
        """Changes of one table, in order."""
        return self._table(table).changes

    def changes_of(self, transaction: Transaction) -> Sequence[RowChange]:
        """Changes of one transaction, in order."""
        return self._by_transaction.get(transaction.xid, ())

    def rows(self, table: str) -> Mapping[str, Row]:
        """The table's rows after the last change, by ``id``."""
        return self._table(table).rows

    def spans(self) -> Iterator[tuple[str, str, datetime, datetime]]:
        """Each column (table, name) that ever held an instant, with the earliest and the latest that it held."""
        for table in self._logged:
            for column, (first, last) in self._table(table).spans.items():
                yield table, column, first, last

    def table_with_ids(self, ids: Iterable[str]) -> str | None:
        """The table that has rows with these ids: finds a canonical relation's table without knowing its name."""
        wanted = set(ids)
        held = {table: len(wanted & self._table(table).ids) for table in self._logged}
        best = max(held, key=lambda table: held[table], default=None)
        return best if best is not None and held[best] else None

    def _table(self, name: str) -> _Table:
        if name not in self._tables:
            self._tables[name] = _folded(name, self._logged.get(name, ()))
        return self._tables[name]

    @cached_property
    def _by_transaction(self) -> Mapping[int, Sequence[RowChange]]:
        folded = {table: iter(self._table(table).changes) for table in self._logged}
        return {
            transaction.xid: [next(folded[change.table]) for change in transaction.changes]
            for transaction in self.transactions
        }


_Logged = tuple[Transaction, Change]


@dataclass(kw_only=True)
class _Table:
    """A table's changes, its rows after them, and all ids that its rows ever had."""

    changes: list[RowChange] = field(default_factory=list)
    rows: dict[str, Row] = field(default_factory=dict)
    ids: set[str] = field(default_factory=set)

    @cached_property
    def spans(self) -> Mapping[str, tuple[datetime, datetime]]:
        """Column → the earliest and the latest instant that it ever held."""
        rows = [change.after for change in self.changes if change.after is not None]
        columns = {column for keys in {tuple(row) for row in rows} for column in keys}
        texts = {column: {text for row in rows if type(text := row.get(column)) is str} for column in columns}
        held = {column: [at for at in map(as_instant, values) if at is not None] for column, values in texts.items()}
        return {column: (min(instants), max(instants)) for column, instants in held.items() if instants}


def _folded(name: str, logged: Iterable[_Logged]) -> _Table:
    table = _Table()
    rows = table.rows
    for transaction, change in logged:
        new, op = change.new, change.op
        row_id = str(new.get("id", change.key.get("id", "")) or "")
        before = rows.pop(str(change.key.get("id", row_id) or ""), None) if row_id else None
        after: Row | None = None
        if op in ("insert", "update"):
            after = new if before is None or before.keys() <= new.keys() else {**before, **new}
        elif op == "truncate":
            rows.clear()
        if after is not None and row_id:
            rows[row_id] = after
        table.changes.append(RowChange(transaction, name, op, row_id, before, after))
        table.ids.add(row_id)
    return table


def as_instant(value: object) -> datetime | None:
    """A database timestamp as aware UTC; None for any other value, also for a JSON document."""
    if not isinstance(value, str) or len(value) < 19 or value[4] != "-" or value[10] not in " T":
        return None
    return _parsed(value)


def whole_second(moment: datetime) -> datetime:
    """What of a moment a platform can be held to: simulated time has whole seconds, and within one the clock of a
    backend goes on a little, so that its timers come due (``targets/process/stepper.py``)."""
    return moment.replace(microsecond=0)


@lru_cache(maxsize=65_536)
def _parsed(text: str) -> datetime | None:
    """Cached, because rows have few different times and many checks ask for each."""
    try:
        instant = datetime.fromisoformat(text)
        return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
