"""What each check looks at in a history, so that it need not look again where nothing of that changed.

A check is a function of what it reads. If it read nothing that a falsehood changes, it would read the same once more
and say the same. What it reads is noted while it judges the true history: fields of events, tables of the log, the ids
of a table's rows, canonical relations.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar, cast

from simulation.checks.evidence.case import Case
from simulation.checks.evidence.wal import RowChange, WriteAheadLog
from simulation.events import Change, Event, Observation, Row, Transaction
from simulation.events.governance import Governance
from simulation.history import History
from simulation.proof.coverage.edits import Edits

Thing = tuple[str, str]
"""``("table", name)``; more closely ``("ids", table)``, ``("rows", table)`` and ``("column", "table.name")``;
``("relation", name)``; a field of an event, ``("Exchange.status", seq)``."""

_E = TypeVar("_E", bound=Event)
_T = TypeVar("_T")
_STAMPS = frozenset({"kind", "seq", "at", "cause", "xid"})
"""What no falsehood changes."""


def things_changed(history: History, edits: Edits) -> frozenset[Thing]:
    """What a check must have read for the edits to concern it."""
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
    """Gathers what is read while a check looks."""

    def __init__(self) -> None:
        self._things: set[Thing] = set()
        self.turn = 0
        """Counts up whenever they are taken."""

    def add(self, things: Iterable[Thing]) -> None:
        self._things.update(things)

    def take(self) -> frozenset[Thing]:
        """All since the last time."""
        taken, self._things = frozenset(self._things), set()
        self.turn += 1
        return taken


class WatchedHistory(History):
    """A history whose events note what is read of them."""

    def __init__(self, history: History, notes: Notes) -> None:
        super().__init__(cast(Event, _WatchedEvent(event, notes)) for event in history.events)
        self._of = {kind: list[Event]() for kind in map(type, history.events)}
        for true, event in zip(history.events, self.events, strict=True):
            self._of[type(true)].append(event)
        self._notes = notes
        self._log = WriteAheadLog(self.of(Transaction))
        self._log.fold()
        notes.take()

    def of(self, kind: type[_E]) -> Sequence[_E]:
        return cast(Sequence[_E], self._of.get(kind, ()))

    def case(self, governance: Governance) -> WatchedCase:
        """Laid open for one check."""
        return WatchedCase(self, governance, _WatchedLog(self._log, self._notes), self._notes)


class _WatchedEvent:
    """Stands for an event, of whose class it says that it is, and notes what is read of it."""

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
        """Noted once a turn: fields are read again and again."""
        if self._noted.get(name) != self._notes.turn:
            self._noted[name] = self._notes.turn
            self._notes.add(self._things(name))

    def _things(self, name: str) -> Iterable[Thing]:
        """What of the history one sees by an attribute; a method may look at every field."""
        event = self._event
        if name in _STAMPS:
            return ()
        if isinstance(event, Transaction):
            return (("table", change.table) for change in event.changes)
        if isinstance(event, Observation):
            return () if name == "relation" else (("relation", event.relation),)
        return _fields(event, [name] if name in type(event).model_fields else type(event).model_fields)


class WatchedCase(Case):
    """A case of which every reading is noted."""

    def __init__(self, history: WatchedHistory, governance: Governance, log: WriteAheadLog, notes: Notes) -> None:
        super().__init__(history, governance)
        self._log, self._notes = log, notes
        self._given: dict[object, frozenset[Thing]] = {}

    def give(self, find: Callable[[Case], _T], found: _T, things: frozenset[Thing]) -> None:
        """What a function would find, which looked at these things for it: it need not look again."""
        self._remembered[find], self._given[find] = found, things

    def remembered(self, find: Callable[[Case], _T]) -> _T:
        self._notes.add(self._given.get(find, ()))
        return super().remembered(find)

    @cached_property
    def wal(self) -> WriteAheadLog:
        return self._log if self._log.transactions else super().wal


class _WatchedLog(WriteAheadLog):
    """A log that notes which tables are read of it."""

    def __init__(self, log: WriteAheadLog, notes: Notes) -> None:
        super().__init__(())
        self.transactions = log.transactions
        self._whole, self._notes = log, notes

    @cached_property
    def changes(self) -> Sequence[RowChange]:
        self._note(change.table for change in self._whole.changes)
        return self._whole.changes

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
