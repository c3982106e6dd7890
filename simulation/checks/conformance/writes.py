"""The write-ahead log in the contract's terms: each row change with the declared write that it is."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import JsonValue

from simulation.contract.document import Contract, Write
from simulation.events import Change, Row, Transaction
from simulation.events.governance import Governance

Key = tuple[JsonValue, ...]
_ID = ("id",)


class RowWrite(NamedTuple):
    """One change of one row. ``write``: the declared write that it is, None if the contract declares none for it."""

    transaction: Transaction
    table: str
    op: str
    key: Key
    row: Row
    old: Row | None
    write: Write | None

    @property
    def is_whole(self) -> bool:
        """Whether all columns of the row are known. Of rows that the schema itself inserted, only logged ones are."""
        return self.op == "insert" or self.old is not None


@dataclass
class Tables:
    """All rows of all tables as of the last transaction applied."""

    keys: Mapping[str, tuple[str, ...]]
    rows: dict[str, dict[Key, Row]] = field(default_factory=lambda: defaultdict(dict))
    _found: dict[str, dict[tuple[str, ...], dict[Key, dict[Key, Row]]]] = field(default_factory=dict)

    def key_of(self, table: str, row: Row) -> Key:
        return tuple([row.get(column) for column in self.keys.get(table, _ID)])

    def put(self, table: str, key: Key, row: Row | None) -> None:
        """Insert or replace a row; None removes it."""
        old = self.rows[table].pop(key, None)
        if row is not None:
            self.rows[table][key] = row
        for columns, index in self._found.get(table, {}).items():
            if old is not None:
                index[_values(old, columns)].pop(key, None)
            if row is not None:
                index[_values(row, columns)][key] = row

    def clear(self, table: str) -> None:
        """Remove all rows of a table."""
        for key in list(self.rows[table]):
            self.put(table, key, None)

    def apply(self, change: Change) -> tuple[Key, Row, Row | None]:
        """Apply one change of the write-ahead log; the row's key and values after it, and its values before it."""
        if change.op == "truncate":
            self.clear(change.table)
        known = change.new if change.op == "insert" or not change.key else {**change.new, **change.key}
        key = self.key_of(change.table, known)
        old = self.rows[change.table].get(key)
        row: Row = {**(old or {}), **change.new}
        new_key = self.key_of(change.table, row)
        if new_key != key:
            self.put(change.table, key, None)
        self.put(change.table, new_key, None if change.op in ("delete", "truncate") else row)
        return new_key, row, old

    def where(self, table: str, values: Mapping[str, JsonValue]) -> Sequence[Row]:
        """The rows that have these values, in the order in which they got them."""
        columns, known = tuple(values), self._found.setdefault(table, {})
        if columns not in known:
            index: dict[Key, dict[Key, Row]] = defaultdict(dict)
            for key, row in self.rows[table].items():
                index[_values(row, columns)][key] = row
            known[columns] = index
        return list(known[columns].get(tuple(map(_hashable, values.values())), {}).values())


def _values(row: Row, columns: tuple[str, ...]) -> Key:
    return tuple(_hashable(row.get(column)) for column in columns)


def _hashable(value: JsonValue) -> JsonValue:
    return str(value) if isinstance(value, (dict, list)) else value


def read_writes(
    transactions: Sequence[Transaction],
    contract: Contract,
    governance: Governance,
    tables: Tables,
    *,
    known: Collection[str] | None = None,
    judged: Collection[str] | None = None,
    since: int = 0,
) -> Iterator[tuple[Transaction, list[RowWrite]]]:
    """Each transaction with its changes. When one is yielded, ``tables`` has the state after it.

    :param known: the only tables whose changes are read.
    :param judged: the only tables for whose changes the declared write is looked up; a transaction that touches none
        of them is applied and not yielded.
    :param since: the number of the first transaction that is yielded; those before it are applied.
    """
    declared: _Declared = {
        (name, op): _Choice([write for write in table.writes if write.op == op])
        for name, table in contract.tables.items()
        for op in _OPERATIONS
        if judged is None or name in judged
    }
    for transaction in transactions:
        touched = frozenset([change.table for change in transaction.changes])
        if known is not None and touched.isdisjoint(known):
            continue
        if transaction.xid < since or (judged is not None and touched.isdisjoint(judged)):
            for change in transaction.changes:
                if known is None or change.table in known:
                    tables.apply(change)
            continue
        actions = _actions(transaction, governance)
        yield (
            transaction,
            [
                _applied(transaction, change, tables, declared, actions, touched)
                for change in transaction.changes
                if known is None or change.table in known
            ],
        )


_OPERATIONS = ("insert", "update", "delete")


class _Choice:
    """The writes of one operation of a table, each with the actions that it may come with.

    Most tables tell their writes apart by one column; only those that fit its value are tried, for speed.
    """

    def __init__(self, writes: Sequence[Write]) -> None:
        self._all = [(write, frozenset(write.actions)) for write in writes]
        named = Counter(column for write in writes for column in write.when)
        self._column = max(named, key=lambda column: (named[column], column), default=None)
        self._by_value: dict[Any, Sequence[tuple[Write, frozenset[str]]]] = {}

    def of(self, row: Row) -> Sequence[tuple[Write, frozenset[str]]]:
        """Those that a row may be, in the order in which they are declared."""
        value = None if self._column is None else row.get(self._column)
        if self._column is None or isinstance(value, (dict, list)):
            return self._all
        if value not in self._by_value:
            self._by_value[value] = [
                each
                for each in self._all
                if self._column not in (when := each[0].when) or _is(value, when[self._column])
            ]
        return self._by_value[value]


_NONE = _Choice(())
_Declared = Mapping[tuple[str, str], _Choice]


def _actions(transaction: Transaction, governance: Governance) -> frozenset[str]:
    column = governance.audit_columns.get("action")
    if column is None:
        return frozenset()
    return frozenset(
        str(change.new.get(column)) for change in transaction.changes if change.table == governance.audit_table
    )


def _applied(
    transaction: Transaction,
    change: Change,
    tables: Tables,
    declared: _Declared,
    actions: frozenset[str],
    touched: frozenset[str],
) -> RowWrite:
    new_key, row, old = tables.apply(change)
    found = None
    for write, any_of in declared.get((change.table, change.op), _NONE).of(row):  # a loop for speed, as in _has
        if (
            not (any_of and actions.isdisjoint(any_of))
            and not (write.when and not _has(row, write.when))
            and not (write.before and not _has(old or {}, write.before))
            and not (write.touching and any((table in touched) is not it for table, it in write.touching.items()))
        ):
            found = write
            break
    return RowWrite(
        transaction=transaction, table=change.table, op=change.op, key=new_key, row=row, old=old, write=found
    )


def _has(row: Row, values: Mapping[str, Any]) -> bool:
    """Whether the row has these values; a list in ``values`` means any one of its items."""
    for column, value in values.items():  # a loop for speed: called for each change with every write of its table
        if row.get(column) not in value if isinstance(value, list) else row.get(column) != value:
            return False
    return True


def _is(actual: JsonValue, wanted: Any) -> bool:
    return actual in wanted if isinstance(wanted, list) else actual == wanted
