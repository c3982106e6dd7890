"""Entrants who leave a contest before its lock: their entry counts no more, and what they paid goes back at once.

Nobody has to decide about it, unlike a refund request: until the lock an entry binds nobody.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import text

from simulation.staging.contests import contests
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.money import refunds
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

REASON = "left_contest"

_ENTERED = text(
    "SELECT user_id FROM contest_participants WHERE contest_instance_id = :contest_id AND user_id = :user_id"
)
_LEAVE = text("""
    INSERT INTO contest_withdrawals (contest_instance_id, user_id) VALUES (:contest_id, :user_id)
    RETURNING withdrawn_at
""")
_LEFT = text("""
    SELECT w.withdrawn_at, (SELECT count(*) FROM refunds r WHERE r.contest_instance_id = w.contest_instance_id
        AND r.user_id = w.user_id AND r.reason = 'left_contest' AND r.created_at = w.withdrawn_at) AS refunds
    FROM contest_withdrawals w WHERE w.contest_instance_id = :contest_id AND w.user_id = :user_id
""")


@dataclass(frozen=True, kw_only=True)
class Withdrawal:
    """``refunds_requested``: fees that go back for it."""

    withdrawn_at: datetime
    refunds_requested: int


def leave(runtime: Runtime, context: Context, contest_id: UUID) -> Withdrawal:
    """Take the acting entrant out; repeating it gives the same answer. Raises 403, 404, 409 `contest_not_open`."""
    with runtime.unit_of_work(
        context, action="contest_left", reason="entrant left the contest", entity=("contest", contest_id)
    ) as work:
        contest = contests.locked(work, contest_id)
        if not work.read(_ENTERED, contest_id=contest_id, user_id=context.actor):
            raise ApiError(403, "not_a_participant", "only an entrant can leave the contest")
        earlier = _of(work, contest_id, context.actor)
        if earlier is not None:
            return earlier
        if contest.status != "SCHEDULED" or contest.lock_time <= datetime.now(UTC):
            raise ApiError(409, "contest_not_open", "entries are final from the lock on")
        withdrawn_at = work.write(_LEAVE, contest_id=contest_id, user_id=context.actor)[0].withdrawn_at
        requested = refunds.request_for_entrant(work, contest_id, context.actor, reason=REASON)
        work.payload.update(user_id=str(context.actor), refunds_requested=requested)
    runtime.log.info(
        "Lifecycle", "contest left", contest_id=contest_id, user_id=context.actor, request_id=context.request_id
    )
    return Withdrawal(withdrawn_at=withdrawn_at, refunds_requested=requested)


def has_left(work: UnitOfWork, contest_id: UUID, user_id: UUID) -> bool:
    """Whether this entrant left the contest; nobody comes back."""
    return _of(work, contest_id, user_id) is not None


def _of(work: UnitOfWork, contest_id: UUID, user_id: UUID) -> Withdrawal | None:
    rows = work.read(_LEFT, contest_id=contest_id, user_id=user_id)
    return Withdrawal(withdrawn_at=rows[0].withdrawn_at, refunds_requested=rows[0].refunds) if rows else None
