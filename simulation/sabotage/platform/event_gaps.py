"""Defects around events that never come: of payments, and of what Stripe and banks do by themselves."""

from __future__ import annotations

from typing import Any

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.money import reconciliation, webhooks

DEFECTS = DefectRegistry("collecting", scenario="event_gaps")


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="what was sent is believed to have come: only payments are compared with Stripe's lists",
)
def undelivered_events_never_asked_for(patches: Patches) -> None:
    """The reconciliation does not see which events of Stripe never came."""

    def make(real: Any) -> Any:
        def never_came(*arguments: Any) -> list[Any]:
            if real(*arguments):
                patches.trigger()
            return []

        return never_came

    patches.replace(reconciliation, "_never_came", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="a replay that marks events as seen, so that the alert ends, and was only ever tried with payments",
)
def fetched_events_stored_and_not_booked(patches: Patches) -> None:
    """An event that was fetched from Stripe's list is stored as processed; only payments are booked."""

    def make(real: Any) -> Any:
        def process_once(runtime: Any, context: Any, event: Any, made: Any, status: Any, endpoint: Any) -> Any:
            if endpoint is None and event["type"] != "payment_intent.succeeded":
                patches.trigger()
                event = {**event, "type": f"ignored.{event['type']}"}
            return real(runtime, context, event, made, status, endpoint)

        return process_once

    patches.replace(webhooks, "_process_once", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    scenario="late_operator",
    origin="a window of the last days that was chosen for speed, and people who were thought to come the same day",
)
def missing_payment_forgotten_after_some_nights(patches: Patches) -> None:
    """A payment that nobody has booked is no longer missed once it is older than what a reconciliation looks at."""

    def make(real: Any) -> Any:
        def still_missing(runtime: Any) -> dict[Any, Any]:
            if real(runtime):
                patches.trigger()
            return {}

        return still_missing

    patches.replace(reconciliation, "_still_missing", make)
