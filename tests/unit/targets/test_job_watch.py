"""How a backend's jobs are seen: by a line of its log, by the rows that they write, or not each time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulation.clock import Kernel, SimulationClock
from simulation.events import Change, JobSummary, JobUnseen, Transaction
from simulation.history import Recorder
from simulation.targets.process.job_watch import WatchedJobs
from simulation.targets.process.target_file import JobTable

START = datetime(2026, 3, 1, tzinfo=UTC)


class Steps:
    """A backend that does something at every step."""

    def __init__(self, clock: SimulationClock, act: Callable[[int], None]) -> None:
        self.began_at = clock.now
        self._act, self._number = act, 0

    def step(self) -> None:
        self._act(self._number)
        self._number += 1

    def next_timer(self, *, within_seconds: float) -> float | None:
        return None


class Sleeper(Steps):
    """A program that works, and sleeps its interval when it is done: each turn takes it ``took_seconds``."""

    def __init__(self, clock: SimulationClock, work: Callable[[], None], *, took_seconds: int) -> None:
        super().__init__(clock, self._turn)
        self._clock, self._work, self._took_seconds = clock, work, took_seconds
        self._due = clock.now
        self.steps = 0

    def _turn(self, _: int) -> None:
        self.steps += 1
        if self._clock.now >= self._due:
            self._clock.advance(self._took_seconds)
            self._work()
            self._due = self._clock.now + timedelta(seconds=300)

    def next_timer(self, *, within_seconds: float) -> float | None:
        seconds = (self._due - self._clock.now).total_seconds()
        return seconds if seconds <= within_seconds else None


class Backend:
    """Its log, and the write-ahead log that the witness reads."""

    def __init__(self, folder: Path) -> None:
        self.clock = SimulationClock(start=START)
        self.kernel = Kernel(self.clock)
        self.recorder = Recorder(clock=self.clock)
        self.log = folder / "backend.log"
        self.log.touch()
        self._xid = 0

    def prints(self, line: str) -> None:
        with open(self.log, "a", encoding="utf-8") as log:
            log.write(f"{line}\n")

    def writes(self, table: str, op: Any = "insert") -> None:
        self._xid += 1
        self.recorder.record(Transaction(xid=self._xid, changes=(Change(table=table, op=op, new={"id": "1"}),)))

    def lives(self, act: Callable[[int], None], job: JobTable, **delta: float) -> JobSummary | JobUnseen:
        """What is recorded of the job after a while."""
        return self.is_stepped(Steps(self.clock, act), job, **delta)

    def is_stepped(self, stepper: Steps, job: JobTable, **delta: float) -> JobSummary | JobUnseen:
        with self.clock.frozen():
            watch = WatchedJobs(
                kernel=self.kernel, recorder=self.recorder, stepper=stepper,  # type: ignore[arg-type]
                jobs=(job,), step_seconds=job.interval_seconds or 0, log=self.log, cron=None,  # type: ignore[arg-type]
            )  # fmt: skip
            watch.start()
            self.kernel.run_until(START + timedelta(**delta))
            watch.record_summaries()
        return next(event for event in self.recorder.events if isinstance(event, JobSummary | JobUnseen))


@pytest.fixture
def backend(tmp_path: Path) -> Backend:
    return Backend(tmp_path)


def job(**seen: Any) -> JobTable:
    return JobTable(name="ingestion", does="ingestion", interval_seconds=300, **seen)


def test_each_line_of_the_log_is_a_run(backend: Backend) -> None:
    summary = backend.lives(lambda _: backend.prints("polled"), job(seen_in_log="polled"), hours=1)
    assert isinstance(summary, JobSummary)
    assert (summary.runs, summary.largest_gap_seconds) == (13, 300)


@pytest.mark.parametrize(("took_seconds", "gap_seconds", "steps"), [(0, 300, 13), (20, 320, 24)])
def test_a_timer_that_slow_calls_put_off_fires_when_it_is_due(
    backend: Backend, took_seconds: int, gap_seconds: int, steps: int
) -> None:
    """At the next step it would have skipped a turn, and a pause of ten minutes would be the harness's doing."""
    sleeper = Sleeper(backend.clock, lambda: backend.prints("polled"), took_seconds=took_seconds)
    summary = backend.is_stepped(sleeper, job(seen_in_log="polled"), hours=1)
    assert isinstance(summary, JobSummary)
    assert summary.largest_gap_seconds == gap_seconds
    assert sleeper.steps == steps


def test_rows_written_are_runs_at_the_instants_of_their_commits(backend: Backend) -> None:
    def poll(number: int) -> None:
        backend.writes("users")
        if number % 2 == 0:  # every ten minutes, and twice at each
            backend.writes("feeds", "insert")
            backend.writes("feeds", "update")

    summary = backend.lives(poll, job(seen_in_table="feeds"), hours=1)
    assert isinstance(summary, JobSummary)
    assert (summary.runs, summary.largest_gap_seconds) == (7, 600)
    assert len(summary.gaps) == 6


def test_rows_deleted_or_written_while_it_was_set_up_are_no_runs(backend: Backend) -> None:
    backend.writes("feeds")
    backend.clock.move_to(START + timedelta(seconds=1))
    summary = backend.lives(lambda _: backend.writes("feeds", "delete"), job(seen_in_table="feeds"), hours=1)
    assert isinstance(summary, JobSummary)
    assert summary.runs == 0


@pytest.mark.parametrize(
    ("seen", "why"),
    [
        ({}, "neither seen_in_log nor seen_in_table"),
        ({"seen_in_log": "polled", "silent_when_idle": True}, "silent when there is nothing to do"),
    ],
)
def test_a_job_whose_every_run_cannot_be_seen_says_why(backend: Backend, seen: dict[str, Any], why: str) -> None:
    unseen = backend.lives(lambda _: None, job(**seen), hours=1)
    assert isinstance(unseen, JobUnseen)
    assert unseen.interval_seconds == 300
    assert why in unseen.why
