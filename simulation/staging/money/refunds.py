"""Entry fees on their way back: why a refund is due, the call that makes it, and money that the bank sends back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.clients.stripe import RefundAtStripe
from simulation.staging.context import Context
from simulation.staging.money import ledger, outbox
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

_INSERT = text("""
    INSERT INTO refunds (id, payment_intent_id, contest_instance_id, user_id, amount_cents, currency, status,
        idempotency_key, reason)
    VALUES (:id, :payment_intent_id, :contest_id, :user_id, :amount_cents, :currency, 'pending', :idempotency_key,
        :reason)
""")
RESOURCE = "/v1/refunds"
MADE_AT_STRIPE = "refunded_at_stripe"
WRONG_AMOUNT, WRONG_CURRENCY = "wrong_amount", "wrong_currency"
GIVEN_BACK = f"""EXISTS (
    SELECT FROM refunds r WHERE r.payment_intent_id = p.id
        AND (r.reason <> '{MADE_AT_STRIPE}' OR r.amount_cents = p.received_cents))"""
"""SQL condition: the payment ``p`` counts for no entry. A part that Stripe gave back takes no entry away."""
_PAID_NOT_REFUNDED = text(f"""
    SELECT p.id, p.user_id, p.received_currency AS currency, p.received_cents - coalesce((
        SELECT sum(r.amount_cents) FROM refunds r WHERE r.payment_intent_id = p.id), 0)::bigint AS amount_cents
    FROM payment_intents p
    WHERE p.contest_instance_id = :contest_id AND p.status = 'SUCCEEDED' AND NOT {GIVEN_BACK}
    ORDER BY p.id
""")  # noqa: S608 - every part is ours
_OF_CANCELLATION = text("""
    SELECT count(*) AS refunds FROM refunds r JOIN contest_instances c ON c.id = r.contest_instance_id
    WHERE c.id = :contest_id AND r.reason = 'contest_cancelled' AND r.created_at = c.cancelled_at
""")
_LOCK = text(f"""
    SELECT r.*, r.contest_instance_id AS contest_id, p.stripe_payment_intent_id
    FROM refunds r JOIN payment_intents p ON p.id = r.payment_intent_id
    WHERE r.id = :id AND {outbox.due_condition("r")} FOR UPDATE OF r SKIP LOCKED
""")  # noqa: S608 - every part is ours
_KNOWN = text("""
    SELECT id, status, stripe_refund_id, reason FROM refunds WHERE payment_intent_id = :payment_intent_id
    ORDER BY created_at, id FOR UPDATE
""")
_SENT_CENTS = text("""
    SELECT coalesce(sum(r.amount_cents), 0)::bigint AS cents FROM refunds r
    JOIN payment_intents p ON p.id = r.payment_intent_id
    WHERE p.stripe_payment_intent_id = :stripe_id AND r.status NOT IN ('failed_terminal', 'returned', 'owed')
""")
_INSERT_MADE = text("""
    INSERT INTO refunds (id, payment_intent_id, contest_instance_id, user_id, amount_cents, currency, status,
        idempotency_key, reason, stripe_refund_id, completed_at)
    VALUES (:id, :payment_intent_id, :contest_id, :user_id, :amount_cents, :currency, 'completed', :idempotency_key,
        :reason, :stripe_refund_id, now())
""")
_COMPLETE_FROM_OUTSIDE = text("""
    UPDATE refunds SET status = 'completed', stripe_refund_id = :stripe_refund_id, completed_at = now(),
        updated_at = now()
    WHERE id = :id
""")


def request(
    work: UnitOfWork,
    *,
    payment_intent_id: UUID,
    contest_id: UUID,
    user_id: UUID,
    amount_cents: int,
    currency: str,
    reason: str,
) -> UUID:
    """Record a refund of all that came as due; the payout scheduler sends it."""
    refund_id = work.new_id()
    work.write(
        _INSERT,
        id=refund_id,
        payment_intent_id=payment_intent_id,
        contest_id=contest_id,
        user_id=user_id,
        amount_cents=amount_cents,
        currency=currency,
        idempotency_key=f"refund:{refund_id}",
        reason=reason,
    )
    return refund_id


def request_for_entrant(work: UnitOfWork, contest_id: UUID, user_id: UUID, *, reason: str) -> int:
    """Record refunds of everything one entrant paid as due; the caller has locked the contest's row."""
    paid = [row for row in work.read(_PAID_NOT_REFUNDED, contest_id=contest_id) if row.user_id == user_id]
    for payment in paid:
        request(
            work,
            payment_intent_id=payment.id,
            contest_id=contest_id,
            user_id=user_id,
            amount_cents=payment.amount_cents,
            currency=payment.currency,
            reason=reason,
        )
    return len(paid)


