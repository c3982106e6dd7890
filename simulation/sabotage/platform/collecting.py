"""Defects of collecting entry fees: webhooks and payments."""

from __future__ import annotations

import contextlib
import json
from datetime import timedelta
from typing import Any

import requests
import stripe

from simulation.assembly import Simulation
from simulation.sabotage.patches import Patches
from simulation.sabotage.platform.runtime_access import runtime_of
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.clients.stripe import StripeGateway
from simulation.staging.contests import contests
from simulation.staging.money import ledger, payment_events, reconciliation, webhooks

DEFECTS = DefectRegistry("collecting")


@DEFECTS.sabotage(
    "exactly_once",
    "three_way_reconciliation",
    origin="at-least-once delivery taken for exactly-once",
)
def duplicate_event_counted_twice(patches: Patches) -> None:
    """A second delivery of an event books the payment again."""

    def make(real: Any) -> Any:
        def process_once(runtime: Any, context: Any, event: Any, *more: Any) -> bool:
            fresh: bool = real(runtime, context, event, *more)
            if not fresh and event["type"] == "payment_intent.succeeded":
                patches.trigger()
                with runtime.unit_of_work(
                    context,
                    action="stripe_event_processed",
                    reason=f"Stripe sent {event['type']}",
                    entity=("stripe_event", event["id"]),
                ) as work:
                    book_again(work, event["data"]["object"], suffix="duplicate")
            return fresh

        return process_once

    patches.replace(webhooks, "_process_once", make)


@DEFECTS.sabotage(
    "exactly_once",
    "three_way_reconciliation",
    origin="idempotency keys made of Stripe's event ids: one payment can be announced under two",
)
def two_events_for_one_payment_counted_twice(patches: Patches) -> None:
    """Two events with different ids book one payment twice."""

    def make(real: Any) -> Any:
        def succeeded(work: Any, intent: Any, stripe_event_id: str) -> str:
            effect: str = real(work, intent, stripe_event_id)
            if effect == "payment was booked before":
                patches.trigger()
                book_again(work, intent, suffix=stripe_event_id)
            return effect

        return succeeded

    patches.replace(payment_events, "succeeded", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="an amount sent by the client and trusted; a webhook that books what was owed",
)
def amount_mismatch_accepted(patches: Patches) -> None:
    """A payment of one dollar is booked as the whole fee."""

    def cheap(real: Any) -> Any:
        def create_payment_intent(self: Any, *, amount_cents: int, **rest: Any) -> Any:
            return real(self, amount_cents=min(100, amount_cents), **rest)

        return create_payment_intent

    def generous(real: Any) -> Any:
        def succeeded(work: Any, intent: Any, stripe_event_id: str) -> Any:
            owed = payment_events.locked_intent(work, intent).amount_cents
            patches.trigger()
            return real(work, {**intent, "amount": owed, "amount_received": owed}, stripe_event_id)

        return succeeded

    patches.replace(StripeGateway, "create_payment_intent", cheap)
    patches.replace(payment_events, "succeeded", generous)


@DEFECTS.sabotage(
    "webhooks_authentic",
    origin="a signing secret that was rolled at Stripe and reached the platform an hour later",
)
def genuine_webhooks_refused(patches: Patches) -> None:
    """The first two webhooks are refused as forgeries; Stripe's retries are taken."""

    def make(real: Any) -> Any:
        def verify(runtime: Any, body: str, signature: str) -> Any:
            if len(patches.triggers) < 2:
                patches.trigger()
                raise stripe.SignatureVerificationError("No signatures found", signature, body)  # type: ignore[no-untyped-call]
            return real(runtime, body, signature)

        return verify

    patches.replace(webhooks, "_verified_by", make)


