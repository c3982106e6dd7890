"""Background jobs: what runs, how often, and the result of the last run. Whoever owns the clock calls `run`."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import stripe
from pydantic import TypeAdapter
from sqlalchemy import TextClause

from simulation.staging import configuration, context, lifecycle
from simulation.staging.agenda import Agenda
from simulation.staging.context import Context
from simulation.staging.database import PASSING, UNREACHABLE
from simulation.staging.logs import Domain
from simulation.staging.money import payouts, reconciliation
from simulation.staging.runtime import Runtime
from simulation.staging.scores import poller
from simulation.staging.settlement import settlement

JOBS = ("lifecycle_reconciler", "ingestion_poller", "settlement", "payout_scheduler", "financial_reconciliation")


@dataclass(frozen=True, kw_only=True)
class Every:
    """Runs at a fixed interval."""

    seconds: int


@dataclass(frozen=True, kw_only=True)
class DailyAt:
    """Runs once a day, UTC."""

    hour: int
    minute: int


@dataclass(frozen=True, kw_only=True)
class JobResult:
    """Counts of one run; `error` when the run failed."""

    counts: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class LastRun:
    """The last run of a job."""

    at: datetime
    result: JobResult
    broken_off: int = 0
    """Consecutive runs, up to this one, that ended with an unforeseen error."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One background job. `run` never raises: a run that failed is logged and its error is in the result."""

    name: str
    domain: Domain
    schedule: Every | DailyAt
    run: Callable[[], JobResult]


_LAST_RUNS = TypeAdapter(dict[str, LastRun])


class JobBook:
    """Remembers the last run of each job, in memory: an idle run writes nothing to the database.

    `file` shares it among the processes of a deployment: the process that runs a job writes it, the others read it.
    """

    def __init__(self, file: Path | None = None) -> None:
        self._file = file
        self._last_runs: dict[str, LastRun] = {}

    @property
    def last_runs(self) -> Mapping[str, LastRun]:
        """Job to its last run; jobs that have not run yet are not in it."""
        if self._file is None or not self._file.exists():
            return self._last_runs
        return _LAST_RUNS.validate_json(self._file.read_bytes())

    def record(self, name: str, result: JobResult, *, foreseen: bool = True) -> None:
        """Store the result of a run that ends now.

        :param foreseen: False if the run failed with an error that no other metric shows.
        """
        known = self.last_runs
        before = known[name].broken_off if name in known else 0
        run = LastRun(at=datetime.now(UTC), result=result, broken_off=0 if foreseen else before + 1)
        self._last_runs = {**known, name: run}
        if self._file is not None:
            draft = self._file.with_name(f"{self._file.name}.{os.getpid()}")
            draft.write_bytes(_LAST_RUNS.dump_json(self._last_runs))
            draft.replace(self._file)


def make_jobs(runtime: Runtime, book: JobBook) -> tuple[Job, ...]:
    """The platform's jobs at their intervals; none in the test environment (fixtures/spec/requirements.md, A-14)."""
    settings = runtime.settings
    if not settings.jobs_enabled:
        return ()
    works = (
        _Work(
            name="lifecycle_reconciler",
            schedule=Every(seconds=settings.lifecycle_interval_seconds),
            domain="Lifecycle",
            due=lifecycle.DUE,
            run=lambda ctx: lifecycle.reconcile(runtime, ctx),
        ),
        _Work(
            name="ingestion_poller",
            schedule=Every(seconds=settings.ingestion_interval_seconds),
            domain="Ingestion",
            due=poller.DUE,
            run=lambda ctx: poller.run(runtime, ctx),
        ),
        _Work(
            name="settlement",
            schedule=Every(seconds=settings.settlement_interval_seconds),
            domain="Settlement",
            due=settlement.DUE,
            run=lambda ctx: settlement.run(runtime, ctx),
        ),
        _Work(
            name="payout_scheduler",
            schedule=Every(seconds=settings.payout_interval_seconds),
            domain="Payout",
            due=payouts.OPEN,
            run=lambda ctx: payouts.run(runtime, ctx),
        ),
        _Work(
            name="financial_reconciliation",
            schedule=DailyAt(hour=settings.reconciliation_hour, minute=0),
            domain="Payment",
            due=None,
            run=lambda ctx: reconciliation.run(runtime, ctx),
        ),
    )
    due = {work.name: work.due for work in works if work.due is not None}
    agenda = Agenda(runtime.database, due, active_version=configuration.ACTIVE_VERSION)
    return tuple(_job(runtime, book, agenda, work) for work in works)


@dataclass(frozen=True, kw_only=True)
class _Work:
    """What a job does; `due` is the query for its work, None for a job that has work at every run."""

    name: str
    schedule: Every | DailyAt
    domain: Domain
    due: TextClause | None
    run: Callable[[Context], Any]


def _job(runtime: Runtime, book: JobBook, agenda: Agenda, work: _Work) -> Job:
    def run() -> JobResult:
        result, foreseen = _IDLE, True
        try:
            if work.due is None or agenda.has_work_for(work.name):
                configuration.follow(runtime, agenda.active_version())
                result = JobResult(counts=vars(_repeated(runtime, work)))
        except Exception as error:
            result = JobResult(error=" ".join(repr(error).split())[:500])
            request_id = context.of_job(work.name).request_id
            runtime.log.error(work.domain, "job broke off", job=work.name, error=result.error, request_id=request_id)
            foreseen = isinstance(error, _FORESEEN)
        book.record(work.name, result, foreseen=foreseen)
        return result

    return Job(name=work.name, domain=work.domain, schedule=work.schedule, run=run)


def _repeated(runtime: Runtime, work: _Work) -> Any:
    """Run it, again at once where the database broke it off: a run begins with what the database says is left to do."""
    for _ in range(_ATTEMPTS - 1):
        try:
            return work.run(context.of_job(work.name))
        except UNREACHABLE as error:
            runtime.log.warning(
                work.domain, "job broken off by the database, repeated", job=work.name, error=repr(error)
            )
    return work.run(context.of_job(work.name))


_IDLE = JobResult()
_ATTEMPTS = 3
"""Of one run, where the database breaks it off."""
_FORESEEN = (*PASSING, stripe.StripeError)
"""Database or Stripe cannot be reached: a later run will succeed, and other metrics show it."""
