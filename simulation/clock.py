"""The one simulated clock of a run, and the discrete-event loop that moves it.

Three readers see the same second: Python code in this process (freezegun), other programs such as Postgres and the
operator's shell (a preloaded library, through a clock file), and the loop itself (SimPy). Resolution is one second.
Monotonic time stays real: deadlines of the harness, pools and sockets must not freeze.
"""

from __future__ import annotations

import datetime as real_datetime
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import simpy
from freezegun import api as freezegun_api

from simulation.clock_file import ClockFile, open_clock_file
from simulation.errors import SimulationError

SimProcess = Generator[Any, Any, Any]
"""A SimPy process: yields events, usually ``kernel.env.timeout(sim_seconds)``."""

_MONOTONIC = ("monotonic", "monotonic_ns", "perf_counter", "perf_counter_ns")


class SimulationClock:
    """Simulated UTC time of one run.

    :param start: first instant of the simulated window, aware UTC, whole seconds.
    :param files: clock files to keep in step (their folders exist).
    """

    def __init__(self, *, start: datetime, files: tuple[Path, ...] = ()) -> None:
        if start.tzinfo is None or start.microsecond:
            raise ValueError(f"start must be an aware UTC datetime in whole seconds, not {start!r}")
        self.start = start
        self._now = start
        self._files: tuple[ClockFile, ...] = tuple(map(open_clock_file, files))
        self._followers: list[Callable[[datetime], None]] = []
        self._frozen: Any = None

    @property
    def now(self) -> datetime:
        """Simulated instant (aware UTC)."""
        return self._now

    @property
    def elapsed_seconds(self) -> int:
        """Simulated seconds since the start of the window."""
        return int((self._now - self.start).total_seconds())

    def move_to(self, instant: datetime) -> None:
        """Move every reader to ``instant``. Time never goes back: an earlier instant leaves the clock alone."""
        if instant <= self._now:
            return
        self._now = instant
        self._write_files()
        if self._frozen is not None:
            self._frozen.move_to(instant)

    def advance(self, sim_seconds: float) -> None:
        """Let a call cost time, from inside whatever runs (a timeout, a back-off). Parts of a second round up."""
        whole = -int(-sim_seconds // 1)
        self.move_to(self._now + timedelta(seconds=whole))

    def follow(self, reader: Callable[[datetime], None]) -> None:
        """Tell ``reader`` every new instant, before anything happens in it; the present one at once."""
        self._followers.append(reader)
        reader(self._now)

    def _write_files(self) -> None:
        for file in self._files:
            file.show(self._now)
        for reader in self._followers:
            reader(self._now)

    @contextmanager
    def frozen(self) -> Iterator[SimulationClock]:
        """Within this block Python code in this process lives in simulated time."""
        self._write_files()
        with _real_monotonic():
            freezer = freezegun_api.freeze_time(self._now)
            self._frozen = freezer.start()
            try:
                yield self
            finally:
                self._frozen = None
                freezer.stop()


@contextmanager
def _real_monotonic() -> Iterator[None]:
    """Keep freezegun off the monotonic clocks: frozen ones hang pools and sockets (its ``ignore`` goes by module)."""
    saved = {name: getattr(freezegun_api, f"fake_{name}") for name in _MONOTONIC}
    for name in _MONOTONIC:
        setattr(freezegun_api, f"fake_{name}", getattr(freezegun_api, f"real_{name}"))
    try:
        yield
    finally:
        for name, fake in saved.items():
            setattr(freezegun_api, f"fake_{name}", fake)


def wall_now() -> datetime:
    """Real UTC time, also while the process is frozen; for names of run directories only, never for history."""
    return real_datetime.datetime.fromtimestamp(freezegun_api.real_time(), tz=real_datetime.UTC)


class _BrokenOff(Exception):
    """A SimPy process raised. The kernel keeps its exception: SimPy raises copies, made from ``args`` alone."""


class Kernel:
    """Discrete-event loop: time jumps to the next event, nothing sleeps.

    Events of one instant run in the order in which they were scheduled. Code that runs inside an event may let time
    pass (:meth:`SimulationClock.advance`); events that fell due meanwhile run late, at the clock's time, as they would
    behind a busy worker.
    """

    def __init__(self, clock: SimulationClock) -> None:
        self.clock = clock
        self.env = simpy.Environment()
        self.events_processed = 0
        self._error: SimulationError | None = None
        self.halted = False
        """Set to stop :meth:`run_until` at once, for a planted defect or a rehearsal that has seen what it wanted."""

    @property
    def now(self) -> datetime:
        return self.clock.now

    def spawn(self, process: SimProcess) -> simpy.Process:
        """Start a process at the current instant."""
        return self.env.process(self._watched(process))

    def _watched(self, process: SimProcess) -> SimProcess:
        try:
            return (yield from process)
        except SimulationError as error:
            self._error = error
            raise _BrokenOff from error

    def sleep(self, sim_seconds: float) -> simpy.Event:
        """Event ``sim_seconds`` from the clock's now (not the loop's, which may lag behind a slow call)."""
        return self.env.timeout(max(0, self.clock.elapsed_seconds + sim_seconds - self.env.now))

    def until(self, instant: datetime) -> simpy.Event:
        """Event at ``instant``, or now when it is past."""
        return self.env.timeout(max(0, int((instant - self.clock.start).total_seconds()) - self.env.now))

    def run_until(self, end: datetime) -> None:
        """Process every event up to and including ``end``, then stand at ``end``; or stop where it is halted."""
        limit = (end - self.clock.start).total_seconds()
        env = self.env
        while env.peek() <= limit and not self.halted:
            self.clock.move_to(self.clock.start + timedelta(seconds=env.peek()))
            try:
                env.step()
            except _BrokenOff:
                assert self._error is not None
                raise self._error from None
            self.events_processed += 1
        if not self.halted:
            self.clock.move_to(end)
