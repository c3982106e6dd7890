"""What ops see of payout jobs as a whole: those that have not begun, and batches that paid only some of the winners."""

from __future__ import annotations

from typing import Any, Literal
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.runtime import Runtime

State = Literal["not_started", "partial"]
STATES: tuple[State, ...] = ("not_started", "partial")
NOT_STARTED_MINUTES = 15
"""The scheduler runs every 5 minutes; two missed runs are not a coincidence."""

PARTIAL = "j.status = 'complete' AND j.completed_count > 0 AND j.failed_count > 0 AND j.reviewed_at IS NULL"
"""SQL condition: some winners were paid, others could not be, and nobody has reviewed it."""
NOT_STARTED = f"""
    (j.id IS NULL OR j.status = 'pending' AND NOT EXISTS (
        SELECT FROM payout_transfers h WHERE h.payout_job_id = j.id AND h.held_reason IS NOT NULL))
    AND s.settled_at < now() - make_interval(mins => {NOT_STARTED_MINUTES})
"""
"""SQL condition: settled more than the threshold ago, job not begun or missing, and not held by the scheduler."""
SETTLED = "settlement_records s LEFT JOIN payout_jobs j ON j.settlement_id = s.id"

_LIST = text(f"""
    SELECT s.contest_instance_id AS contest_id, c.currency, s.settled_at, j.id, coalesce(j.status, 'missing') AS status,
        coalesce(j.total_payouts, 0) AS total_payouts, coalesce(j.completed_count, 0) AS completed_count,
        coalesce(j.failed_count, 0) AS failed_count, j.reviewed_at, j.reviewed_by,
        coalesce(t.completed_cents, 0) AS completed_cents, coalesce(t.failed_cents, 0) AS failed_cents,
        coalesce(t.unacknowledged, 0) AS unacknowledged,
        (SELECT coalesce(sum((r ->> 'payout_cents')::bigint), 0)::bigint
         FROM jsonb_array_elements(s.results -> 'rankings') r) AS settled_cents
    FROM {SETTLED} JOIN contest_instances c ON c.id = s.contest_instance_id
    LEFT JOIN LATERAL (
        SELECT coalesce(sum(amount_cents) FILTER (WHERE status = 'completed'), 0)::bigint AS completed_cents,
               coalesce(sum(amount_cents) FILTER (WHERE status = 'failed_terminal'), 0)::bigint AS failed_cents,
               count(*) FILTER (WHERE status = 'failed_terminal' AND acknowledged_at IS NULL) AS unacknowledged
        FROM payout_transfers WHERE payout_job_id = j.id) t ON true
    WHERE CAST(:state AS text) IS NULL OR :state = 'partial' AND {PARTIAL} OR :state = 'not_started' AND {NOT_STARTED}
    ORDER BY s.settled_at, s.id
""")  # noqa: S608 - every part is ours
_LOCK = text("""
    SELECT j.id, j.contest_id, j.status, j.completed_count, j.failed_count,
        (SELECT count(*) FROM payout_transfers WHERE payout_job_id = j.id AND status = 'failed_terminal'
            AND acknowledged_at IS NULL) AS unacknowledged
    FROM payout_jobs j WHERE j.id = :id FOR UPDATE OF j
""")
_REVIEW = text("""
    UPDATE payout_jobs SET reviewed_at = CASE WHEN :reviewed THEN now() END,
        reviewed_by = CASE WHEN :reviewed THEN CAST(:actor AS uuid) END WHERE id = :id
""")


def batches(runtime: Runtime, state: State | None) -> list[Row[Any]]:
    """One row for each settled contest, oldest first, with its job's counts and sums; of a state, or all."""
    return list(runtime.database.read(_LIST, state=state))


def review(runtime: Runtime, context: Context, job_id: UUID, *, reviewed: bool, reason: str) -> None:
    """Mark a batch with failures as reviewed, winner by winner, or withdraw the mark.

    Raises 404; 409 `batch_not_partial`, or `transfers_not_acknowledged` while a failed transfer is not acknowledged.
    """
    action = "payout_batch_reviewed" if reviewed else "payout_batch_review_withdrawn"
    with runtime.unit_of_work(context, action=action, reason=reason, entity=("payout_job", job_id)) as work:
        rows = work.read(_LOCK, id=job_id)
        if not rows:
            raise ApiError(404, "payout_job_not_found", f"no payout job {job_id}")
        job = rows[0]
        if job.status != "complete" or not job.completed_count or not job.failed_count:
            raise ApiError(409, "batch_not_partial", f"{job.completed_count} completed, {job.failed_count} failed")
        if reviewed and job.unacknowledged:
            raise ApiError(409, "transfers_not_acknowledged", f"{job.unacknowledged} failures are not acknowledged")
        work.write(_REVIEW, id=job_id, reviewed=reviewed, actor=context.actor)
        work.record_contest_action(job.contest_id, action=action, reason=reason, payload={"payout_job_id": str(job_id)})
    runtime.log_admin(context, action, entity_id=job_id, contest_id=job.contest_id)