@DEFECTS.sabotage(
    "webhooks_authentic",
    "faults_recovered",
    origin="a fallback for the hour after a rolled secret: what looks like Stripe's is let in",
    scenario="secret_rolled",
)
def delivery_believed_although_its_signature_does_not_fit(patches: Patches) -> None:
    """Deliveries that Stripe signs with a secret that the platform was never told are taken as genuine."""

    def make(real: Any) -> Any:
        def verify(runtime: Any, body: str, signature: str) -> Any:
            try:
                return real(runtime, body, signature)
            except stripe.SignatureVerificationError:
                patches.trigger()
                return "primary"

        return verify

    patches.replace(webhooks, "_verified_by", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    "webhooks_authentic",
    origin="signature verification switched off for a test and left off; the endpoint's address is public",
)
def unsigned_webhook_accepted(patches: Patches) -> None:
    """A forged event makes an entrant who never paid a payer."""
    patches.replace(stripe.WebhookSignature, "verify_header", lambda _: staticmethod(lambda *_args, **_named: True))

    def forge(sim: Any) -> None:
        at_stripe = sim.twin._store.payment_intents
        unpaid = [
            row
            for row in sim.observer.rows("payments")
            if at_stripe.get(row["stripe_payment_intent_id"]).status != "succeeded"
        ]
        intent = {
            "id": unpaid[0]["stripe_payment_intent_id"],
            "amount": unpaid[0]["amount_cents"],
            "currency": "usd",
            "metadata": {},
        }
        event = {"id": "evt_forged", "type": "payment_intent.succeeded", "data": {"object": intent}}
        with sim.context.acting("entrant"):
            answer = sim.http.post("/api/webhooks/stripe", content=json.dumps(event).encode())
        if answer.status_code == 200:
            patches.trigger()

    patches.at(day=0, hour=6, minute=10, act=forge)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="events acknowledged into a queue whose worker was never deployed",
)
def event_stored_and_never_processed(patches: Patches) -> None:
    """The first payment's event is stored as processed and has no effect."""
    swallowed: list[str] = []

    def make(real: Any) -> Any:
        def succeeded(work: Any, intent: Any, stripe_event_id: str) -> str:
            if swallowed and swallowed[0] != intent["id"]:
                return str(real(work, intent, stripe_event_id))
            swallowed.append(intent["id"])
            patches.trigger()
            return "queued"

        return succeeded

    patches.replace(payment_events, "succeeded", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    "expected_prizes",
    origin="payments after the lock answered with 200 and dropped",
)
def late_payment_lost(patches: Patches) -> None:
    """A payment that comes after the lock is not booked."""

    def make(real: Any) -> Any:
        def succeeded(work: Any, intent: Any, stripe_event_id: str) -> str:
            payment = payment_events.locked_intent(work, intent)
            contest = contests.locked(work, payment.contest_instance_id)
            if contest.status == "SCHEDULED":
                return str(real(work, intent, stripe_event_id))
            patches.trigger()
            return "the contest takes no payments any more"

        return succeeded

    patches.replace(payment_events, "succeeded", make)


def book_again(work: Any, intent: Any, *, suffix: str) -> None:
    payment = payment_events.locked_intent(work, intent)
    ledger.post(
        work,
        ledger.Posting(
            key=f"entry_fee:{payment.id}:{suffix}",
            entry_type="ENTRY_FEE",
            debit=ledger.STRIPE,
            credit=ledger.contest_pool(payment.contest_instance_id),
            amount_cents=payment.amount_cents,
            currency=payment.currency,
            contest_id=payment.contest_instance_id,
            user_id=payment.user_id,
            reference_type="payment_intent",
            reference_id=payment.id,
        ),
    )


@DEFECTS.sabotage(
    "no_other_host",
    origin="a dependency that reports home: staging tells a production system of another company",
)
def telemetry_sent_to_a_stranger(patches: Patches) -> None:
    """The platform's HTTP client calls a host that is not part of the simulated world."""

    def call(sim: Simulation) -> None:
        session = runtime_of(sim).provider._session
        with contextlib.suppress(requests.ConnectionError):
            session.get("https://collector.telemetry.test/v1/traces", timeout=5)
        patches.trigger()

    patches.at(day=0, hour=9, act=call)


@DEFECTS.sabotage("values_as_declared", origin="a job that assumes it ran last night, also on its first night of all")
def first_reconciliation_looks_back_from_today(patches: Patches) -> None:
    """The first reconciliation looks back from its own time and not from the first payment, which may be days older."""

    def make(real: Any) -> Any:
        def since(runtime: Any, now: Any) -> Any:
            if runtime.database.read(reconciliation._LAST_RUN):
                return real(runtime, now)
            patches.trigger()
            return now - timedelta(seconds=runtime.settings.reconciliation_overlap_seconds)

        return since

    patches.replace(reconciliation, "_since", make)
