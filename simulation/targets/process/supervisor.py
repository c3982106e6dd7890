"""Restarts programs of a backend that were killed or ended by themselves, as a process supervisor on a server does."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from io import FileIO

from simulation.clock import Kernel, SimProcess
from simulation.events import ProgramEnded
from simulation.history import Recorder
from simulation.targets.process.event_loop import EventLoop
from simulation.targets.process.programs import Programs
from simulation.targets.process.quiescence import keep_to_our_processors
from simulation.targets.process.stepper import Stepper
from simulation.targets.process.target_file import ProcessTable

DOWN_SECONDS = 30
"""Simulated seconds from the end of a program to its restart."""
MOST_RESTARTS = 3
"""A program that ends by itself more often than that stays down: a supervisor gives up on it too."""


class Supervisor:
    """Watches every program by its process handle (pidfd), which costs nothing until the program ends."""

    def __init__(
        self, *, kernel: Kernel, recorder: Recorder, programs: Programs, stepper: Stepper, loop: EventLoop
    ) -> None:
        self._kernel = kernel
        self._recorder = recorder
        self._programs = programs
        self._stepper = stepper
        self._loop = loop
        self._ends: Counter[str] = Counter()
        self._running: dict[str, Callable[[], None]] = {}
        """Name of a program that runs → how to stop watching it."""
        self._stopped = False
        self.killed: Callable[[], None] = lambda: None
        """Called when all programs are dead: whoever holds ends of their connections lets go of them."""

    def watch_all(self) -> None:
        """Watch all programs from now on. To be called once the backend is up."""
        self._watch(self._programs.file.process)

    def kill_and_restart(self, *, down_seconds: int = DOWN_SECONDS) -> None:
        """Kill all programs now and start them again later; only the database and their files remember anything."""
        self.stop()
        self._stopped = False
        self._kernel.spawn(self._start_again(self._programs.file.process, down_seconds))

    @contextmanager
    def second_replica(self, program: str) -> Iterator[None]:
        """Within this block a program runs twice, as on two servers; the second one is killed at its end.

        :raises EnvironmentFault: it may not run twice.
        """
        replica = self._programs.start_replica(program)
        keep_to_our_processors(self._stepper.own())
        self._stepper.rest()
        try:
            yield
        finally:
            self._programs.sandbox.kill(replica)

    def stop(self) -> None:
        """Kill all programs; they stay down until :meth:`start`."""
        self._stopped = True
        for unwatch in self._running.values():
            unwatch()
        self._running.clear()
        self._programs.kill_all()
        self.killed()

    def start(self) -> None:
        """Start all programs that are down, and wait until they listen."""
        self._stopped = False
        self._up(self._programs.file.process)

    def _start_again(self, tables: Sequence[ProcessTable], down_seconds: int) -> SimProcess:
        yield self._kernel.sleep(down_seconds)
        if not self._stopped:
            self._up(tables)

    def _up(self, tables: Sequence[ProcessTable]) -> None:
        down = [table for table in tables if table.name not in self._running]
        if any(table.timers for table in down):
            self._stepper.began_at = self._kernel.now
        for table in down:
            self._programs.start(table)
        self._watch(down)
        self._programs.wait_until_listening(or_ended=True)
        keep_to_our_processors(self._stepper.own())
        self._stepper.rest()

    def _watch(self, tables: Sequence[ProcessTable]) -> None:
        for table in tables:
            try:
                handle = open(os.pidfd_open(self._programs.pid_of(table)), "rb", buffering=0)  # noqa: SIM115 - kept
            except ProcessLookupError:
                self._running[table.name] = lambda: None
                self._ended(table)
                continue
            self._running[table.name] = partial(self._unwatch, handle)
            self._loop.watch(handle, partial(self._ended, table))

    def _unwatch(self, handle: FileIO) -> None:
        self._loop.forget(handle)
        handle.close()

    def _ended(self, table: ProcessTable) -> None:
        self._running.pop(table.name)()
        self._programs.sandbox.kill(table.name)  # ends the processes that it started, too
        self._ends[table.name] += 1
        again = self._ends[table.name] <= MOST_RESTARTS
        self._recorder.record(
            ProgramEnded(
                program=table.name,
                place=self._programs.file.place_of(table),
                status=self._programs.sandbox.ended(table.name) or 0,
                last_words=self._programs.last_words(),
                started_again=again,
            )
        )
        if again:
            self._kernel.spawn(self._start_again([table], DOWN_SECONDS))
