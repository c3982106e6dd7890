"""Stripe's events: verified, processed once, stored in the same transaction as their effect.

A processing that fails leaves no event row, so that Stripe's next delivery is processed from the start; the failure
itself is kept in `stripe_webhook_dead_letters` until a later delivery succeeds. An event that finds its contest held by
another session has not failed: it is delivered again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import stripe
from sqlalchemy import text

from simulation.staging.canonical import canonical_json, storable
from simulation.staging.clients.stripe import RefundAtStripe
from simulation.staging.contests import contests
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.money import (
    disputes,
    failed_bank_payouts,
    payment_events,
    refunds,
    restricted_accounts,
    reversed_transfers,
)
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

_INSERT_EVENT = text("""
    INSERT INTO stripe_events
        (id, stripe_event_id, event_type, raw_payload_json, processing_status, processed_at, endpoint)
    VALUES (:id, :stripe_event_id, :event_type, CAST(:payload AS jsonb), 'PROCESSED', now(), :endpoint)
    ON CONFLICT (stripe_event_id) DO NOTHING RETURNING id
""")
_INSERT_DEAD_LETTER = text("""
    INSERT INTO stripe_webhook_dead_letters (id, stripe_event_id, event_type, raw_payload_json, last_error)
    VALUES (:id, :stripe_event_id, :event_type, CAST(:payload AS jsonb), :error)
    ON CONFLICT (stripe_event_id) DO UPDATE SET failure_count = stripe_webhook_dead_letters.failure_count + 1,
        last_error = EXCLUDED.last_error, last_failed_at = now(), resolved_at = NULL
    RETURNING failure_count
""")
_RESOLVE_DEAD_LETTER = text("""
    UPDATE stripe_webhook_dead_letters SET resolved_at = now() WHERE stripe_event_id = :stripe_event_id AND
        resolved_at IS NULL
