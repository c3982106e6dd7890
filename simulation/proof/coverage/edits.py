"""Builds the replacement events that turn a history into one with a falsehood."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from simulation.events import Change, Event, Observation, Row, Transaction, WitnessSummary

Edits = Mapping[int, Event]
"""Position among the history's events → the event that replaces the one there."""


@dataclass(kw_only=True)
class Editor:
    """Collects the changes of one falsehood. The original events are not modified."""

    events: Sequence[Event]
    _edited: dict[int, Event] = field(default_factory=dict)
    _removed: set[tuple[int, int]] = field(default_factory=set)
    _added: list[tuple[int, Change]] = field(default_factory=list)

    def _at(self, position: int) -> Event:
        """The event at a position, with the changes so far."""
        return self._edited.get(position, self.events[position])

    def update(self, position: int, **fields: object) -> None:
        """Replace values of an event's fields."""
        self._edited[position] = self._at(position).model_copy(update=fields)

    def set_column(self, position: int, number: int, column: str, value: JsonValue) -> None:
        """Replace the value of a column in a change of the write-ahead log, in its new row and in its key."""
        changes = list(self._transaction(position).changes)
        change = changes[number]
        sides = {"new": change.new, "key": change.key}
        false = {side: {**row, column: value} for side, row in sides.items() if column in row}
        changes[number] = change.model_copy(update=false)
        self.update(position, changes=tuple(changes))

    def remove_change(self, position: int, number: int) -> None:
        """Remove a change from its transaction in the write-ahead log; the transaction stays."""
        self._removed.add((position, number))

    def add_change(self, position: int, change: Change) -> None:
        """Add a change at the end of a transaction in the write-ahead log."""
        self._added.append((position, change))

    def observed(self, position: int) -> Sequence[Row]:
        """The rows of an observed relation, with the changes so far."""
        event = self._at(position)
        assert isinstance(event, Observation)
        return event.rows

    def set_observed(self, position: int, number: int, column: str, value: JsonValue) -> None:
        """Replace the value of a column in an observed row."""
        rows = list(self.observed(position))
        rows[number] = {**rows[number], column: value}
        self.update(position, rows=tuple(rows))

    def remove_observed(self, position: int, number: int) -> None:
        """Remove a row from an observed relation."""
        self.update(position, rows=tuple(row for place, row in enumerate(self.observed(position)) if place != number))

    def add_observed(self, position: int, row: Row) -> None:
        """Add a row at the end of an observed relation."""
        self.update(position, rows=(*self.observed(position), row))

    def edits(self) -> Edits:
        """The replaced events; the summary of the write-ahead log's witness counts the added and removed changes."""
        positions = {position for position, _ in self._removed} | {position for position, _ in self._added}
        for position in sorted(positions):
            kept = [
                change
                for number, change in enumerate(self._transaction(position).changes)
                if (position, number) not in self._removed
            ]
            added = [change for place, change in self._added if place == position]
            self.update(position, changes=(*kept, *added))
        if len(self._added) != len(self._removed):
            self._count(len(self._added) - len(self._removed))
        return dict(self._edited)

    def _count(self, more: int) -> None:
        for position, event in enumerate(self.events):
            if isinstance(event, WitnessSummary) and event.witness == "wal":
                self.update(position, records=event.records + more)

    def _transaction(self, position: int) -> Transaction:
        event = self._at(position)
        assert isinstance(event, Transaction)
        return event
