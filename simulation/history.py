"""The ordered record of a run, written by every witness: the one interface between world, checks and report.

``history.jsonl`` has one event a line. Every event carries its order (``seq``), its simulated instant (``at``) and the
``cause`` it goes back to: ``fault:<id>`` where a fault started it, else the thing that did (``job:payout:…``,
``entrant:…``, ``alert:…``, ``execution:…``, ``setup``, ``monitor``). Nothing in it depends on wall time, hashing or
process ids, so that a digest over the lines is a fingerprint of the history.
"""

from __future__ import annotations

import hashlib
import json
import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import datetime
from functools import cache
from json import JSONEncoder
from pathlib import Path
from typing import BinaryIO, TextIO, TypeVar

from pydantic import BaseModel, TypeAdapter

from simulation.clock import SimulationClock
from simulation.events import AnyEvent, Event, Observation, Row, RunEnded, RunStarted

_E = TypeVar("_E", bound=Event)
_LONGEST_LINE = 1 << 24
"""Bytes. What a witness records of an answer is bounded far below."""
_HALF_PAIR = re.compile(r"[\ud800-\udfff]")


@cache
def _any_event() -> TypeAdapter[AnyEvent]:
    """Reads events of every class. Made when a history is loaded: a run that writes one never needs it."""
    return TypeAdapter(AnyEvent)


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
        self._digest = Digest()
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
            line = line_of(stamped)
            self._file.write(line + "\n")
            self._digest.add(stamped, line.encode())
        if self._listener is not None:
            self._listener(stamped)
        return stamped

    def history(self) -> History:
        """Everything recorded so far."""
        return History(self.events, digest=None if self._file is None else self._digest.hex())


class Digest:
    """sha256 over lines of a history, without what only names the machine."""

    def __init__(self) -> None:
        self._sha256 = hashlib.sha256()

    def add(self, event: Event, line: bytes) -> None:
        """One more event, with its line as it stands in the file."""
        if event.outside_digest:
            document = json.loads(line)
            line = _line({name: document[name] for name in document if name not in event.outside_digest}).encode()
        self._sha256.update(line + b"\n")

    def hex(self) -> str:
        """Of what was added so far."""
        return self._sha256.hexdigest()


class History:
    """A finished (or broken-off) history, read only."""

    def __init__(self, events: Iterable[Event], *, digest: str | None = None) -> None:
        """:param digest: of these events' lines, where it is known already."""
        self.events: Sequence[Event] = tuple(events)
        self._digest = digest
        self._by_class: dict[type[Event], list[Event]] = {}
        for event in self.events:
            self._by_class.setdefault(type(event), []).append(event)

    def with_events(self, others: Mapping[int, Event]) -> History:
        """The same history with other events at some positions, counted from 0; classes of events stay as they are."""
        events = list(self.events)
        for position, event in others.items():
            events[position] = event
        history = History(())
        history.events = tuple(events)
        kinds = {type(event) for event in others.values()}
        history._by_class = {**self._by_class, **{kind: [e for e in events if type(e) is kind] for kind in kinds}}
        return history

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
        """The fingerprint of the run (:class:`Digest`); of a loaded history, over the lines as they stand there."""
        if self._digest is None:
            digest = Digest()
            for event in self.events:
                digest.add(event, line_of(event).encode())
            self._digest = digest.hex()
        return self._digest

    @classmethod
    def load(cls, file: Path) -> History:
        """Read ``history.jsonl``.

        :raises OSError: it cannot be read.
        :raises ValueError: see :meth:`read`.
        """
        with open(file, "rb") as opened:
            return cls.read(opened, name=str(file))

    @classmethod
    def read(cls, opened: BinaryIO, *, name: str) -> History:
        """Read a history from an open file. A torn last line (a killed run) is dropped.

        :param name: of the file, for messages.
        :raises ValueError: any other line is not an event, is out of order, or follows the end; with its number.
        """
        events: list[Event] = []
        digest = Digest()
        torn: ValueError | None = None
        while line := opened.readline(_LONGEST_LINE + 1):
            number = len(events) + 1
            if torn is not None:
                raise torn
            if events and isinstance(events[-1], RunEnded):
                raise ValueError(f"{name}:{number}: something follows the end of the history")
            try:
                event = _event(line)
            except ValueError as error:
                torn = ValueError(f"{name}:{number}: not an event of a history: {error}")
                continue
            if event.seq != number:
                raise ValueError(f"{name}:{number}: here stands event {event.seq}: a line was added or is missing")
            events.append(event)
            digest.add(event, line.removesuffix(b"\n"))
        return cls(events, digest=digest.hex())


def _event(line: bytes) -> AnyEvent:
    if len(line) > _LONGEST_LINE:
        raise ValueError(f"a line of more than {_LONGEST_LINE:,} bytes")
    return _any_event().validate_json(line)


_NEVER = object()


def line_of(event: Event) -> str:
    """One event as a line of ``history.jsonl``: JSON with sorted keys, to the letter as pydantic has the event, without
    what is as usual (``unless_usual``)."""
    usual = event.unless_usual
    if usual:
        return _line({name: value for name, value in event.__dict__.items() if usual.get(name, _NEVER) != value})
    return _line(event.__dict__)


def _line(document: dict[str, object]) -> str:
    try:
        line = _encoded(document)
    except ValueError:  # a metric that is no number, or without bounds
        line = _encoded(_named(document))
    return line if line.isascii() else _HALF_PAIR.sub("\ufffd", line)  # half a surrogate pair is no UTF-8


def _named(value: object) -> object:
    """The same with ``nan`` and ``inf`` as texts, for which JSON has no numbers."""
    if isinstance(value, float) and not math.isfinite(value):
        return str(value)
    if isinstance(value, BaseModel):
        return _named(value.__dict__)
    if isinstance(value, dict):
        return {key: _named(item) for key, item in value.items()}
    return [_named(item) for item in value] if isinstance(value, list | tuple) else value


def _plain(value: object) -> object:
    """What JSON has no word for. Events hold nothing else of the kind: ``tests/unit/test_history.py`` sees to it."""
    if isinstance(value, datetime):
        text = value.isoformat()
        return text.removesuffix("+00:00") + "Z" if text.endswith("+00:00") else text
    if isinstance(value, BaseModel):
        return value.__dict__
    raise TypeError(f"{type(value).__name__} cannot stand in a history")


_encoded = JSONEncoder(
    sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain
).encode
