"""Background work: what runs, how often, and what came of the last run. Whoever owns the clock calls `run`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from simulation.staging import context, lifecycle, payouts, reconciliation, settlement
from simulation.staging.context import Context
from simulation.staging.ingestion import poller
from simulation.staging.logs import Domain
from simulation.staging.runtime import Runtime


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
    """Counts of one run; `error` when the run broke off."""

    counts: Mapping[str, int] = field(default_factory=dict)
    error: str | None = None


@dataclass(frozen=True, kw_only=True)
class LastRun:
    """What the platform remembers of a job."""

    at: datetime
    result: JobResult


@dataclass(frozen=True, kw_only=True)
class Job:
    """One background job. `run` never raises: a run that broke off is logged and its error is in the result."""

    name: str
    schedule: Every | DailyAt
    run: Callable[[], JobResult]


class JobBook:
    """Remembers the last run of each job, in memory: an idle run writes nothing to the database."""

    def __init__(self) -> None:
        self.last_runs: dict[str, LastRun] = {}

    def record(self, name: str, result: JobResult) -> None:
        """Remember a run that ends now."""
        self.last_runs[name] = LastRun(at=datetime.now(UTC), result=result)


def make_jobs(runtime: Runtime, book: JobBook) -> tuple[Job, ...]:
    """The platform's jobs at their intervals; none in the test environment (specification 06A)."""
    settings = runtime.settings
    if not settings.jobs_enabled:
        return ()
    return (
        _job(
            runtime,
            book,
            "lifecycle_reconciler",
            Every(seconds=settings.lifecycle_interval_seconds),
            "Lifecycle",
            lambda ctx: lifecycle.reconcile(runtime, ctx),
        ),
        _job(
            runtime,
            book,
            "ingestion_poller",
            Every(seconds=settings.ingestion_interval_seconds),
            "Ingestion",
            lambda ctx: poller.run(runtime, ctx),
        ),
        _job(
            runtime,
            book,
            "settlement",
            Every(seconds=settings.settlement_interval_seconds),
            "Settlement",
            lambda ctx: settlement.run(runtime, ctx),
        ),
        _job(
            runtime,
            book,
            "payout_scheduler",
            Every(seconds=settings.payout_interval_seconds),
            "Payout",
            lambda ctx: payouts.run(runtime, ctx),
        ),
        _job(
            runtime,
            book,
            "financial_reconciliation",
            DailyAt(hour=settings.reconciliation_hour, minute=0),
            "Payment",
            lambda ctx: reconciliation.run(runtime, ctx),
        ),
    )


def _job(
    runtime: Runtime,
    book: JobBook,
    name: str,
    schedule: Every | DailyAt,
    domain: Domain,
    work: Callable[[Context], Any],
) -> Job:
    def run() -> JobResult:
        acting = context.of_job(name)
        try:
            result = JobResult(counts=vars(work(acting)))
        except Exception as error:
            result = JobResult(error=" ".join(repr(error).split())[:500])
            runtime.log.error(domain, "job broke off", job=name, error=result.error, request_id=acting.request_id)
        book.record(name, result)
        return result

    return Job(name=name, schedule=schedule, run=run)
