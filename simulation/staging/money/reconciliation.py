"""The daily comparison of the ledger with what Stripe has, payment by payment; events that never came; our endpoints.

It reports; it repairs nothing. Stripe disables an endpoint that has failed for days, and tells it by email.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe
from sqlalchemy import text

from simulation.staging.canonical import canonical_json, iso
from simulation.staging.clients.stripe import RETURNED_AT_STRIPE
from simulation.staging.clients.stripe_failures import failure_of
from simulation.staging.context import Context
from simulation.staging.runtime import Runtime

_LAST_RUN = text("SELECT ran_at FROM reconciliation_runs ORDER BY sequence_number DESC LIMIT 1")
_FIRST_MOMENT = text("SELECT min(created_at) AS at FROM payment_intents")
_INSERT = text("""
    INSERT INTO reconciliation_runs
        (id, since, missing_in_ledger, missing_at_stripe, missing_events, webhook_endpoints_enabled)
    VALUES (:id, :since, CAST(:missing_in_ledger AS jsonb), CAST(:missing_at_stripe AS jsonb),
        CAST(:missing_events AS jsonb), :endpoints)
""")
# What the ledger says has happened at Stripe: one row for each payment, refund and transfer, with Stripe's id.
_BOOKED = text("""
    SELECT 'payment_intent' AS kind, p.stripe_payment_intent_id AS stripe_id, l.amount_cents, l.currency, l.created_at
    FROM ledger l JOIN payment_intents p ON l.reference_type = 'payment_intent' AND p.id = l.reference_id
    WHERE l.entry_type = 'ENTRY_FEE' AND l.direction = 'DEBIT'
    UNION ALL
    SELECT 'refund', coalesce(r.stripe_refund_id, p.stripe_payment_intent_id), l.amount_cents, l.currency,
        l.created_at
    FROM ledger l JOIN refunds r ON l.reference_type = 'refund' AND r.id = l.reference_id
    JOIN payment_intents p ON p.id = r.payment_intent_id
    WHERE l.entry_type = 'ENTRY_FEE_REFUND' AND l.direction = 'DEBIT' AND r.status NOT IN ('returned', 'owed')
    UNION ALL
    SELECT 'transfer', t.stripe_transfer_id, l.amount_cents, l.currency, l.created_at
    FROM ledger l JOIN payout_transfers t ON l.reference_type = 'payout_transfer' AND t.id = l.reference_id
    WHERE l.entry_type = 'PAYOUT_ATTEMPT_COMPLETED' AND l.direction = 'DEBIT'
    UNION ALL
    SELECT 'dispute', d.stripe_dispute_id, d.amount_cents, d.currency, d.created_at FROM disputes d WHERE EXISTS (
        SELECT FROM ledger l WHERE l.reference_type = 'dispute' AND l.reference_id = d.id AND l.account = 'stripe'
            AND l.direction = 'CREDIT'
        HAVING sum(l.amount_cents) = d.amount_cents + d.fee_cents)
    ORDER BY 1, 2
""")

WEBHOOKS_MISSING = """
    SELECT i.item FROM (
        SELECT jsonb_array_elements(r.missing_in_ledger) AS item
        FROM (SELECT missing_in_ledger FROM reconciliation_runs ORDER BY sequence_number DESC LIMIT 1) r) i
    WHERE i.item ->> 'kind' = 'payment_intent' AND NOT EXISTS (
        SELECT FROM payment_intents p JOIN ledger l ON l.reference_type = 'payment_intent' AND l.reference_id = p.id
        WHERE p.stripe_payment_intent_id = i.item ->> 'stripe_id')
"""
"""Payments that the latest run found at Stripe only, without those that were booked since."""

_WEBHOOKS_MISSING = text(WEBHOOKS_MISSING)
_HERE = "SELECT stripe_event_id FROM stripe_events UNION ALL SELECT stripe_event_id FROM stripe_webhook_dead_letters"
"""Events that came, processed or not: those that keep failing are told of apart."""
_CAME = text(f"SELECT stripe_event_id FROM ({_HERE}) e WHERE stripe_event_id = ANY (:ids)")  # noqa: S608 - ours

EVENTS_MISSING = f"""
    SELECT i.item FROM (
        SELECT jsonb_array_elements(r.missing_events) AS item
        FROM (SELECT missing_events FROM reconciliation_runs ORDER BY sequence_number DESC LIMIT 1) r) i
    WHERE NOT EXISTS (SELECT FROM ({_HERE}) e WHERE e.stripe_event_id = i.item ->> 'stripe_event_id')
