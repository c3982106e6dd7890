"""Drives the background jobs of a platform that lives in this process, each at its own interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from simulation.clock import Kernel, SimProcess
from simulation.events import JobFailed, JobSummary
from simulation.history import Recorder, caused_by
from simulation.target.protocol import TargetJob


@dataclass(kw_only=True)
class _Tally:
    job: TargetJob
    started_at: datetime
    runs: int = 0
    busy_runs: int = 0
    first_at: datetime | None = None
    last_at: datetime | None = None
    largest_gap: timedelta = field(default_factory=timedelta)

    def count(self, at: datetime, *, busy: bool) -> None:
        self.largest_gap = max(self.largest_gap, at - (self.last_at or self.started_at))
        self.first_at = self.first_at or at
        self.last_at = at
        self.runs += 1
        self.busy_runs += busy


class JobDriver:
    """One SimPy process a job. A run that broke off is recorded; the job runs again at its next time."""

    def __init__(self, *, kernel: Kernel, recorder: Recorder, jobs: Sequence[TargetJob]) -> None:
        self._kernel = kernel
        self._recorder = recorder
        self._jobs = jobs
        self._tallies: list[_Tally] = []

    def start(self) -> None:
        """Begin now; the first run of each job is one interval away, as after a deploy."""
        self._tallies = [_Tally(job=job, started_at=self._kernel.now) for job in self._jobs]
        for tally in self._tallies:
            self._kernel.spawn(self._drive(tally))

    def record_summaries(self) -> None:
        """Record how often each job ran and its largest gap."""
        for tally in self._tallies:
            self._recorder.record(
                JobSummary(
                    job=tally.job.name,
                    interval_seconds=tally.job.interval_seconds,
                    runs=tally.runs,
                    busy_runs=tally.busy_runs,
                    first_at=tally.first_at,
                    last_at=tally.last_at,
                    largest_gap_seconds=int(tally.largest_gap.total_seconds()),
                ),
                cause="monitor",
            )

    def _drive(self, tally: _Tally) -> SimProcess:
        due = self._first_due(tally.job)
        interval = timedelta(seconds=tally.job.interval_seconds)
        while True:
            yield self._kernel.until(due)
            due += interval
            now = self._kernel.now
            with caused_by(f"job:{tally.job.name}:{now.isoformat()}"):
                outcome = tally.job.run()
                if outcome.error is not None:
                    self._recorder.record(JobFailed(job=tally.job.name, error=outcome.error))
            if not outcome.missed:
                tally.count(now, busy=outcome.busy)

    def _first_due(self, job: TargetJob) -> datetime:
        now = self._kernel.now
        if job.daily_at_seconds is None:
            return now + timedelta(seconds=job.interval_seconds)
        midnight = now.replace(hour=0, minute=0, second=0)
        today = midnight + timedelta(seconds=job.daily_at_seconds)
        return today if today > now else today + timedelta(days=1)
