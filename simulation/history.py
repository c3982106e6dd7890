"""The ordered record of a run, written by every witness: the one interface between world, checks and report.

``history.jsonl`` has one event a line. Every event carries its order (``seq``), its simulated instant (``at``) and the
``cause`` it goes back to: ``fault:<id>`` where a fault started it, else the thing that did (``job:payout:…``,
``entrant:…``, ``alert:…``, ``execution:…``, ``setup``, ``monitor``). Nothing in it depends on wall time, hashing or
process ids, so that a digest over the lines is a fingerprint of the history.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from pathlib import Path
from typing import TextIO, TypeVar

from pydantic import TypeAdapter

from simulation.clock import SimulationClock
from simulation.events import AnyEvent, Event, Observation, Row, RunEnded, RunStarted

_EVENTS: TypeAdapter[AnyEvent] = TypeAdapter(AnyEvent)
_E = TypeVar("_E", bound=Event)

_cause: ContextVar[str] = ContextVar("cause", default="setup")


@contextmanager
def caused_by(cause: str) -> Iterator[None]:
    """Events recorded within this block carry ``cause``. Do not hold it open across a SimPy process's ``yield``."""
    token = _cause.set(cause)
    try:
        yield
    finally:
        _cause.reset(token)


def current_cause() -> str:
    """The cause of whatever is running now."""
    return _cause.get()


class Recorder:
    """Appends events to the history, in memory and in ``history.jsonl``, stamping order, time and cause."""

    def __init__(
        self, *, clock: SimulationClock, file: TextIO | None = None, listener: Callable[[Event], None] | None = None
    ) -> None:
        self._clock = clock
        self._file = file
        self._listener = listener
        self.events: list[Event] = []

    def record(self, event: _E, *, at: datetime | None = None, cause: str | None = None) -> _E:
        """Stamp and keep ``event``; ``at`` and ``cause`` default to now and to the running cause."""
        stamped = event.model_copy(
            update={
                "seq": len(self.events) + 1,
                "at": at or self._clock.now,
                "cause": current_cause() if cause is None else cause,
            }
        )
        self.events.append(stamped)
        if self._file is not None:
            self._file.write(line_of(stamped) + "\n")
        if self._listener is not None:
            self._listener(stamped)
        return stamped


class History:
    """A finished (or broken-off) history, read only."""

    def __init__(self, events: Iterable[Event]) -> None:
        self.events: Sequence[Event] = tuple(events)
        self._by_class: dict[type[Event], list[Event]] = {}
        for event in self.events:
            self._by_class.setdefault(type(event), []).append(event)

    def with_events(self, others: Mapping[int, Event]) -> History:
        """The same history with other events at some positions, counted from 0."""
        events = list(self.events)
        for position, event in others.items():
            events[position] = event
        return History(events)

    def of(self, kind: type[_E]) -> Sequence[_E]:
        """Events of one class, in order."""
        return self._by_class.get(kind, [])  # type: ignore[return-value]

    def rows(self, relation: str) -> Sequence[Row] | None:
        """Rows of a canonical relation at the end of the run, or None when it was not observed."""
        found = [event for event in self.of(Observation) if event.relation == relation]
        return found[-1].rows if found else None

    @property
    def started(self) -> RunStarted | None:
        found = self.of(RunStarted)
        return found[0] if found else None

    @property
    def ended(self) -> RunEnded | None:
        found = self.of(RunEnded)
        return found[0] if found else None

    def digest(self) -> str:
        """sha256 over the lines, without the fields that only name the machine; equal for equal runs."""
        digest = hashlib.sha256()
        for event in self.events:
            digest.update(line_of(event, without=event.outside_digest).encode() + b"\n")
        return digest.hexdigest()

    @classmethod
    def load(cls, file: Path) -> History:
        """Read ``history.jsonl``. A torn last line (a killed run) is dropped.

        :raises ValueError: any other line is not an event; with its number.
        """
        lines = file.read_text().splitlines()
        events: list[Event] = []
        for number, line in enumerate(lines, start=1):
            try:
                events.append(_EVENTS.validate_json(line))
            except ValueError as error:
                if number == len(lines):
                    break
                raise ValueError(f"{file}:{number}: not an event of a history: {error}") from error
        return cls(events)


def line_of(event: Event, *, without: frozenset[str] = frozenset()) -> str:
    """One event as a line of ``history.jsonl``: JSON with sorted keys."""
    document = event.model_dump(mode="json", exclude=set(without))
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
