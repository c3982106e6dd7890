"""Disputes: what a cardholder's bank asks about, takes back or gives back, what it costs, and who acknowledged it.

Stripe debits us at once (`fixtures/spec/stripe.md` 16, 19); a transfer that was made stays, and so does the entry: the
payment did succeed, and payment state never moves a contest. What was withdrawn and Stripe's fee are the platform's own
loss, and what comes back of a dispute that is won is its own again. Every event shows the dispute as it stood, with the
balance transactions so far, so events may come in any order: what is not booked yet is booked.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.money import ledger, payment_events
from simulation.staging.money.acknowledgement import Acknowledgement
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

_CLOSED = ("won", "lost")
_KNOWN = text("SELECT * FROM disputes WHERE stripe_dispute_id = :stripe_dispute_id FOR UPDATE")
_INSERT = text("""
    INSERT INTO disputes (id, stripe_dispute_id, payment_intent_id, contest_instance_id, user_id, amount_cents,
        currency, fee_cents, reason, status)
    VALUES (:id, :stripe_dispute_id, :payment_intent_id, :contest_id, :user_id, :amount_cents, :currency, :fee_cents,
        :reason, :status)
    RETURNING *
""")
_TAKE = text("""
    UPDATE disputes SET amount_cents = :amount_cents, fee_cents = :fee_cents, acknowledged_at = NULL,
        acknowledged_by = NULL, updated_at = now()
    WHERE id = :id
""")
_GO_ON = text("""
    UPDATE disputes SET status = :status, reinstated_cents = :reinstated_cents, updated_at = now() WHERE id = :id
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


class DisputeOfUnbookedPayment(payment_events.UnknownPaymentIntent):
    """The payment is not booked yet: its own event is still to come, and Stripe will deliver the dispute's again."""


@dataclass(frozen=True, kw_only=True)
class _Moved:
    """What the balance transactions of a dispute say so far, in cents: out of our balance, Stripe's fee, back again."""

    withdrawn_cents: int
    fee_cents: int
    reinstated_cents: int


def told(work: UnitOfWork, dispute: Mapping[str, Any], stripe_event_id: str) -> str:
    """Record a dispute as an event shows it, and book what moved, each once, however many events report it."""
    payment = payment_events.locked_intent(work, {"id": dispute["payment_intent"]})
    if payment.status != "SUCCEEDED":
        raise DisputeOfUnbookedPayment(f"{dispute['id']}: the payment intent {payment.id} is {payment.status}")
    moved = _moved(dispute)
    known = work.read(_KNOWN, stripe_dispute_id=dispute["id"])
    row = known[0] if known else _recorded(work, dispute, payment, moved)
    takes = moved.withdrawn_cents > 0 and (not known or row.amount_cents == 0)
    if takes:
        if known:
            work.write(_TAKE, id=row.id, amount_cents=moved.withdrawn_cents, fee_cents=moved.fee_cents)
        _post(work, payment, row.id, "withdrawn", moved.withdrawn_cents, stripe_event_id)
        _post(work, payment, row.id, "fee", moved.fee_cents, None)
    gives = moved.reinstated_cents > row.reinstated_cents
    status = row.status if row.status in _CLOSED else dispute["status"]
    if gives or status != row.status:
        work.write(_GO_ON, id=row.id, status=status, reinstated_cents=max(row.reinstated_cents, moved.reinstated_cents))
    if gives:
        _post(work, payment, row.id, "reinstated", moved.reinstated_cents, None if takes else stripe_event_id)
    return "dispute recorded and booked" if takes or gives else "dispute recorded, nothing to book"


def _recorded(work: UnitOfWork, dispute: Mapping[str, Any], payment: Row[Any], moved: _Moved) -> Row[Any]:
    rows = work.write(
        _INSERT,
        id=work.new_id(),
        stripe_dispute_id=dispute["id"],
        payment_intent_id=payment.id,
        contest_id=payment.contest_instance_id,
        user_id=payment.user_id,
        amount_cents=moved.withdrawn_cents,
        currency=payment.received_currency,
        fee_cents=moved.fee_cents,
        reason=str(dispute.get("reason") or "unknown"),
        status=dispute["status"],
    )
    return rows[0]


def _moved(dispute: Mapping[str, Any]) -> _Moved:
    lines = dispute.get("balance_transactions") or []
    amounts = [int(line["amount"]) for line in lines]
    return _Moved(
        withdrawn_cents=-sum(amount for amount in amounts if amount < 0),
        fee_cents=sum(int(line["fee"]) for line in lines),
        reinstated_cents=sum(amount for amount in amounts if amount > 0),
    )


def _post(
    work: UnitOfWork, payment: Row[Any], dispute_id: UUID, what: str, amount_cents: int, stripe_event_id: str | None
) -> None:
    lost, kept = (ledger.PLATFORM, ledger.STRIPE) if what != "reinstated" else (ledger.STRIPE, ledger.PLATFORM)
    ledger.post(
        work,
        ledger.Posting(
            key=f"dispute:{dispute_id}:{what}",
            entry_type="ADJUSTMENT",
            debit=lost,
            credit=kept,
            amount_cents=amount_cents,
            currency=payment.received_currency,
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
