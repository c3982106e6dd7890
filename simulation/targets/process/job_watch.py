"""Moves a backend through time step by step, and counts in its log how often its jobs ran."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from io import FileIO
from pathlib import Path

from simulation.clock import Kernel, SimProcess
from simulation.events import JobFailed, JobUnseen, Transaction
from simulation.history import Recorder, caused_by
from simulation.targets.jobs import Tally
from simulation.targets.process.cron import Cron
from simulation.targets.process.stepper import Stepper
from simulation.targets.process.target_file import JobTable
from simulation.untrusted import printable

_DAY_SECONDS = 86_400
_MOST_BYTES, _KEPT_BYTES = 64 << 20, 32 << 20
_CHUNK_BYTES, _LONGEST_LINE_BYTES = 1 << 20, 1 << 16
_CAUSE = "job:timers"
"""Cause of what a backend does because time has passed: one of its timers, of which only the backend knows which."""


class LogTail:
    """New whole lines of a log to which others append. It keeps the log bounded, and a line in it says so.

    Of a line only the first 64 KiB are read. A log of more than 64 MiB is cut back to its first 32.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._position = 0
        self._rest = b""
        self._left_out_bytes = 0

    def lines(self) -> Iterator[str]:
        """Those that have come since the last call."""
        with open(self._file, "r+b", buffering=0) as file:
            file.seek(self._position)
            while new := file.read(_CHUNK_BYTES):
                self._position += len(new)
                *whole, rest = (self._rest + new).split(b"\n")
                self._rest = rest[:_LONGEST_LINE_BYTES]
                yield from (line[:_LONGEST_LINE_BYTES].decode(errors="replace") for line in whole)
            if self._position > _MOST_BYTES:
                self._cut(file)

    def _cut(self, file: FileIO) -> None:
        """Those who append to it go on after the line that says so."""
        self._left_out_bytes += self._position - _KEPT_BYTES
        file.truncate(_KEPT_BYTES)
        file.seek(0, os.SEEK_END)
        file.write(f"\n[simulate left out {self._left_out_bytes} bytes here: a log is kept to 64 MiB]\n".encode())
        self._position = file.tell()


