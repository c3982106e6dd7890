"""What Stripe's events do to payments. Every function runs in the transaction that also stores the event."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.clients.stripe import RETURNED_AT_STRIPE, RefundAtStripe
from simulation.staging.contests import contests
from simulation.staging.money import ledger, refund_requests, refunds, returned_refunds, withdrawals
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

_BY_STRIPE_ID = text("SELECT * FROM payment_intents WHERE stripe_payment_intent_id = :stripe_id FOR UPDATE")
_NOT_ADOPTED = text("SELECT * FROM payment_intents WHERE id = :id AND stripe_payment_intent_id IS NULL FOR UPDATE")
_NEWER = text("""
    SELECT 1 FROM stripe_events WHERE raw_payload_json #>> '{data,object,id}' = :stripe_id AND event_type = ANY (:types)
        AND CAST(raw_payload_json ->> 'created' AS bigint) > :created LIMIT 1
""")
_OF_ONE_SECOND = text("""
    SELECT 1 FROM stripe_events WHERE raw_payload_json #>> '{data,object,id}' = :stripe_id AND event_type = ANY (:types)
        AND CAST(raw_payload_json ->> 'created' AS bigint) = :created LIMIT 1
""")
_SET_STATUS = text("""
    UPDATE payment_intents SET status = :status, stripe_payment_intent_id = :stripe_id, updated_at = now()
    WHERE id = :id AND (status, stripe_payment_intent_id) IS DISTINCT FROM (:status, :stripe_id)
""")
_SET_PAID = text("""
    UPDATE payment_intents SET status = 'SUCCEEDED', received_cents = :received_cents,
        received_currency = :received_currency, stripe_payment_intent_id = :stripe_id, updated_at = now()
    WHERE id = :id
""")
_OTHER_COUNTED = text(f"""
    SELECT p.id FROM payment_intents p
    WHERE p.contest_instance_id = :contest_id AND p.user_id = :user_id AND p.id <> :id AND p.status = 'SUCCEEDED'
      AND NOT {refunds.GIVEN_BACK}
    ORDER BY p.id LIMIT 1
""")  # noqa: S608 - every part is ours

STATUSES = {
    "payment_intent.payment_failed": "FAILED",
    "payment_intent.requires_action": "REQUIRES_ACTION",
    "payment_intent.processing": "PROCESSING",
    "payment_intent.canceled": "CANCELED",
}
"""What an event says of an intent that is not paid."""
_AT_STRIPE = {"REQUIRES_PAYMENT_METHOD": "FAILED"}
"""Of an intent that was tried: our word for a status at Stripe, where it is another."""


class UnknownPaymentIntent(Exception):
    """PAYMENT_INTENT_NOT_FOUND: the event is about an intent that we do not have (yet)."""


class AmountMismatch(Exception):
    """More went back than came; nothing is booked."""


def locked_intent(work: UnitOfWork, intent: Mapping[str, Any]) -> Row[Any]:
    """Our row for Stripe's intent; if the call that created it got no answer, it is found by its metadata."""
    rows = work.read(_BY_STRIPE_ID, stripe_id=intent["id"])
    ours = (intent.get("metadata") or {}).get("payment_intent_id")
    if not rows and ours:
        try:
            rows = work.read(_NOT_ADOPTED, id=UUID(ours))
        except ValueError:
            rows = []
    if not rows:
        raise UnknownPaymentIntent(f"PAYMENT_INTENT_NOT_FOUND: {intent['id']}")
    return rows[0]


def succeeded(work: UnitOfWork, intent: Mapping[str, Any], stripe_event_id: str) -> str:
    """Book what came, once for each payment. A payment that counts in no contest is booked too, and refunded."""
    payment = locked_intent(work, intent)
    received, currency = intent.get("amount_received") or intent["amount"], str(intent["currency"]).upper()
    if payment.status == "SUCCEEDED":
        return "payment was booked before"
    contest = contests.locked(work, payment.contest_instance_id)
    reason = _refund_reason(work, contest, payment, received=(received, currency))
    work.write(_SET_PAID, id=payment.id, received_cents=received, received_currency=currency, stripe_id=intent["id"])
    ledger.post(
        work,
        ledger.Posting(
            key=f"entry_fee:{payment.id}",
            entry_type="ENTRY_FEE",
            debit=ledger.STRIPE,
            credit=ledger.contest_pool(contest.id),
            amount_cents=received,
            currency=currency,
            contest_id=contest.id,
            user_id=payment.user_id,
            reference_type="payment_intent",
            reference_id=payment.id,
            stripe_event_id=stripe_event_id,
            metadata={"stripe_payment_intent_id": intent["id"]},
        ),
    )
    if reason is None:
        return "entry fee booked"
    refunds.request(
        work,
        payment_intent_id=payment.id,
        contest_id=contest.id,
        user_id=payment.user_id,
        amount_cents=received,
        currency=currency,
        reason=reason,
    )
    return f"entry fee booked, refund requested: {reason}"


