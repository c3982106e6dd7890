"""What each check looks at in a history, so that it need not look again where nothing of that changed.

A check is a function of what it reads. If it read nothing that a falsehood changes, it would read the same once more
and say the same. What it reads is noted while it judges the true history: classes of events, tables of the log,
canonical relations, and the ids that a table's rows have.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, TypeVar, overload

from pydantic import PrivateAttr

from simulation.checks.evidence.case import Case
from simulation.checks.evidence.wal import RowChange, WriteAheadLog
from simulation.events import Change, Event, Observation, Row, Transaction
from simulation.events.governance import Governance
from simulation.history import History
from simulation.proof.coverage.edits import Edits

Thing = tuple[str, str]
"""``("events", class)``, ``("table", name)``, ``("ids", table)`` or ``("relation", name)``."""

_E = TypeVar("_E", bound=Event)
_STAMPS = frozenset({"kind", "seq", "at", "cause", "xid", "model_post_init"})
"""What no falsehood changes of a transaction."""


def things_changed(history: History, edits: Edits) -> frozenset[Thing]:
    """What a check must have read for the edits to concern it."""
    things: set[Thing] = set()
    for position, new in edits.items():
        old = history.events[position]
        if isinstance(old, Transaction) and isinstance(new, Transaction):
            for table in {change.table for change in (*old.changes, *new.changes)}:
                things.update(_of_table(table, _changes(old, table), _changes(new, table)))
        else:
            things.add(_name(old))
    return frozenset(things)


def _of_table(table: str, old: Sequence[Change], new: Sequence[Change]) -> Iterator[Thing]:
    if old != new:
        yield "table", table
    if [_ids(change) for change in old] != [_ids(change) for change in new]:
        yield "ids", table


def _changes(transaction: Transaction, table: str) -> list[Change]:
    return [change for change in transaction.changes if change.table == table]


def _ids(change: Change) -> tuple[object, object]:
    return change.new.get("id"), change.key.get("id")


def _name(event: Event) -> Thing:
    """What an event is part of, as a whole."""
    if isinstance(event, Observation):
        return "relation", event.relation
    return "events", type(event).__name__


class Notes:
    """Gathers what is read while a check looks."""

    def __init__(self) -> None:
        self._things: set[Thing] = set()

    def add(self, things: Iterable[Thing]) -> None:
        self._things.update(things)

    def take(self) -> frozenset[Thing]:
        """All since the last time."""
        taken, self._things = frozenset(self._things), set()
        return taken


class WatchedHistory(History):
    """A history that notes what is read of it. Its transactions note by themselves who looks into them."""

    def __init__(self, history: History, notes: Notes) -> None:
        watched = [_watched(event, notes) if isinstance(event, Transaction) else event for event in history.events]
        super().__init__(watched)
        self._notes = notes
        self._all = self.events
        self.log = WriteAheadLog(event for event in watched if isinstance(event, Transaction))
        self.events = _WatchedEvents(self._all, notes)
        notes.take()

    def of(self, kind: type[_E]) -> Sequence[_E]:
        found: list[_E] = [event for event in self._all if isinstance(event, kind)]
        self._notes.add(_name(event) for event in found if not isinstance(event, Transaction))
        self._notes.add([("events", kind.__name__)])
        return found

    def rows(self, relation: str) -> Sequence[Row] | None:
        self._notes.add([("relation", relation)])
        found = [event for event in self._all if isinstance(event, Observation) and event.relation == relation]
        return found[-1].rows if found else None

    def case(self, governance: Governance) -> Case:
        """Laid open for one check."""
        return _WatchedCase(self, governance, WatchedLog(self.log, self._notes))


class _WatchedCase(Case):
    def __init__(self, history: WatchedHistory, governance: Governance, log: WriteAheadLog) -> None:
        super().__init__(history, governance)
        self._log = log

    @cached_property
    def wal(self) -> WriteAheadLog:
        return self._log if self._log.transactions else super().wal


class WatchedLog(WriteAheadLog):
    """A log that notes which tables are read of it."""

    def __init__(self, log: WriteAheadLog, notes: Notes) -> None:
        super().__init__(())
        self.transactions = log.transactions
        self._log, self._notes = log, notes

    @cached_property
    def changes(self) -> Sequence[RowChange]:
        self._note(change.table for change in self._log.changes)
        return self._log.changes

    def of(self, table: str) -> Sequence[RowChange]:
        self._note([table])
        return self._log.of(table)

    def changes_of(self, transaction: Transaction) -> Sequence[RowChange]:
        found = self._log.changes_of(transaction)
        self._note(change.table for change in found)
        return found

    def rows(self, table: str) -> Mapping[str, Row]:
        self._note([table])
        return self._log.rows(table)

    def table_with_ids(self, ids: Iterable[str]) -> str | None:
        self._notes.add(("ids", change.table) for change in self._log.changes)
        return self._log.table_with_ids(ids)

    def _note(self, tables: Iterable[str]) -> None:
        self._notes.add(("table", table) for table in tables)


class _WatchedEvents(Sequence[Event]):
    """Events in order; one that is taken out is noted by itself."""

    def __init__(self, events: Sequence[Event], notes: Notes) -> None:
        self._events, self._notes = events, notes

    def __len__(self) -> int:
        return len(self._events)

    @overload
    def __getitem__(self, index: int) -> Event: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[Event]: ...

    def __getitem__(self, index: int | slice) -> Event | Sequence[Event]:
        found = self._events[index]
        self._notes.add(
            _name(event)
            for event in ([found] if isinstance(found, Event) else found)
            if not isinstance(event, Transaction)
        )
        return found


class _WatchedTransaction(Transaction):
    """A transaction that notes its tables when anything but its stamps is read."""

    _notes: Notes = PrivateAttr()
    _tables: frozenset[Thing] = PrivateAttr()

    def __getattribute__(self, name: str) -> Any:
        if not name.startswith("_") and name not in _STAMPS:
            self._look()
        return super().__getattribute__(name)

    def __eq__(self, other: object) -> bool:
        self._look()
        return super().__eq__(other)

    def __hash__(self) -> int:
        self._look()
        return hash((self.xid, self.seq))

    def _look(self) -> None:
        self._notes.add(self._tables)


def _watched(transaction: Transaction, notes: Notes) -> _WatchedTransaction:
    watched = _WatchedTransaction.model_construct(**{name: getattr(transaction, name) for name in _FIELDS})
    watched._notes = notes
    watched._tables = frozenset(("table", change.table) for change in transaction.changes)
    return watched


_FIELDS = tuple(Transaction.model_fields)
