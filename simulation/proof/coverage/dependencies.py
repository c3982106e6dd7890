"""Notes what each check reads of a history, so that it is not run again when a falsehood changes nothing of that.

A check's result depends only on what it reads. What it reads is noted while it judges the true history: fields of
events, tables of the write-ahead log, ids of a table's rows, canonical relations.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from simulation.checks.evidence.case import Case
from simulation.checks.evidence.wal import RowChange, WriteAheadLog
from simulation.events import Change, Event, Observation, Row, Transaction
from simulation.history import History
from simulation.proof.coverage.edits import Edits

Thing = tuple[str, str]
"""A part of a history that can be read: ``("table", name)``, or more narrowly ``("ids", table)``, ``("rows", table)``
and ``("column", "table.name")``; ``("relation", name)``; a field of an event, ``("Exchange.status", seq)``."""

_E = TypeVar("_E", bound=Event)
_T = TypeVar("_T")
_STAMPS = frozenset({"kind", "seq", "at", "cause", "xid"})
"""Fields that no falsehood changes."""


def things_changed(history: History, edits: Edits) -> frozenset[Thing]:
    """The parts of the history that the edits change; only checks that read one of them are affected."""
    things: set[Thing] = set()
    for position, new in edits.items():
        old = history.events[position]
        if isinstance(old, Transaction) and isinstance(new, Transaction):
            for table in {change.table for change in (*old.changes, *new.changes)}:
                things.update(_of_table(table, _changes(old, table), _changes(new, table)))
        elif isinstance(old, Observation):
            things.add(("relation", old.relation))
        else:
            differing = (name for name in type(old).model_fields if getattr(old, name) != getattr(new, name))
            things.update(_fields(old, differing))
    return frozenset(things)


def _of_table(table: str, old: Sequence[Change], new: Sequence[Change]) -> Iterator[Thing]:
    if old != new:
        yield "table", table
    if [_ids(change) for change in old] != [_ids(change) for change in new]:
        yield "ids", table
    if len(old) != len(new):
        yield "rows", table
        return
    for one, other in zip(old, new, strict=True):
        for before, after in ((one.new, other.new), (one.key, other.key)):
            yield from (("column", f"{table}.{name}") for name in before if before[name] != after[name])


def _changes(transaction: Transaction, table: str) -> list[Change]:
    return [change for change in transaction.changes if change.table == table]


def _ids(change: Change) -> tuple[object, object]:
    return change.new.get("id"), change.key.get("id")


def _fields(event: Event, names: Iterable[str]) -> Iterator[Thing]:
    return ((f"{type(event).__name__}.{name}", str(event.seq)) for name in names)


class Notes:
    """Collects what a check reads."""

    def __init__(self) -> None:
        self._things: set[Thing] = set()
        self.turn = 0
        """Incremented by each ``take``."""

    def add(self, things: Iterable[Thing]) -> None:
        self._things.update(things)

    def take(self) -> frozenset[Thing]:
        """Return and clear what was noted since the last call."""
        taken, self._things = frozenset(self._things), set()
        self.turn += 1
        return taken


class WatchedHistory(History):
    """A history that notes what is read of its events."""

    def __init__(self, history: History, notes: Notes) -> None:
        super().__init__(cast(Event, _WatchedEvent(event, notes)) for event in history.events)
        self._of = {kind: list[Event]() for kind in map(type, history.events)}
        for true, event in zip(history.events, self.events, strict=True):
            self._of[type(true)].append(event)
        self._notes = notes
        self._log = WriteAheadLog(self.of(Transaction))
        self._log.fold()
        _ = self._log.changes  # made now: whoever asked for it first would be noted as having read every table
        notes.take()

    def of(self, kind: type[_E]) -> Sequence[_E]:
        return cast(Sequence[_E], self._of.get(kind, ()))

    def case(self, true: Case) -> WatchedCase:
        """A case of this history, for one check. No falsehood changes governance and contract, which are ``true``'s."""
        return WatchedCase(self, true, _WatchedLog(self._log, self._notes), self._notes)