""")
_PROCESSED = text("SELECT stripe_event_id FROM stripe_events WHERE stripe_event_id = ANY (:ids)")
_BROUGHT_BY = text("SELECT endpoint FROM stripe_events WHERE stripe_event_id = :stripe_event_id")

ROLES = ("primary", "standby")
"""Our endpoints at Stripe, in the order in which their secrets are tried."""
DEAD_LETTER_AFTER_FAILURES = 3
DEAD_LETTER = f"d.resolved_at IS NULL AND d.failure_count >= {DEAD_LETTER_AFTER_FAILURES}"
"""SQL condition: the row ``d`` is of an event that keeps failing."""
WAITING_DEAD_LETTER = """(d.event_type LIKE 'charge.dispute.%' AND EXISTS (
    SELECT FROM payment_intents p WHERE p.status <> 'SUCCEEDED'
        AND p.stripe_payment_intent_id = d.raw_payload_json #>> '{data,object,payment_intent}'))"""
"""SQL condition: the event reports a dispute whose payment is not booked yet, and succeeds once that is."""
SIGNATURE_TOLERANCE_SECONDS = 300


@dataclass(frozen=True, kw_only=True)
class ReplayResult:
    """What a replay of Stripe's event list did."""

    replayed: int = 0
    duplicates: int = 0
    failed: int = 0


@dataclass(frozen=True, kw_only=True)
class Received:
    """What a delivery was. ``processed``: the event was new; ``repeated``: it was known, and not from the other one of
    our endpoints."""

    processed: bool
    repeated: bool


def receive(runtime: Runtime, context: Context, body: bytes, signature: str | None) -> Received:
    """Take a delivery. Raises ApiError 400, 409, 500 or 503."""
    try:
        endpoint = _verified_by(runtime, body.decode(), signature or "")
        event: Mapping[str, Any] = json.loads(body)
        event["id"], event["type"], event["data"]["object"]
    except (stripe.SignatureVerificationError, UnicodeDecodeError) as error:
        runtime.log.error(
            "Payment",
            "webhook refused",
            error_code="STRIPE_SIGNATURE_INVALID",
            detail=str(error).split("\n")[0],
            request_id=context.request_id,
        )
        raise ApiError(400, "STRIPE_SIGNATURE_INVALID", "the signature does not fit the body") from error
    except (ValueError, KeyError, TypeError) as error:
        runtime.log.error("Payment", "webhook refused", error_code="invalid_event", request_id=context.request_id)
        raise ApiError(400, "invalid_event", "the body is not a Stripe event") from error
    if process(runtime, context, event, endpoint):
        return Received(processed=True, repeated=False)
    return Received(processed=False, repeated=_is_repeated(runtime, event["id"], endpoint))


def _verified_by(runtime: Runtime, body: str, signature: str) -> str:
    """The role of our endpoint at Stripe whose secret fits. Raises `stripe.SignatureVerificationError`."""
    settings = runtime.settings
    secrets = {"primary": settings.stripe_webhook_secret, "standby": settings.stripe_standby_webhook_secret}
    *others, last = (role for role in ROLES if secrets[role])
    for role in others:
        try:
            stripe.WebhookSignature.verify_header(body, signature, secrets[role], SIGNATURE_TOLERANCE_SECONDS)
        except stripe.SignatureVerificationError:
            continue
        return role
    stripe.WebhookSignature.verify_header(body, signature, secrets[last], SIGNATURE_TOLERANCE_SECONDS)
    return last


def _is_repeated(runtime: Runtime, event_id: str, endpoint: str) -> bool:
    """Whether a known event comes again: while both endpoints are enabled, each brings it once, and that is no
    repetition. One that was fetched from Stripe's list came by neither."""
    known = runtime.database.read(_BROUGHT_BY, stripe_event_id=event_id)
    return any(row.endpoint in (None, endpoint) for row in known)


def process(runtime: Runtime, context: Context, event: Mapping[str, Any], endpoint: str | None = None) -> bool:
    """Process an event once; True if it was processed now.

    :param endpoint: the role of the endpoint that brought it; None: it was fetched from Stripe's list.

    Raises ApiError 409 or 500 after keeping the failure, and `contests.ContestBusy`, which is none of the event's.
    """
    try:
        made, status = _refunds_made(runtime, event), payment_events.status_now(runtime, event)
        return _process_once(runtime, context, event, made, status, endpoint)
    except contests.ContestBusy as error:
        runtime.log.warning(
            "Payment",
            "webhook waits",
            stripe_event_id=event["id"],
            type=event["type"],
            error_code=error.code,
            request_id=context.request_id,
        )
        raise
    except payment_events.UnknownPaymentIntent as error:
        _keep_failure(runtime, context, event, error)
        raise ApiError(409, "PAYMENT_INTENT_NOT_FOUND", "the payment is not known here, or not booked yet") from error
    except Exception as error:
        _keep_failure(runtime, context, event, error)
        raise ApiError(500, "webhook_processing_failed", "the event could not be processed") from error


def _refunds_made(runtime: Runtime, event: Mapping[str, Any]) -> Sequence[RefundAtStripe]:
    """What Stripe has of a charge's refunds, where the sum that the event tells is not the one we know.

    Asked before the transaction: no lock waits for Stripe. Raises `stripe.StripeError`; Stripe then delivers again.
    """
    charge = event["data"]["object"]
    if event["type"] != "charge.refunded" or refunds.told_sum_is_known(runtime, charge):
        return ()
    return runtime.stripe.refunds_of(charge["payment_intent"])


def _process_once(
    runtime: Runtime,
    context: Context,
    event: Mapping[str, Any],
    made: Sequence[RefundAtStripe],
    status: str | None,
    endpoint: str | None,
) -> bool:
    with runtime.unit_of_work(
        context,
        action="stripe_event_processed",
        reason=f"Stripe sent {event['type']}",
        entity=("stripe_event", event["id"]),
    ) as work:
        stored = work.write(
            _INSERT_EVENT,
            id=work.new_id(),
            stripe_event_id=event["id"],
            event_type=event["type"],
            payload=canonical_json(event),
            endpoint=endpoint,
        )
        effect = _apply(work, event, made, status) if stored else "duplicate delivery"
        work.payload["effect"] = effect
        if stored:
            work.write(_RESOLVE_DEAD_LETTER, stripe_event_id=event["id"])
    severe = bool(stored) and event["type"] in ("charge.dispute.created", "transfer.reversed", "payout.failed")
    write = runtime.log.error if severe else runtime.log.info
    metadata = event["data"]["object"].get("metadata") or {}
    write(
        "Payment",
        "webhook processed" if stored else "webhook duplicate",
        stripe_event_id=event["id"],
        type=event["type"],
        effect=effect,
        contest_id=metadata.get("contest_id"),
        user_id=metadata.get("user_id"),
        request_id=context.request_id,
    )
    return bool(stored)


def _apply(work: UnitOfWork, event: Mapping[str, Any], made: Sequence[RefundAtStripe], status: str | None) -> str:
    subject, event_id = event["data"]["object"], event["id"]
    match event["type"]:
        case "payment_intent.succeeded":
            return payment_events.succeeded(work, subject, event_id)
        case kind if kind in payment_events.STATUSES:
            return payment_events.told_status(work, event, status)
        case "charge.refunded":
            return payment_events.charge_refunded(work, subject, made, event_id)
        case "refund.failed" | "refund.updated":
            return payment_events.refund_changed(work, subject, event_id)
        case "account.updated":
            return restricted_accounts.told(work, subject, event["created"])
        case "payout.failed":
            return failed_bank_payouts.told(work, subject, event.get("account"))
        case "transfer.reversed":
            return reversed_transfers.told(work, subject, event_id)
        case kind if kind.startswith("charge.dispute."):
            return disputes.told(work, subject, event_id)
        case _:
            return "recorded, without effect on money"


def _keep_failure(runtime: Runtime, context: Context, event: Mapping[str, Any], error: Exception) -> None:
    detail = f"{type(error).__name__}: {' '.join(str(error).split())}"[:500]
    runtime.log.error(
        "Payment",
        "webhook failed",
        stripe_event_id=event["id"],
        type=event["type"],
        detail=detail,
        request_id=context.request_id,
    )
    with runtime.unit_of_work(
        context,
        action="stripe_event_failed",
        reason=f"processing of {event['type']} failed",
        entity=("stripe_event", event["id"]),
        payload={"error": detail},
    ) as work:
        work.write(
            _INSERT_DEAD_LETTER,
            id=work.new_id(),
            stripe_event_id=event["id"],
            event_type=event["type"],
            payload=canonical_json(storable(event)),
            error=detail,
        )


def replay(runtime: Runtime, context: Context, since: datetime) -> ReplayResult:
    """Process, oldest first, every event that Stripe lists since then and that was never processed here."""
    events = runtime.stripe.events_since(since)
    known = {
        row.stripe_event_id for row in runtime.database.read(_PROCESSED, ids=[str(event["id"]) for event in events])
    }
    replayed = duplicates = failed = 0
    for event in events:
        if event["id"] in known:
            duplicates += 1
            continue
        try:
            processed = process(runtime, context, event)
        except ApiError:
            failed += 1
            continue
        replayed += processed
        duplicates += not processed
    runtime.log.info(
        "Payment",
        "events replayed",
        since=since.astimezone(UTC).isoformat(),
        replayed=replayed,
        failed=failed,
        request_id=context.request_id,
    )
    return ReplayResult(replayed=replayed, duplicates=duplicates, failed=failed)