def _refund_reason(work: UnitOfWork, contest: Row[Any], payment: Row[Any], *, received: tuple[int, str]) -> str | None:
    """:param received: amount and currency."""
    if received[1] != payment.currency:
        return refunds.WRONG_CURRENCY
    if received[0] != payment.amount_cents:
        return refunds.WRONG_AMOUNT
    if contest.status == "CANCELLED":
        return "contest_cancelled"
    if contest.settle_time is not None:
        return "paid_after_settlement"
    if withdrawals.has_left(work, contest.id, payment.user_id):
        return withdrawals.REASON
    if refund_requests.granted_to(work, contest.id, payment.user_id):
        return refund_requests.REASON
    if work.read(_OTHER_COUNTED, contest_id=contest.id, user_id=payment.user_id, id=payment.id):
        return "duplicate_payment"
    return None


def status_now(runtime: Runtime, event: Mapping[str, Any]) -> str | None:
    """What Stripe has of an intent now, in our words, where we know another event of the same second; else None.

    Events say their second only, so that of two of one second nobody knows which is the newer. Asked before the
    transaction: no lock waits for Stripe. Raises `stripe.StripeError`; Stripe then delivers again.
    """
    if event["type"] not in STATUSES:
        return None
    intent_id, others = event["data"]["object"]["id"], [kind for kind in STATUSES if kind != event["type"]]
    if not runtime.database.read(_OF_ONE_SECOND, stripe_id=intent_id, types=others, created=event["created"]):
        return None
    status = runtime.stripe.retrieve_payment_intent(intent_id).status
    return _AT_STRIPE.get(status, status)


def told_status(work: UnitOfWork, event: Mapping[str, Any], now: str | None) -> str:
    """An unpaid intent's status, unless a newer event has told it already: events come in any order.

    :param now: what Stripe says when asked; it outranks the event.
    """
    intent = event["data"]["object"]
    locked_intent(work, intent)  # so that no other event of it is processed between the question and the answer
    if work.read(_NEWER, stripe_id=intent["id"], types=[*STATUSES], created=event["created"]):
        return "a newer event has told the status; older event"
    if now == "SUCCEEDED":
        return "the payment has succeeded; older event"
    return changed_status(work, intent, now or STATUSES[event["type"]])


def changed_status(work: UnitOfWork, intent: Mapping[str, Any], status: str) -> str:
    """An intent failed, was cancelled or is being processed; money already received outranks an older event."""
    payment = locked_intent(work, intent)
    if payment.status == "SUCCEEDED":
        return "the payment has succeeded; older event"
    work.write(_SET_STATUS, id=payment.id, status=status, stripe_id=intent["id"])
    return f"payment is {status}"


def charge_refunded(
    work: UnitOfWork, charge: Mapping[str, Any], made: Sequence[RefundAtStripe], stripe_event_id: str
) -> str:
    """A charge was refunded, by our own call or by somebody at Stripe.

    :param made: what Stripe has of it besides what we know; the event tells the sum only.
    """
    payment = locked_intent(work, {"id": charge["payment_intent"]})
    if payment.status != "SUCCEEDED" or charge["amount_refunded"] > payment.received_cents:
        raise AmountMismatch(
            f"payment intent {payment.id}: {charge['amount_refunded']} of {payment.received_cents} refunded "
            f"while {payment.status}"
        )
    contest = contests.locked(work, payment.contest_instance_id)
    told_by: str | None = stripe_event_id
    for refund in made:
        if refunds.record_made_outside(work, payment, refund, contest, stripe_event_id=told_by):
            told_by = None  # an event stands on one entry only
    return "refund recorded"


def refund_changed(work: UnitOfWork, refund: Mapping[str, Any], stripe_event_id: str) -> str:
    """A refund has come to its end; the money of one that failed or was canceled is back at Stripe."""
    if refund["status"] not in RETURNED_AT_STRIPE:
        return "recorded, without effect on money"
    return returned_refunds.came_back(work, refund, stripe_event_id)
