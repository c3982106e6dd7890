"""Drives the background jobs of a platform that lives in this process, each at its own interval."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from simulation.clock import Kernel, SimProcess
from simulation.events import JobFailed, JobGap, JobSummary
from simulation.history import Recorder, caused_by
from simulation.world.ports import TargetJob

_IN_TIME = timedelta(minutes=1)
"""A run that comes this much after its time is not late yet."""


class Tally:
    """How often a job ran, and its largest gap."""

    def __init__(self, *, name: str, interval_seconds: int, now: datetime) -> None:
        self.name = name
        self._interval_seconds = interval_seconds
        self._runs = 0
        self._busy_runs = 0
        self._started_at = now
        self._first_at: datetime | None = None
        self._last_at: datetime | None = None
        self._largest_gap = timedelta()
        self._gaps: list[JobGap] = []

    def count(self, at: datetime, *, busy: bool) -> None:
        """One more run."""
        since = self._last_at or self._started_at
        self._largest_gap = max(self._largest_gap, at - since)
        if at - since > timedelta(seconds=self._interval_seconds) + _IN_TIME:
            self._gaps.append(JobGap(since=since, until=at))
        self._first_at = self._first_at or at
        self._last_at = at
        self._runs += 1
        self._busy_runs += busy

    def summary(self) -> JobSummary:
        return JobSummary(
            job=self.name,
            interval_seconds=self._interval_seconds,
            runs=self._runs,
            busy_runs=self._busy_runs,
            first_at=self._first_at,
            last_at=self._last_at,
            largest_gap_seconds=int(self._largest_gap.total_seconds()),
            gaps=tuple(self._gaps),
        )


class JobDriver:
    """One SimPy process a job. A run that broke off is recorded; the job runs again at its next time.

    :param is_stopped: asked by a job's name whether its timer fires at all now.
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        jobs: Sequence[TargetJob],
        is_stopped: Callable[[str], bool] = lambda _: False,
    ) -> None:
        self._kernel = kernel
        self._is_stopped = is_stopped
        self._recorder = recorder
        self._jobs = jobs
        self._tallies: list[Tally] = []

    def start(self) -> None:
        """Begin now; the first run of each job is one interval away, as after a deploy."""
        for job in self._jobs:
            tally = Tally(name=job.name, interval_seconds=job.interval_seconds, now=self._kernel.now)
            self._tallies.append(tally)
            self._kernel.spawn(self._drive(job, tally))

    def record_summaries(self) -> None:
        """Record how often each job ran and its largest gap."""
        for tally in self._tallies:
            self._recorder.record(tally.summary(), cause="monitor")

    def _drive(self, job: TargetJob, tally: Tally) -> SimProcess:
        due = self._first_due(job)
        interval = timedelta(seconds=job.interval_seconds)
        while True:
            yield self._kernel.until(due)
            due += interval
            if self._is_stopped(job.name):
                continue
            now = self._kernel.now
            with caused_by(f"job:{job.name}:{now.isoformat()}"):
                outcome = job.run()
                if outcome.error is not None:
                    self._recorder.record(JobFailed(job=job.name, error=outcome.error))
            if not outcome.missed:
                tally.count(now, busy=outcome.busy)

    def _first_due(self, job: TargetJob) -> datetime:
        now = self._kernel.now
        if job.daily_at_seconds is None:
            return now + timedelta(seconds=job.interval_seconds)
        midnight = now.replace(hour=0, minute=0, second=0)
        today = midnight + timedelta(seconds=job.daily_at_seconds)
        return today if today > now else today + timedelta(days=1)