def request_for_contest(work: UnitOfWork, contest_id: UUID) -> int:
    """Record refunds to everybody who paid for a cancelled contest as due; the caller has locked the contest's row."""
    paid = work.read(_PAID_NOT_REFUNDED, contest_id=contest_id)
    for payment in paid:
        request(
            work,
            payment_intent_id=payment.id,
            contest_id=contest_id,
            user_id=payment.user_id,
            amount_cents=payment.amount_cents,
            currency=payment.currency,
            reason="contest_cancelled",
        )
    return len(paid)


def requested_for_contest(work: UnitOfWork, contest_id: UUID) -> int:
    """How many refunds the cancellation of a contest has asked for."""
    return int(work.read(_OF_CANCELLATION, contest_id=contest_id)[0].refunds)


def told_sum_is_known(runtime: Runtime, charge: Mapping[str, Any]) -> bool:
    """Whether what Stripe says was refunded of a charge is what we have sent, so that nothing was made elsewhere."""
    rows = runtime.database.read(_SENT_CENTS, stripe_id=charge["payment_intent"])
    return bool(rows[0].cents == charge["amount_refunded"])


def record_made_outside(
    work: UnitOfWork, payment: Row[Any], made: RefundAtStripe, contest: Row[Any], *, stripe_event_id: str | None
) -> bool:
    """Book a refund that Stripe has and we have not; one of ours that is open gets its outcome from our own call.

    The whole fee takes the entry away as long as the contest is not settled; a part is the platform's loss. Whether it
    was booked now.
    """
    known = work.read(_KNOWN, payment_intent_id=payment.id)
    if any(row.stripe_refund_id == made.stripe_id for row in known):
        return False
    ours = next((row for row in known if row.reason != MADE_AT_STRIPE), None)
    if ours is not None and ours.status != outbox.FAILED_TERMINAL:
        return False
    takes_entry = made.amount_cents == payment.received_cents and (contest.settle_time is None or bool(known))
    refund_id = work.new_id() if ours is None else ours.id
    if ours is None:
        work.write(
            _INSERT_MADE,
            id=refund_id,
            payment_intent_id=payment.id,
            contest_id=contest.id,
            user_id=payment.user_id,
            amount_cents=made.amount_cents,
            currency=payment.received_currency,
            idempotency_key=f"refund:{refund_id}",
            reason=MADE_AT_STRIPE,
            stripe_refund_id=made.stripe_id,
        )
    else:
        work.write(_COMPLETE_FROM_OUTSIDE, id=refund_id, stripe_refund_id=made.stripe_id)
    _post(
        work,
        refund_id,
        contest.id,
        payment.user_id,
        made.amount_cents,
        payment.received_currency,
        from_account=ledger.contest_pool(contest.id) if takes_entry else ledger.PLATFORM,
        stripe_event_id=stripe_event_id,
    )
    return True


def send(runtime: Runtime, context: Context, refund_id: UUID, *, ignore_backoff: bool) -> str | None:
    """Attempt one refund; see `outbox.attempt`."""
    return outbox.attempt(runtime, context, OUTGOING, refund_id, ignore_backoff=ignore_backoff)


def _call(runtime: Runtime, row: Row[Any]) -> str:
    return runtime.stripe.create_refund(
        stripe_payment_intent_id=row.stripe_payment_intent_id,
        amount_cents=row.amount_cents,
        metadata={"contest_id": str(row.contest_id), "user_id": str(row.user_id), "refund_id": str(row.id)},
        idempotency_key=row.idempotency_key,
    )


def _find(runtime: Runtime, row: Row[Any]) -> str | None:
    return runtime.stripe.find_refund(stripe_payment_intent_id=row.stripe_payment_intent_id, refund_id=row.id)


def _book(work: UnitOfWork, row: Row[Any], outcome: outbox.Outcome) -> None:
    """A refund that was not made moves no money; its attempts are in the audit log."""
    if outcome.status == outbox.COMPLETED:
        _post(
            work,
            row.id,
            row.contest_id,
            row.user_id,
            row.amount_cents,
            row.currency,
            from_account=ledger.contest_pool(row.contest_id),
        )


def _post(
    work: UnitOfWork,
    refund_id: UUID,
    contest_id: UUID,
    user_id: UUID,
    amount_cents: int,
    currency: str,
    *,
    from_account: str,
    stripe_event_id: str | None = None,
) -> None:
    ledger.post(
        work,
        ledger.Posting(
            key=f"entry_fee_refund:{refund_id}",
            entry_type="ENTRY_FEE_REFUND",
            debit=from_account,
            credit=ledger.STRIPE,
            amount_cents=amount_cents,
            currency=currency,
            contest_id=contest_id,
            user_id=user_id,
            reference_type="refund",
            reference_id=refund_id,
            stripe_event_id=stripe_event_id,
        ),
    )


OUTGOING = outbox.Outgoing(
    entity="refund",
    domain="Payment",
    table="refunds",
    stripe_id_column="stripe_refund_id",
    lock=_LOCK,
    obstacle=lambda _: None,
    send=_call,
    find=_find,
    book=_book,
    done_codes=frozenset({"CHARGE_ALREADY_REFUNDED"}),
)
