"""Programs that are killed, or end by themselves, and are started again: what a supervisor does on any hosting."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from io import FileIO

from simulation.clock import Kernel, SimProcess
from simulation.events import ProgramEnded
from simulation.history import Recorder
from simulation.targets.process.http_gateway import HttpGateway
from simulation.targets.process.programs import Programs
from simulation.targets.process.quiescence import keep_to_our_processors
from simulation.targets.process.stepper import Stepper
from simulation.targets.process.target_file import ProcessTable

DOWN_SECONDS = 30
"""Simulated; what a supervisor takes to notice and a program to start."""
MOST_RESTARTS = 3
"""A program that ends by itself more often than that stays down: a supervisor gives up on it too."""


class Supervisor:
    """Watches every program by its process handle, which costs nothing until it ends."""

    def __init__(self, *, kernel: Kernel, recorder: Recorder, programs: Programs, life: Stepper) -> None:
        self._kernel = kernel
        self._recorder = recorder
        self._programs = programs
        self._life = life
        self._ends: Counter[str] = Counter()
        self._running: dict[str, Callable[[], None]] = {}
        """Name of a program that is up → how to watch it no longer."""
        self._stopped = False

    def watch_all(self) -> None:
        """From now on an end is noted. To be called once the backend is up."""
        self._watch(self._programs.file.process)

    def kill_and_restart(self, *, down_seconds: int = DOWN_SECONDS) -> None:
        """Kill all programs now; they are up again later, with what the database and their files remember."""
        self.stop()
        self._stopped = False
        self._kernel.spawn(self._start_again(self._programs.file.process, down_seconds))

    def stop(self) -> None:
        """End all programs at once, without a chance to clean up; they stay down."""
        self._stopped = True
        for forget in self._running.values():
            forget()
        self._running.clear()
        self._programs.kill_all()

    def start(self) -> None:
        """Start all programs that are down now, and wait until they listen."""
        self._stopped = False
        self._up(self._programs.file.process)

    def _start_again(self, tables: Sequence[ProcessTable], down_seconds: int) -> SimProcess:
        yield self._kernel.sleep(down_seconds)
        if not self._stopped:
            self._up(tables)

    def _up(self, tables: Sequence[ProcessTable]) -> None:
        down = [table for table in tables if table.name not in self._running]
        if any(table.timers for table in down):
            self._life.began_at = self._kernel.now
        for table in down:
            self._programs.start(table)
        self._watch(down)
        self._programs.wait_until_listening(or_ended=True)
        keep_to_our_processors(self._life.own())
        self._life.rest()

    def _watch(self, tables: Sequence[ProcessTable]) -> None:
        switchboard = self._life.switchboard
        assert switchboard is not None
        for table in tables:
            try:
                handle = open(os.pidfd_open(self._programs.pid_of(table)), "rb", buffering=0)  # noqa: SIM115 - kept
            except ProcessLookupError:
                self._running[table.name] = lambda: None
                self._ended(table)
                continue
            self._running[table.name] = partial(_let_go, switchboard, handle)
            switchboard.watch(handle, partial(self._ended, table))

    def _ended(self, table: ProcessTable) -> bool:
        self._running.pop(table.name)()
        self._programs.house.kill(table.name)  # what it started goes with it
        self._ends[table.name] += 1
        again = self._ends[table.name] <= MOST_RESTARTS
        self._recorder.record(
            ProgramEnded(
                program=table.name,
                place=self._programs.file.place_of(table),
                status=self._programs.house.ended(table.name) or 0,
                last_words=self._programs.last_words(),
                started_again=again,
            )
        )
        if again:
            self._kernel.spawn(self._start_again([table], DOWN_SECONDS))
        return False  # it is let go already


def _let_go(switchboard: HttpGateway, handle: FileIO) -> None:
    switchboard.forget(handle)
    handle.close()
