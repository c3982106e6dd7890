"""Refunds whose money came back: the bank could not credit it, or Stripe canceled it before it arrived.

The entrant is still owed the fee (`fixtures/spec/stripe.md` 18), on an account of its own: the entry stays away, and
the contest's pool has no part in it. Sending it to the same card again would end the same way, so people see to another
way to pay it, and an admin acknowledges that.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import Row, text

from simulation.staging.errors import ApiError
from simulation.staging.money import ledger
from simulation.staging.money.acknowledgement import Acknowledgement
from simulation.staging.money.refunds import MADE_AT_STRIPE
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

RETURNED, OWED = "returned", "owed"
"""Statuses: the money is back and nobody has seen to it; an admin has."""

_SENT = text("SELECT * FROM refunds WHERE stripe_refund_id = :stripe_refund_id FOR UPDATE")
_COME_BACK = text("""
    UPDATE refunds SET status = 'returned', failure_reason = :reason, updated_at = now() WHERE id = :id
""")
_LIST = text("""
    SELECT r.*, (SELECT coalesce(sum(CASE l.direction WHEN 'CREDIT' THEN l.amount_cents ELSE -l.amount_cents END), 0)
        FROM ledger l WHERE l.reference_type = 'refund' AND l.reference_id = r.id
            AND l.account = 'refunds_payable:' || r.contest_instance_id || ':' || r.user_id
            AND l.currency = r.currency)::bigint AS owed_cents
    FROM refunds r WHERE CAST(:status AS text) IS NULL OR r.status = :status ORDER BY r.created_at, r.id
""")


def _returned_only(row: Row[Any]) -> None:
    if row.status not in (RETURNED, OWED):
        raise ApiError(409, "refund_not_returned", f"the refund is {row.status}")


TO_ACKNOWLEDGE = Acknowledgement(
    name="refund",
    lock=text("SELECT id, contest_instance_id AS contest_id, status FROM refunds WHERE id = :id FOR UPDATE"),
    write=text("""
        UPDATE refunds SET status = CASE WHEN :acknowledged THEN 'owed' ELSE 'returned' END, updated_at = now()
        WHERE id = :id
    """),
    refuse=_returned_only,
)


class RefundNotSentYet(Exception):
    """The refund that came back is not recorded as sent: its outcome is still to come, and so is the event again."""


def came_back(work: UnitOfWork, refund: Mapping[str, Any], stripe_event_id: str) -> str:
    """Book money that is back at Stripe, once, however many events tell of it.

    What went to an entrant is owed to the entrant again; a part that Stripe gave by itself was the platform's loss.
    """
    rows = work.read(_SENT, stripe_refund_id=refund["id"])
    if not rows:
        raise RefundNotSentYet(f"{refund['id']}: no refund was sent under this id")
    row = rows[0]
    if row.status in (RETURNED, OWED):
        return "refund came back before"
    work.write(_COME_BACK, id=row.id, reason=str(refund.get("failure_reason") or refund["status"]).upper())
    given_by_stripe = row.reason == MADE_AT_STRIPE
    ledger.post(
        work,
        ledger.Posting(
            key=f"entry_fee_refund:{row.id}:returned",
            entry_type="ENTRY_FEE_REFUND_RETURNED",
            debit=ledger.STRIPE,
            credit=ledger.PLATFORM if given_by_stripe else ledger.refunds_payable(row.contest_instance_id, row.user_id),
            amount_cents=row.amount_cents,
            currency=row.currency,
            contest_id=row.contest_instance_id,
            user_id=row.user_id,
            reference_type="refund",
            reference_id=row.id,
            stripe_event_id=stripe_event_id,
        ),
    )
    return "refund came back"


def refunds(runtime: Runtime, *, status: str | None) -> list[Row[Any]]:
    """Refunds of a status or all, oldest first, with what the books say that each entrant is owed of it."""
    return list(runtime.database.read(_LIST, status=status))
