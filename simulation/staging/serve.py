"""The platform as a deployment runs it: a WSGI application for a server, and a process whose timers run the jobs.

    gunicorn --workers 2 'simulation.staging.serve:application()'
    python -m simulation.staging.serve jobs
    python -m simulation.staging.serve create-admin NAME EMAIL ROLE
    python -m simulation.staging.serve migrate URL

All but the last are configured by the environment (:meth:`simulation.staging.settings.Settings.from_env`).
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from datetime import UTC, datetime, timedelta
from typing import Any

from simulation.staging.jobs import DailyAt, Every, Job
from simulation.staging.logs import Log, to_stderr
from simulation.staging.platform import Platform
from simulation.staging.schema import migrate
from simulation.staging.settings import Settings, sqlalchemy_url


def application() -> Any:
    """The web application of one worker; no jobs run in it."""
    return Platform(Settings.from_env()).wsgi


class JobTimers:
    """Runs each job at its times, one after another, until told to stop."""

    def __init__(self, jobs: tuple[Job, ...], log: Log) -> None:
        self._jobs = jobs
        self._log = log
        self._stop = threading.Event()
        self._due = {job.name: _first_due(job, _now()) for job in jobs}

    def stop(self) -> None:
        """Begin no further job."""
        self._stop.set()

    def run(self) -> None:
        """Returns after :meth:`stop`. A job that missed several of its times (a long job, a pause of the
        machine) runs once."""
        while not self._stop.is_set():
            for job in self._jobs:
                now = _now()
                if self._due[job.name] <= now:
                    self._due[job.name] = _next_due(job, self._due[job.name], now)
                    self._carry_out(job)
            wait = min(self._due.values()) - _now()
            self._stop.wait(max(0.0, wait.total_seconds()))

    def _carry_out(self, job: Job) -> None:
        result = job.run()
        counts = ",".join(f"{name}:{count}" for name, count in result.counts.items() if count) or None
        outcome = "job broke off" if result.error else "job ran"
        self._log.info(job.domain, outcome, job=job.name, counts=counts, error=result.error)


def _first_due(job: Job, now: datetime) -> datetime:
    if isinstance(job.schedule, Every):
        return now + timedelta(seconds=job.schedule.seconds)
    today = now.replace(hour=job.schedule.hour, minute=job.schedule.minute, second=0, microsecond=0)
    return today if today > now else today + timedelta(days=1)


def _next_due(job: Job, due: datetime, now: datetime) -> datetime:
    """The job's next scheduled time that is not past; a late run does not shift the schedule."""
    interval = timedelta(days=1) if isinstance(job.schedule, DailyAt) else timedelta(seconds=job.schedule.seconds)
    return due + interval * ((now - due) // interval + 1)


def _now() -> datetime:
    return datetime.now(UTC)


def _run_jobs() -> None:
    log = Log(to_stderr)
    platform = Platform(Settings.from_env(), sleep=time.sleep)
    timers = JobTimers(platform.jobs, log)
    for stopping in (signal.SIGTERM, signal.SIGINT):
        signal.signal(stopping, lambda *_: timers.stop())
    try:
        timers.run()
    finally:
        platform.close()


def _create_admin(name: str, email: str, role: str) -> None:
    platform = Platform(Settings.from_env())
    try:
        sys.stdout.write(f"{platform.create_admin(name=name, email=email, role=role)}\n")
    finally:
        platform.close()


def main(arguments: list[str]) -> None:
    """Raises SystemExit for arguments it does not know."""
    match arguments:
        case ["jobs"]:
            _run_jobs()
        case ["create-admin", name, email, role]:
            _create_admin(name, email, role)
        case ["migrate", url]:
            migrate(sqlalchemy_url(url))
        case _:
            raise SystemExit(__doc__)


if __name__ == "__main__":
    main(sys.argv[1:])
