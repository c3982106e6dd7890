"""What each kind of fault does to the call, the webhook or the request it meets."""

from __future__ import annotations

from typing import Literal

from simulation.faults.effects import CallEffect, ProviderEffect, WebhookEffect
from simulation.faults.schedule import CALL_TIMEOUT_SECONDS, PROVIDER_TIMEOUT_SECONDS, PlannedFault
from simulation.scenario.faults import FaultKind

_CallMode = Literal[
    "timeout_before",
    "timeout_after",
    "error",
    "reset_before",
    "killed_after",
    "close_account",
    "suspend_account",
    "key_taken",
    "reserve",
]
_CALL_MODES: dict[FaultKind, _CallMode] = {
    "transfer_timeout_before": "timeout_before",
    "transfer_timeout_after": "timeout_after",
    "transfer_error": "error",
    "transfer_reset": "reset_before",
    "transfer_then_killed": "killed_after",
    "transfer_refused": "error",
    "transfer_key_taken": "key_taken",
    "destination_invalid": "close_account",
    "destination_suspended": "suspend_account",
    "stripe_reserve": "reserve",
}
_WEBHOOK_MODES: dict[FaultKind, Literal["delay", "duplicate", "second_event", "lost", "killed"]] = {
    "webhook_then_killed": "killed",
    "webhook_delayed": "delay",
    "webhook_duplicated": "duplicate",
    "two_events_for_one_payment": "second_event",
    "webhook_lost": "lost",
}


def call_effect(fault: PlannedFault, *, again: bool = False) -> CallEffect:
    """Of a fault that strikes calls to Stripe. What Stripe says with a status is the twin's knowledge."""
    if fault.kind == "stripe_outage":
        mode: _CallMode = "timeout_before" if fault.status is None else "error"
    elif fault.kind == "transfer_winner_deleted":
        mode = "close_account" if again else "reset_before"
    else:
        mode = _CALL_MODES[fault.kind]
    return CallEffect(
        fault_id=fault.fault_id,
        fault_kind=fault.kind,
        mode=mode,
        sim_seconds=CALL_TIMEOUT_SECONDS if mode.startswith("timeout") else 0,
        status=fault.status if mode == "error" else None,
        error_code="amount_too_large" if fault.kind == "transfer_refused" else None,
    )


def webhook_effect(fault: PlannedFault) -> WebhookEffect:
    """Of a fault that strikes the announcement of a payment."""
    return WebhookEffect(
        fault_id=fault.fault_id,
        fault_kind=fault.kind,
        mode=_WEBHOOK_MODES[fault.kind],
        delay_seconds=fault.delay_seconds,
        copies=fault.times,
    )


def provider_effect(fault: PlannedFault) -> ProviderEffect:
    """Of a fault that strikes requests to the score provider."""
    mode: Literal["timeout", "status", "malformed", "incomplete_final"]
    if fault.kind == "provider_outage":
        mode = "timeout" if fault.status is None else "status"
    else:
        mode = "malformed" if fault.kind == "provider_malformed" else "incomplete_final"
    return ProviderEffect(
        fault_id=fault.fault_id,
        fault_kind=fault.kind,
        mode=mode,
        status=fault.status,
        sim_seconds=PROVIDER_TIMEOUT_SECONDS if mode == "timeout" else 0,
    )
