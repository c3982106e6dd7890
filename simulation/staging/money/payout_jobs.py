"""Payout jobs: one for each settlement, done when every transfer of it is terminal."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.context import Context
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

_START_JOB = text("""
    UPDATE payout_jobs SET status = 'processing', started_at = now() WHERE id = :id AND status = 'pending' RETURNING id
""")
_LOCK_JOB = text("SELECT id FROM payout_jobs WHERE id = :id FOR UPDATE")
_COUNT_TRANSFERS = text("""
    UPDATE payout_jobs j SET completed_count = n.completed, failed_count = n.failed,
        status = CASE WHEN n.completed + n.failed = j.total_payouts THEN 'complete' ELSE j.status END,
        completed_at = CASE WHEN n.completed + n.failed = j.total_payouts THEN now() END
    FROM (SELECT count(*) FILTER (WHERE status = 'completed') AS completed,
                 count(*) FILTER (WHERE status = 'failed_terminal') AS failed
          FROM payout_transfers WHERE payout_job_id = :id) n
    WHERE j.id = :id AND j.status = 'processing'
      AND (n.completed + n.failed = j.total_payouts OR (n.completed, n.failed) <> (j.completed_count, j.failed_count))
    RETURNING j.status, j.contest_id, j.completed_count, j.failed_count
""")


def group_of(contest_id: UUID) -> str:
    """Stripe's transfer group of a contest's prizes."""
    return f"contest:{contest_id}"


def start(runtime: Runtime, context: Context, job: Row[Any]) -> None:
    """Begin a job that has not begun; one without winners is done at once."""
    with runtime.unit_of_work(
        context, action="payout_job_started", reason="the contest is settled", entity=("payout_job", job.id)
    ) as work:
        if work.write(_START_JOB, id=job.id):
            work.record_contest_action(job.contest_id, action="payouts_started", reason=work.reason)
        count_transfers(work, job.id)


def count_transfers(work: UnitOfWork, job_id: UUID) -> None:
    """Update a job's counts and finish it when every transfer is terminal; a row lock serialises schedulers."""
    work.read(_LOCK_JOB, id=job_id)
    for job in work.write(_COUNT_TRANSFERS, id=job_id):
        if job.status == "complete":
            counts = {"completed_count": job.completed_count, "failed_count": job.failed_count}
            work.record_contest_action(
                job.contest_id, action="payouts_complete", reason="every transfer is terminal", payload=dict(counts)
            )
