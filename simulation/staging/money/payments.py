"""Entry fees: the intent to pay, and what becomes of the money when Stripe says that it was paid."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import stripe
from sqlalchemy import Row, text

from simulation.staging.clients.stripe import CreatedIntent
from simulation.staging.clients.stripe_failures import failure_of
from simulation.staging.contests import contests
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.money import withdrawals
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

_BY_KEY = text("""
    SELECT id, contest_instance_id, user_id, amount_cents, currency, status, stripe_payment_intent_id
    FROM payment_intents WHERE idempotency_key = :key
""")
_ENTERED = text(
    "SELECT user_id FROM contest_participants WHERE contest_instance_id = :contest_id AND user_id = :user_id"
)
_HAS_PAID = text("""
    SELECT id FROM payment_intents WHERE contest_instance_id = :contest_id AND user_id = :user_id
        AND received_cents = amount_cents
        AND received_currency = currency LIMIT 1
""")
_INSERT = text("""
    INSERT INTO payment_intents (id, contest_instance_id, user_id, idempotency_key, status, amount_cents, currency)
    VALUES (:id, :contest_id, :user_id, :key, 'REQUIRES_PAYMENT_METHOD', :amount_cents, :currency)
""")
_ADOPT = text("""
    UPDATE payment_intents SET stripe_payment_intent_id = :stripe_id, updated_at = now()
    WHERE id = :id AND stripe_payment_intent_id IS NULL AND status <> 'SUCCEEDED' RETURNING id
""")


@dataclass(frozen=True, kw_only=True)
class Intent:
    """Answer to a client that wants to pay."""

    payment_intent_id: UUID
    client_secret: str
    status: str


def create_intent(runtime: Runtime, context: Context, *, key: str, contest_id: UUID, amount_cents: int) -> Intent:
    """An intent of the acting entrant; the same key again gives the same intent. Raises ApiError."""
    row = _existing(runtime, context, key, contest_id, amount_cents)
    if row is None:
        _insert(runtime, context, key, contest_id, amount_cents)
        row = runtime.database.read(_BY_KEY, key=key)[0]
    created = _at_stripe(runtime, context, row, key)
    if row.stripe_payment_intent_id is None:
        with runtime.unit_of_work(
            context,
            action="payment_intent_created",
            reason="Stripe accepted the intent",
            entity=("payment_intent", row.id),
            payload={"stripe_payment_intent_id": created.stripe_id},
        ) as work:
            work.write(_ADOPT, id=row.id, stripe_id=created.stripe_id)
        runtime.log.info(
            "Payment",
            "intent created",
            contest_id=contest_id,
            user_id=context.actor,
            payment_intent_id=row.id,
            request_id=context.request_id,
        )
    return Intent(payment_intent_id=row.id, client_secret=created.client_secret, status=row.status)


def _existing(runtime: Runtime, context: Context, key: str, contest_id: UUID, amount_cents: int) -> Row[Any] | None:
    rows: list[Row[Any]] = runtime.database.read(_BY_KEY, key=key)
    for row in rows:
        if (row.user_id, row.contest_instance_id, row.amount_cents) != (context.actor, contest_id, amount_cents):
            raise ApiError(409, "idempotency_key_reused", "this Idempotency-Key belongs to another request")
        return row
    return None


def _insert(runtime: Runtime, context: Context, key: str, contest_id: UUID, amount_cents: int) -> None:
    intent_id = runtime.new_id()
    with runtime.unit_of_work(
        context,
        action="payment_intent_requested",
        reason="entrant wants to pay the entry fee",
        entity=("payment_intent", intent_id),
        payload={"contest_id": str(contest_id)},
    ) as work:
        contest = contests.locked(work, contest_id)
        _check_payable(work, context, contest, amount_cents)
        work.write(
            _INSERT,
            id=intent_id,
            contest_id=contest_id,
            user_id=context.actor,
            key=key,
            amount_cents=amount_cents,
            currency=contest.currency,
        )


def _check_payable(work: UnitOfWork, context: Context, contest: Row[Any], amount_cents: int) -> None:
    if not work.read(_ENTERED, contest_id=contest.id, user_id=context.actor):
        raise ApiError(403, "not_a_participant", "only an entrant can pay the entry fee")
    if withdrawals.has_left(work, contest.id, context.actor):
        raise ApiError(409, "contest_left", "this user has left the contest, for good")
    if contest.status not in ("SCHEDULED", "LOCKED"):
        raise ApiError(409, "contest_not_open_for_payment", f"the contest is {contest.status}")
    if amount_cents != contest.entry_fee_cents or amount_cents == 0:
        raise ApiError(400, "amount_mismatch", f"the entry fee is {contest.entry_fee_cents} {contest.currency}")
    if work.read(_HAS_PAID, contest_id=contest.id, user_id=context.actor):
        raise ApiError(409, "PAYMENT_ALREADY_PROCESSED", "the entry fee is paid")


def _at_stripe(runtime: Runtime, context: Context, row: Row[Any], key: str) -> CreatedIntent:
    try:
        if row.stripe_payment_intent_id is not None:
            return runtime.stripe.retrieve_payment_intent(row.stripe_payment_intent_id)
        metadata = {
            "contest_id": str(row.contest_instance_id),
            "user_id": str(row.user_id),
            "payment_intent_id": str(row.id),
        }
        return runtime.stripe.create_payment_intent(
            amount_cents=row.amount_cents, currency=row.currency, metadata=metadata, idempotency_key=key
        )
    except stripe.StripeError as error:
        failure = failure_of(error)
        runtime.log.error(
            "Payment",
            "intent could not be had from Stripe",
            contest_id=row.contest_instance_id,
            user_id=row.user_id,
            error_code=failure.code,
            detail=failure.message,
            request_id=context.request_id,
        )
        raise ApiError(502, "STRIPE_API_ERROR", f"{failure.code}; try again with the same Idempotency-Key") from error
