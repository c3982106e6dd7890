"""A history with some of its events replaced, built up change by change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pydantic import JsonValue

from simulation.events import Change, Event, Observation, Row, Transaction, WitnessSummary

Edits = Mapping[int, Event]
"""Position among the history's events → the event that stands there instead."""


@dataclass(kw_only=True)
class Editor:
    """Gathers what one falsehood changes. The events given are never altered."""

    events: Sequence[Event]
    _edited: dict[int, Event] = field(default_factory=dict)
    _removed: set[tuple[int, int]] = field(default_factory=set)
    _added: list[tuple[int, Change]] = field(default_factory=list)

    def _at(self, position: int) -> Event:
        """The event at a position as it stands by now."""
        return self._edited.get(position, self.events[position])

    def update(self, position: int, **fields: object) -> None:
        """Other values for fields of an event."""
        self._edited[position] = self._at(position).model_copy(update=fields)

    def set_column(self, position: int, number: int, column: str, value: JsonValue) -> None:
        """Another value for a column of a logged change, in its new row and in its key."""
        changes = list(self._transaction(position).changes)
        change = changes[number]
        sides = {"new": change.new, "key": change.key}
        false = {side: {**row, column: value} for side, row in sides.items() if column in row}
        changes[number] = change.model_copy(update=false)
        self.update(position, changes=tuple(changes))

    def remove_change(self, position: int, number: int) -> None:
        """Take a logged change out of its transaction, which stays."""
        self._removed.add((position, number))

    def add_change(self, position: int, change: Change) -> None:
        """One more change at the end of a transaction."""
        self._added.append((position, change))

    def observed(self, position: int) -> Sequence[Row]:
        """The rows of an observed relation as they stand by now."""
        event = self._at(position)
        assert isinstance(event, Observation)
        return event.rows

    def set_observed(self, position: int, number: int, column: str, value: JsonValue) -> None:
        """Another value for a column of an observed row."""
        rows = list(self.observed(position))
        rows[number] = {**rows[number], column: value}
        self.update(position, rows=tuple(rows))

    def remove_observed(self, position: int, number: int) -> None:
        """Take a row out of an observed relation."""
        self.update(position, rows=tuple(row for place, row in enumerate(self.observed(position)) if place != number))

    def add_observed(self, position: int, row: Row) -> None:
        """One more row at the end of an observed relation."""
        self.update(position, rows=(*self.observed(position), row))

    def edits(self) -> Edits:
        """All that differs, with the log's witness having counted what is there now."""
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
