"""Chargebacks: what a cardholder's bank took back, what it cost, and who acknowledged it.

Stripe debits us at once (`fixtures/spec/stripe.md` 16); a transfer that was made stays, and so does the entry: the
payment did succeed, and payment state never moves a contest. What was withdrawn and Stripe's fee are the platform's own
loss.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.money import ledger, payment_events
from simulation.staging.money.acknowledgement import Acknowledgement
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

_INSERT = text("""
    INSERT INTO disputes (id, stripe_dispute_id, payment_intent_id, contest_instance_id, user_id, amount_cents,
        fee_cents, reason)
    VALUES (:id, :stripe_dispute_id, :payment_intent_id, :contest_id, :user_id, :amount_cents, :fee_cents, :reason)
    ON CONFLICT (stripe_dispute_id) DO NOTHING RETURNING id
""")
_LIST = text("""
    SELECT d.*, c.status AS contest_status, c.settle_time,
        coalesce((SELECT sum(l.amount_cents) FROM ledger l WHERE l.reference_type = 'dispute' AND l.reference_id = d.id
            AND l.account = 'stripe' AND l.direction = 'CREDIT'), 0)::bigint AS booked_cents
    FROM disputes d JOIN contest_instances c ON c.id = d.contest_instance_id
    WHERE CAST(:acknowledged AS boolean) IS NULL OR (d.acknowledged_at IS NOT NULL) = :acknowledged
    ORDER BY d.created_at, d.id
""")
TO_ACKNOWLEDGE = Acknowledgement(
    name="dispute",
    lock=text("SELECT id, contest_instance_id AS contest_id FROM disputes WHERE id = :id FOR UPDATE"),
    write=text("""
        UPDATE disputes SET acknowledged_at = CASE WHEN :acknowledged THEN now() END, updated_at = now(),
            acknowledged_by = CASE WHEN :acknowledged THEN CAST(:actor AS uuid) END
        WHERE id = :id
    """),
)


class DisputeOfUnbookedPayment(Exception):
    """The payment is not booked yet: its own event is still to come, and Stripe will deliver the dispute's again."""


def opened(work: UnitOfWork, dispute: Mapping[str, Any], stripe_event_id: str) -> str:
    """Record a dispute and book what Stripe withdrew, once, however many events report it."""
    payment = payment_events.locked_intent(work, {"id": dispute["payment_intent"]})
    if payment.status != "SUCCEEDED":
        raise DisputeOfUnbookedPayment(f"{dispute['id']}: the payment intent {payment.id} is {payment.status}")
    withdrawn_cents, fee_cents = _withdrawn(dispute)
    stored = work.write(
        _INSERT,
        id=work.new_id(),
        stripe_dispute_id=dispute["id"],
        payment_intent_id=payment.id,
        contest_id=payment.contest_instance_id,
        user_id=payment.user_id,
        amount_cents=withdrawn_cents,
        fee_cents=fee_cents,
        reason=str(dispute.get("reason") or "unknown"),
    )
    if not stored:
        return "dispute was recorded before"
    _post(work, payment, stored[0].id, "withdrawn", withdrawn_cents, stripe_event_id)
    _post(work, payment, stored[0].id, "fee", fee_cents, None)
    return "dispute recorded and booked"


def _withdrawn(dispute: Mapping[str, Any]) -> tuple[int, int]:
    """What left our balance for the cardholder, and the fee, by the balance transactions that the dispute names."""
    lines = dispute.get("balance_transactions") or []
    return -sum(int(line["amount"]) for line in lines), sum(int(line["fee"]) for line in lines)


def _post(
    work: UnitOfWork, payment: Row[Any], dispute_id: UUID, what: str, amount_cents: int, stripe_event_id: str | None
) -> None:
    ledger.post(
        work,
        ledger.Posting(
            key=f"dispute:{dispute_id}:{what}",
            entry_type="ADJUSTMENT",
            debit=ledger.PLATFORM,
            credit=ledger.STRIPE,
            amount_cents=amount_cents,
            contest_id=payment.contest_instance_id,
            user_id=payment.user_id,
            reference_type="dispute",
            reference_id=dispute_id,
            stripe_event_id=stripe_event_id,
            metadata={"dispute": what},
        ),
    )


def disputes(runtime: Runtime, *, acknowledged: bool | None) -> list[Row[Any]]:
    """Disputes, oldest first, with what the ledger has of each and where its contest stands."""
    return list(runtime.database.read(_LIST, acknowledged=acknowledged))
