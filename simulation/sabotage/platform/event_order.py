"""Defects around events that come in another order, again, or in another shape than when all is well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import stripe

from simulation.sabotage.patches import Patches
from simulation.sabotage.platform.collecting import book_again
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.clients.stripe import StripeGateway
from simulation.staging.errors import ApiError
from simulation.staging.money import payment_events, webhooks

_VERSION_OF_THE_SDK = "2026-10-28.endive"
_REMEMBERED = timedelta(days=1)
DEFECTS = DefectRegistry("collecting", scenario="event_order")
DISABLED = DefectRegistry("collecting", scenario="endpoint_disabled")


@DEFECTS.sabotage(
    "payment_statuses_true",
    origin="`last write wins`, with the order of arrival taken for the order in which things happened",
)
def older_event_overwrites_newer(patches: Patches) -> None:
    """An event sets the status of its payment although a newer one has been processed."""

    def make(real: Any) -> Any:
        def told_status(work: Any, event: Any, now: Any) -> Any:
            told = real(work, event, now)
            if "a newer event" not in told:
                return told
            patches.trigger()
            return payment_events.changed_status(work, event["data"]["object"], payment_events.STATUSES[event["type"]])

        return told_status

    patches.replace(payment_events, "told_status", make)


@DEFECTS.sabotage(
    "webhooks_authentic",
    origin="a check that Stripe's Go and .NET libraries make by default, in front of an endpoint that is older",
)
def events_of_another_version_refused(patches: Patches) -> None:
    """An event whose API version is not the SDK's is answered with 400."""

    def make(real: Any) -> Any:
        def process(runtime: Any, context: Any, event: Any, *endpoint: Any) -> bool:
            if event["api_version"] != _VERSION_OF_THE_SDK:
                patches.trigger()
                raise ApiError(400, "invalid_event", "the event has another API version than the library")
            return bool(real(runtime, context, event, *endpoint))

        return process

    patches.replace(webhooks, "process", make)


@DEFECTS.sabotage(
    "exactly_once",
    "three_way_reconciliation",
    origin="ids of processed events kept in a cache that forgets them after a day",
)
def event_forgotten_after_a_day(patches: Patches) -> None:
    """An event that comes again more than a day after it was made books its payment once more."""

    def make(real: Any) -> Any:
        def process_once(runtime: Any, context: Any, event: Any, *more: Any) -> bool:
            fresh: bool = real(runtime, context, event, *more)
            made_at = datetime.fromtimestamp(event["created"], UTC)
            if not fresh and event["type"] == "payment_intent.succeeded" and made_at + _REMEMBERED < datetime.now(UTC):
                patches.trigger()
                with runtime.unit_of_work(
                    context,
                    action="stripe_event_processed",
                    reason=f"Stripe sent {event['type']}",
                    entity=("stripe_event", event["id"]),
                ) as work:
                    book_again(work, event["data"]["object"], suffix="again")
            return fresh

        return process_once

    patches.replace(webhooks, "_process_once", make)


@DEFECTS.sabotage(
    "exactly_once",
    "three_way_reconciliation",
    origin="an event's key made of its id and of the endpoint's secret, so that no test of one sees the other's",
)
def event_counted_once_by_each_endpoint(patches: Patches) -> None:
    """An event that both endpoints bring books its payment twice."""

    def make(real: Any) -> Any:
        def process_once(runtime: Any, context: Any, event: Any, made: Any, status: Any, endpoint: Any) -> bool:
            fresh: bool = real(runtime, context, event, made, status, endpoint)
            other = not fresh and not webhooks._is_repeated(runtime, event["id"], endpoint)
            if other and event["type"] == "payment_intent.succeeded":
                patches.trigger()
                with runtime.unit_of_work(
                    context,
                    action="stripe_event_processed",
                    reason=f"Stripe sent {event['type']}",
                    entity=("stripe_event", event["id"]),
                ) as work:
                    book_again(work, event["data"]["object"], suffix=endpoint)
            return fresh

        return process_once

    patches.replace(webhooks, "_process_once", make)


@DEFECTS.sabotage(
    "webhooks_authentic",
    origin="a second secret that was configured, and a check that looks at the first one only",
)
def standby_secret_never_tried(patches: Patches) -> None:
    """What comes by the standby endpoint is refused as a forgery."""

    def make(real: Any) -> Any:
        def verified_by(runtime: Any, body: str, signature: str) -> Any:
            role = real(runtime, body, signature)
            if role == "standby":
                patches.trigger()
                raise stripe.SignatureVerificationError("No signatures found", signature, body)  # type: ignore[no-untyped-call]
            return role

        return verified_by

    patches.replace(webhooks, "_verified_by", make)


@DEFECTS.sabotage(
    "values_as_declared",
    origin="a default for a column that was added later, and an insert that does not name it",
)
def every_event_by_the_primary_endpoint(patches: Patches) -> None:
    """The books say of each event that the primary endpoint brought it."""

    def make(real: Any) -> Any:
        def verified_by(runtime: Any, body: str, signature: str) -> Any:
            if real(runtime, body, signature) == "standby":
                patches.trigger()
            return "primary"

        return verified_by

    patches.replace(webhooks, "_verified_by", make)


@DEFECTS.sabotage(
    "metrics_true",
    origin="a count that was right as long as there was one endpoint: people are called for a storm that is none",
)
def other_endpoint_counted_as_repetition(patches: Patches) -> None:
    """What both endpoints bring counts as delivered again."""

    def make(real: Any) -> Any:
        def is_repeated(runtime: Any, event_id: str, endpoint: str) -> bool:
            if not real(runtime, event_id, endpoint):
                patches.trigger()
            return True

        return is_repeated

    patches.replace(webhooks, "_is_repeated", make)


@DISABLED.sabotage(
    "faults_recovered",
    origin="Stripe sends an email about it, so nobody wrote code; the mailbox is that of the founder",
)
def disabled_endpoint_unseen(patches: Patches) -> None:
    """The nightly look at Stripe's endpoints takes each one for enabled."""

    def make(real: Any) -> Any:
        def webhook_endpoints(self: Any) -> Any:
            found = real(self)
            if all(endpoint.status == "disabled" for endpoint in found):
                patches.trigger()
                return [replace(endpoint, status="enabled") for endpoint in found]
            return found

        return webhook_endpoints

    patches.replace(StripeGateway, "webhook_endpoints", make)