class WatchedJobs:
    """See :class:`simulation.targets.protocol.JobWatch`. The backend's own timers start its jobs; this moves the clock.

    A job that shows no run, or none when it is idle, has no summary but a :class:`JobUnseen`.
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        stepper: Stepper,
        jobs: tuple[JobTable, ...],
        step_seconds: int,
        log: Path,
        cron: Cron,
        told: Callable[[str], None] = lambda _line: None,
    ) -> None:
        """:param cron: starts the jobs that have a command.
        :param told: gets every line of the log, those of the set-up too.
        """
        self._told = told
        self._kernel = kernel
        self._recorder = recorder
        self._stepper = stepper
        self._cron = cron
        self._jobs = jobs
        self._step = timedelta(seconds=step_seconds)
        self._tail = LogTail(log)
        self._began_at = kernel.now
        self._late_since, self._late_seconds = stepper.began_at, 0.0
        """By how much timers are late that are set when their work is done, and since when that is counted."""
        self._watched: list[tuple[JobTable, Tally]] = []

    def start(self) -> None:
        """Begin now. The first step runs what fell due while the backend was set up."""
        for line in self._tail.lines():
            self._told(line)  # printed while it was set up: no job's doing
        self._began_at = self._kernel.now
        self._watched = [
            (job, Tally(name=_name(job), interval_seconds=job.interval_seconds or _DAY_SECONDS, now=self._kernel.now))
            for job in self._jobs
        ]
        for job, tally in self._watched:
            if job.run is not None:
                self._kernel.spawn(self._live_by_cron(job, tally))
            elif job.daily_at is not None:
                self._kernel.spawn(self._live_daily(job.daily_at))
        self._kernel.spawn(self._live())

    def record_summaries(self) -> None:
        for line in self._tail.lines():
            self._told(line)
        for job, tally in self._watched:
            if job.seen_in_table is not None:
                for at in self._writes(job.seen_in_table):
                    tally.count(at, busy=True)
            summary = tally.summary()
            if job.unseen is None:
                self._recorder.record(summary, cause="monitor")
                continue
            unseen = JobUnseen(job=summary.job, interval_seconds=summary.interval_seconds, why=job.unseen)
            self._recorder.record(unseen, cause="monitor")

    def _writes(self, table: str) -> list[datetime]:
        """The instants at which rows of a table were written since the start, as far as the log has been read."""
        found = (event.at for event in self._recorder.events if isinstance(event, Transaction) and _wrote(event, table))
        return sorted({at for at in found if at >= self._began_at})

    def _live(self) -> SimProcess:
        while True:
            yield from self._step_with_what_is_late()
            began_at = self._stepper.began_at  # a restart sets it anew: the timers then count from there
            lived = self._kernel.now - began_at
            yield self._kernel.until(began_at + (lived // self._step + 1) * self._step)

    def _step_with_what_is_late(self) -> SimProcess:
        """A call that took its time (Stripe is slow, or does not answer) puts off every timer that is set when it is
        over. Those fire between two steps: at the next one they would have skipped a turn."""
        due = self._kernel.now
        self._step_timed()
        while self._late_seconds:
            left = self._late_seconds - (self._kernel.now - due).total_seconds()
            seconds = self._stepper.next_timer(within_seconds=left + 1)
            if seconds is None:
                return
            yield self._kernel.sleep(max(1, math.ceil(seconds)))
            self._step_timed()

    def _step_timed(self) -> None:
        """Step, and add what it took to what timers are late by. Programs that began anew have none that is."""
        if self._stepper.began_at != self._late_since:
            self._late_since, self._late_seconds = self._stepper.began_at, 0.0
        before = self._kernel.now
        self._step_now()
        took = (self._kernel.now - before).total_seconds()
        self._late_seconds = (self._late_seconds + took) % self._step.total_seconds()

    def _live_daily(self, daily_at: str) -> SimProcess:
        """Make an extra step at the time of a daily job, which need not be a multiple of the step."""
        due = self._first(daily_at)
        while True:
            yield self._kernel.until(due)
            self._step_now()
            due += timedelta(days=1)

    def _live_by_cron(self, job: JobTable, tally: Tally) -> SimProcess:
        interval = timedelta(seconds=job.interval_seconds or _DAY_SECONDS)
        due = self._kernel.now + interval if job.daily_at is None else self._first(job.daily_at)
        while True:
            yield self._kernel.until(due)
            due += interval
            self._run(job, tally)

    def run_now(self, job: JobTable) -> None:
        """Carry out once, out of turn, what cron starts."""
        self._run(*next(pair for pair in self._watched if pair[0] == job))

    def _run(self, job: JobTable, tally: Tally) -> None:
        now = self._kernel.now
        with caused_by(f"job:{tally.name}:{now.isoformat()}"):
            run = self._cron.run(job)
            if run.error is not None:
                self._recorder.record(JobFailed(job=tally.name, error=printable(run.error[:500])))
            self._read_log()
        if run.started:
            tally.count(now, busy=True)

    def _first(self, daily_at: str) -> datetime:
        """The next time that a clock in UTC says so."""
        hour, minute = map(int, daily_at.split(":"))
        today = self._kernel.now.replace(hour=hour, minute=minute, second=0)
        return today if today > self._kernel.now else today + timedelta(days=1)

    def _step_now(self) -> None:
        with caused_by(f"{_CAUSE}:{self._kernel.now.isoformat()}"):
            self._stepper.step()
            self._read_log()

    def _read_log(self) -> None:
        for line in self._tail.lines():
            self._told(line)
            for job, tally in self._watched:
                if job.seen_in_log is not None and (seen := re.search(job.seen_in_log, line)):
                    tally.count(self._kernel.now, busy="busy" in seen.re.groupindex and seen["busy"] is not None)
                if job.failed_in_log is not None and re.search(job.failed_in_log, line):
                    self._recorder.record(JobFailed(job=tally.name, error=printable(line[:500])))


def _wrote(transaction: Transaction, table: str) -> bool:
    return any(change.table == table and change.op in ("insert", "update") for change in transaction.changes)


def _name(job: JobTable) -> str:
    """Its name, with what it does: by that word the checks find it."""
    return job.name if job.does in job.name else f"{job.name} ({job.does})"