class _WatchedEvent:
    """A proxy of an event that notes what is read of it; ``isinstance`` takes it for the event's class."""

    __slots__ = ("_event", "_noted", "_notes")

    def __init__(self, event: Event, notes: Notes) -> None:
        self._event, self._notes = event, notes
        self._noted: dict[str, int] = {}

    if not TYPE_CHECKING:

        @property
        def __class__(self) -> type[Event]:
            return type(self._event)

    def __getattr__(self, name: str) -> Any:
        self._look(name)
        return getattr(self._event, name)

    def __eq__(self, other: object) -> bool:
        self._look("")
        return self._event == (other._event if type(other) is _WatchedEvent else other)

    def __hash__(self) -> int:
        return hash((type(self._event), self._event.seq))

    def _look(self, name: str) -> None:
        """Note a read only once for each turn, since fields are read often."""
        if self._noted.get(name) != self._notes.turn:
            self._noted[name] = self._notes.turn
            self._notes.add(self._things(name))

    def _things(self, name: str) -> Iterable[Thing]:
        """The parts of the history that reading an attribute reveals; a method may read every field."""
        event = self._event
        if name in _STAMPS:
            return ()
        if isinstance(event, Transaction):
            return (("table", change.table) for change in event.changes)
        if isinstance(event, Observation):
            return () if name == "relation" else (("relation", event.relation),)
        return _fields(event, [name] if name in type(event).model_fields else type(event).model_fields)


class WatchedCase(Case):
    """A case that notes everything that is read of it."""

    def __init__(self, history: WatchedHistory, true: Case, log: WriteAheadLog, notes: Notes) -> None:
        super().__init__(history, true.governance, contract=true.contract)
        self._log, self._notes = log, notes
        self._given: dict[object, frozenset[Thing]] = {}

    def give(self, find: Callable[[Case], _T], found: _T, things: frozenset[Thing]) -> None:
        """Set the result of ``find`` in advance, with the things that it read, so that it is not called again."""
        self._remembered[find], self._given[find] = found, things

    def remembered(self, find: Callable[[Case], _T]) -> _T:
        self._notes.add(self._given.get(find, ()))
        return super().remembered(find)

    @cached_property
    def wal(self) -> WriteAheadLog:
        return self._log if self._log.transactions else super().wal


class _WatchedLog(WriteAheadLog):
    """A write-ahead log that notes which of its tables are read."""

    def __init__(self, log: WriteAheadLog, notes: Notes) -> None:
        super().__init__(())
        self.transactions = log.transactions
        self._whole, self._notes = log, notes

    @cached_property
    def changes(self) -> Sequence[RowChange]:
        self._note(change.table for change in self._whole.changes)
        return self._whole.changes

    def touching(self, tables: Collection[str]) -> Sequence[Transaction]:
        self._note(tables)
        return self._whole.touching(tables)

    @property
    def size(self) -> int:
        self._note(change.table for change in self._whole.changes)
        return self._whole.size

    def spans(self) -> Iterator[tuple[str, str, datetime, datetime]]:
        self._note(change.table for change in self._whole.changes)
        return self._whole.spans()

    def of(self, table: str) -> Sequence[RowChange]:
        self._note([table])
        return self._whole.of(table)

    def changes_of(self, transaction: Transaction) -> Sequence[RowChange]:
        found = self._whole.changes_of(transaction)
        self._note(change.table for change in found)
        return found

    def rows(self, table: str) -> Mapping[str, Row]:
        self._note([table])
        return self._whole.rows(table)

    def table_with_ids(self, ids: Iterable[str]) -> str | None:
        self._notes.add(("ids", change.table) for change in self._whole.changes)
        return self._whole.table_with_ids(ids)

    def _note(self, tables: Iterable[str]) -> None:
        self._notes.add(("table", table) for table in tables)
