"""Entrants who want their fee back: what was asked in time is granted, what was asked after the lock is refused.

Until the lock an entrant may withdraw; from then on the entrants are known, and entries are final.
"""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.contests import contests
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.money import refunds, withdrawals
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

REASON = "requested_by_entrant"

_ENTERED = text(
    "SELECT user_id FROM contest_participants WHERE contest_instance_id = :contest_id AND user_id = :user_id"
)
_INSERT = text("""
    INSERT INTO refund_requests (id, contest_instance_id, user_id, reason, status)
    VALUES (:id, :contest_id, :user_id, :reason, 'open')
    ON CONFLICT (contest_instance_id, user_id) DO NOTHING RETURNING id
""")
_BY_ENTRANT = text("""
    SELECT id, status FROM refund_requests WHERE contest_instance_id = :contest_id AND user_id = :user_id
""")
_LIST = text("""
    SELECT q.*, c.status AS contest_status, q.created_at < c.lock_time AS asked_in_time,
        c.settle_time IS NOT NULL AS settled,
        (SELECT count(*) FROM payment_intents p WHERE p.contest_instance_id = q.contest_instance_id
            AND p.user_id = q.user_id AND p.status = 'SUCCEEDED') AS payments,
        (SELECT count(*) FROM refunds r WHERE r.contest_instance_id = q.contest_instance_id AND r.user_id = q.user_id
            AND r.status = 'completed') AS refunds_completed,
        (SELECT count(*) FROM ledger l WHERE l.contest_instance_id = q.contest_instance_id AND l.user_id = q.user_id
            AND l.entry_type = 'ENTRY_FEE_REFUND' AND l.direction = 'DEBIT') AS refunds_booked
    FROM refund_requests q JOIN contest_instances c ON c.id = q.contest_instance_id
    WHERE CAST(:status AS text) IS NULL OR q.status = :status ORDER BY q.created_at, q.id
""")
_LOCK = text("SELECT * FROM refund_requests WHERE id = :id FOR UPDATE")
_DECIDE = text("""
    UPDATE refund_requests SET status = :status, decision_reason = :reason,
        decided_at = CASE WHEN :status <> 'open' THEN now() END,
        decided_by = CASE WHEN :status <> 'open' THEN CAST(:actor AS uuid) END
    WHERE id = :id
""")


def create(runtime: Runtime, context: Context, contest_id: UUID, reason: str) -> tuple[UUID, str]:
    """Make the acting entrant's request, if there is none yet; its id and status. Raises 403, 404, 409."""
    request_id = runtime.new_id()
    with runtime.unit_of_work(
        context, action="refund_requested", reason="entrant wants the entry fee back", entity=("contest", contest_id)
    ) as work:
        contest = contests.locked(work, contest_id)
        if not work.read(_ENTERED, contest_id=contest_id, user_id=context.actor):
            raise ApiError(403, "not_a_participant", "only an entrant can ask for the entry fee")
        if contest.settle_time is not None or contest.entry_fee_cents == 0:
            raise ApiError(409, "nothing_to_refund", "the contest is settled, or has no entry fee")
        if withdrawals.has_left(work, contest_id, context.actor):
            raise ApiError(409, "nothing_to_refund", "whoever leaves the contest gets the fee back unasked")
        made = work.write(_INSERT, id=request_id, contest_id=contest_id, user_id=context.actor, reason=reason)
        row = work.read(_BY_ENTRANT, contest_id=contest_id, user_id=context.actor)[0]
    if made:
        runtime.log.info(
            "Payment", "refund requested", contest_id=contest_id, user_id=context.actor, request_id=context.request_id
        )
    return row.id, row.status


def requests(runtime: Runtime, *, status: str | None) -> list[Row[Any]]:
    """Requests, oldest first, with what a decision needs to know and what became of the money."""
    return list(runtime.database.read(_LIST, status=status))


def granted_to(work: UnitOfWork, contest_id: UUID, user_id: UUID) -> bool:
    """Whether a refund of this entrant's fee was granted; a grant is final."""
    rows = work.read(_BY_ENTRANT, contest_id=contest_id, user_id=user_id)
    return bool(rows) and rows[0].status == "granted"


def grant(runtime: Runtime, context: Context, request_id: UUID, reason: str) -> int:
    """Request refunds of every fee the entrant paid, who then counts as an entrant no more; the number of refunds.

    Raises 404, 409.
    """
    with runtime.unit_of_work(
        context, action="refund_request_granted", reason=reason, entity=("refund_request", request_id)
    ) as work:
        request, contest = _open(work, request_id)
        if contest.settle_time is not None:
            raise ApiError(409, "contest_settled", "prizes are made of this fee already")
        if request.created_at >= contest.lock_time:
            raise ApiError(409, "asked_after_lock", "an entry stands from the lock on")
        work.write(_DECIDE, id=request_id, status="granted", reason=reason, actor=context.actor)
        made = refunds.request_for_entrant(work, contest.id, request.user_id, reason=REASON)
        work.record_contest_action(
            contest.id, action="refund_request_granted", reason=reason, payload={"refund_request_id": str(request_id)}
        )
        work.result = made
    _log(runtime, context, request, "granted")
    return made


def refuse(runtime: Runtime, context: Context, request_id: UUID, reason: str) -> None:
    """Decline what was asked after the lock. Raises 404, 409."""
    with runtime.unit_of_work(
        context, action="refund_request_refused", reason=reason, entity=("refund_request", request_id)
    ) as work:
        request, contest = _open(work, request_id)
        if request.created_at < contest.lock_time:
            raise ApiError(409, "asked_in_time", "what was asked before the lock is granted")
        work.write(_DECIDE, id=request_id, status="refused", reason=reason, actor=context.actor)
        work.record_contest_action(
            contest.id, action="refund_request_refused", reason=reason, payload={"refund_request_id": str(request_id)}
        )
    _log(runtime, context, request, "refused")


def reopen(runtime: Runtime, context: Context, request_id: UUID, reason: str) -> bool:
    """Withdraw a refusal; False if the request is not refused (a grant is final). Raises 404."""
    with runtime.unit_of_work(
        context, action="refund_request_reopened", reason=reason, entity=("refund_request", request_id)
    ) as work:
        rows = work.read(_LOCK, id=request_id)
        if not rows:
            raise ApiError(404, "refund_request_not_found", f"no refund request {request_id}")
        if rows[0].status != "refused":
            return False
        work.write(_DECIDE, id=request_id, status="open", reason=reason, actor=context.actor)
        work.record_contest_action(
            rows[0].contest_instance_id,
            action="refund_request_reopened",
            reason=reason,
            payload={"refund_request_id": str(request_id)},
        )
        work.result = True
    _log(runtime, context, rows[0], "reopened")
    return True


def _open(work: UnitOfWork, request_id: UUID) -> tuple[Row[Any], Row[Any]]:
    rows = work.read(_LOCK, id=request_id)
    if not rows:
        raise ApiError(404, "refund_request_not_found", f"no refund request {request_id}")
    if rows[0].status != "open":
        raise ApiError(409, "refund_request_decided", f"the request is {rows[0].status}")
    return rows[0], contests.locked(work, rows[0].contest_instance_id)


def _log(runtime: Runtime, context: Context, request: Row[Any], what: str) -> None:
    runtime.log.info(
        "Admin",
        f"refund request {what}",
        entity_id=request.id,
        contest_id=request.contest_instance_id,
        user_id=context.actor,
        request_id=context.request_id,
    )
