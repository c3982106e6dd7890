"""Defects around events that come in another order, again, or in another shape than when all is well."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

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
        def process(runtime: Any, context: Any, event: Any) -> bool:
            if event["api_version"] != _VERSION_OF_THE_SDK:
                patches.trigger()
                raise ApiError(400, "invalid_event", "the event has another API version than the library")
            return bool(real(runtime, context, event))

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