"""  # noqa: S608 - every part is ours
"""Events that Stripe could deliver to nobody when the latest run asked, without those that came or were fetched since.

Payments are not among them: the lists tell which of those are missing, and of a payment that was booked it is nothing
that an event of its beginning is still under way.
"""

ENDPOINTS_DISABLED = """
    SELECT FROM (SELECT * FROM reconciliation_runs ORDER BY sequence_number DESC LIMIT 1) r
    WHERE r.webhook_endpoints_enabled = 0 AND NOT EXISTS (
        SELECT FROM operations_events o
        WHERE o.subject = 'webhooks' AND o.event = 'endpoint_switched' AND o.created_at > r.ran_at)
"""
"""A row where the latest run found no endpoint enabled, and nobody has switched one on since."""

_Item = dict[str, object]
_EVENTS_LISTED = timedelta(days=30)
"""Stripe lists an event for so long (fixtures/spec/stripe.md, "Webhooks")."""
_PAID, _OF_A_PAYMENT = "payment_intent.succeeded", "payment_intent."
_MOVED = ("kind", "stripe_id", "amount_cents", "currency")


@dataclass(frozen=True, kw_only=True)
class _Found:
    missing_in_ledger: list[_Item]
    missing_at_stripe: list[_Item]
    missing_events: list[_Item]

    def counts(self) -> dict[str, int]:
        return {field.name: len(getattr(self, field.name)) for field in fields(self)}


@dataclass(frozen=True, kw_only=True)
class ReconciliationResult:
    """How many business keys each side has that the other lacks, and how many events of Stripe never came."""

    missing_in_ledger: int = 0
    missing_at_stripe: int = 0
    missing_events: int = 0


def run(runtime: Runtime, context: Context) -> ReconciliationResult:
    """Compare and store the differences; raises `stripe.StripeError` if Stripe cannot be listed, after logging it."""
    now = datetime.now(UTC)
    since = _since(runtime, now)
    try:
        at_stripe, undelivered = _at_stripe(runtime, since), runtime.stripe.undelivered_since(now - _EVENTS_LISTED)
        endpoints = sum(endpoint.status == "enabled" for endpoint in runtime.stripe.webhook_endpoints())
    except stripe.StripeError as error:
        code = failure_of(error).code
        runtime.log.error("Payment", "reconciliation impossible", error_code=code, request_id=context.request_id)
        raise
    booked = {(row.kind, row.stripe_id): row for row in runtime.database.read(_BOOKED)}
    known_before = iso(now - timedelta(seconds=runtime.settings.reconciliation_grace_seconds))
    missing_in_ledger = [
        item
        for key, item in sorted({**_still_missing(runtime), **at_stripe}.items())
        if str(item["happened_at"]) <= known_before and not _is_booked(key, item, booked)
    ]
    listed = at_stripe.keys() | {("refund", item["payment_intent"]) for item in at_stripe.values()}
    missing_at_stripe: list[_Item] = [
        {"kind": row.kind, "stripe_id": row.stripe_id, "amount_cents": row.amount_cents, "currency": row.currency}
        for key, row in booked.items()
        if row.created_at >= since + timedelta(days=1) and key not in listed
    ]
    found = _Found(
        missing_in_ledger=missing_in_ledger,
        missing_at_stripe=missing_at_stripe,
        missing_events=_never_came(runtime, undelivered, now),
    )
    _store(runtime, since, found, endpoints)
    _log(runtime, context, found)
    if endpoints == 0:
        runtime.log.error("Payment", "no webhook endpoint is enabled at Stripe", request_id=context.request_id)
    return ReconciliationResult(**found.counts())


def _store(runtime: Runtime, since: datetime, found: _Found, endpoints: int) -> None:
    row = {
        "id": runtime.new_id(),
        "since": since,
        "missing_in_ledger": canonical_json(found.missing_in_ledger),
        "missing_at_stripe": canonical_json(found.missing_at_stripe),
        "missing_events": canonical_json(found.missing_events),
        "endpoints": endpoints,
    }
    runtime.database.write_ungoverned(_INSERT, **row)


def _since(runtime: Runtime, now: datetime) -> datetime:
    """Two days before the last run; the first run looks as far back as there are payments."""
    last = runtime.database.read(_LAST_RUN)
    first = runtime.database.read(_FIRST_MOMENT)[0].at if not last else None
    base: datetime = last[0].ran_at if last else first or now
    return base - timedelta(seconds=runtime.settings.reconciliation_overlap_seconds)


def _at_stripe(runtime: Runtime, since: datetime) -> dict[tuple[str, str], _Item]:
    """Payments that succeeded, refunds and transfers made, and disputes, by kind and Stripe id.

    A late payer's intent may be older than the window, and only the event tells when it was paid: so the events of
    successful payments are read, too.
    """
    gateway = runtime.stripe
    payments = _items(
        "payment_intent", (i for i in gateway.listed_since("payment_intents", since) if i["status"] == "succeeded")
    )
    for event in gateway.events_since(since, type_=_PAID):
        payments |= _items("payment_intent", [_object_of(event) | {"created": event["created"]}])
    refunds = (r for r in gateway.listed_since("refunds", since) if r["status"] not in RETURNED_AT_STRIPE)
    moved = _items("refund", refunds) | _items("transfer", gateway.listed_since("transfers", since))
    taken = (d for d in gateway.listed_since("disputes", since) if d["balance_transactions"])
    return payments | moved | _items("dispute", taken)


def _never_came(runtime: Runtime, undelivered: Iterable[_Item], now: datetime) -> list[_Item]:
    """Of the events that Stripe could deliver to nobody, those that it has tried to for long, oldest first.

    One that came by one of two endpoints only is here all the same.
    """
    patience = now - timedelta(seconds=runtime.settings.reconciliation_event_grace_seconds)
    late: list[_Item] = [
        {
            "stripe_event_id": str(event["id"]),
            "type": str(event["type"]),
            "happened_at": iso(datetime.fromtimestamp(_number(event["created"]), UTC)),
        }
        for event in undelivered
        if not str(event["type"]).startswith(_OF_A_PAYMENT) and _number(event["created"]) <= patience.timestamp()
    ]
    ids = [one["stripe_event_id"] for one in late]
    came = {row.stripe_event_id for row in runtime.database.read(_CAME, ids=ids)}
    missing = (one for one in late if one["stripe_event_id"] not in came)
    return sorted(missing, key=lambda item: (str(item["happened_at"]), str(item["stripe_event_id"])))


def _still_missing(runtime: Runtime) -> dict[tuple[str, str], _Item]:
    """Payments that the run before missed and nobody has booked, by kind and Stripe id.

    However old they are: what is looked at again ends two days before the last run, and whoever is on call may come
    later.
    """
    items: list[_Item] = [row.item for row in runtime.database.read(_WEBHOOKS_MISSING)]
    return {(str(item["kind"]), str(item["stripe_id"])): item for item in items}


def _items(kind: str, objects: Iterable[_Item]) -> dict[tuple[str, str], _Item]:
    return {
        (kind, str(o["id"])): {
            "kind": kind,
            "stripe_id": str(o["id"]),
            "amount_cents": o["amount"],
            "currency": str(o["currency"]).upper(),
            "happened_at": iso(datetime.fromtimestamp(_number(o["created"]), UTC)),
            "metadata": o.get("metadata") or {},
            "payment_intent": o.get("payment_intent"),
        }
        for o in objects
    }


def _is_booked(key: tuple[str, str], item: _Item, booked: dict[tuple[Any, Any], Any]) -> bool:
    row = booked.get(key) or (booked.get(("refund", item["payment_intent"])) if key[0] == "refund" else None)
    return row is not None and (row.amount_cents, row.currency) == (item["amount_cents"], item["currency"])


def _object_of(event: _Item) -> _Item:
    data = event["data"]
    assert isinstance(data, dict)
    intent: _Item = data["object"]
    return intent


def _number(value: object) -> int:
    return value if isinstance(value, int) else 0


def _log(runtime: Runtime, context: Context, found: _Found) -> None:
    for message, items, told in (
        ("at Stripe but not in the ledger", found.missing_in_ledger, _MOVED),
        ("in the ledger but not at Stripe", found.missing_at_stripe, _MOVED),
        ("event of Stripe never came", found.missing_events, ("stripe_event_id", "type")),
    ):
        for item in items:
            shown = {name: item[name] for name in told}
            runtime.log.error("Payment", message, **shown, request_id=context.request_id)
    runtime.log.info("Payment", "reconciled", **found.counts(), request_id=context.request_id)
