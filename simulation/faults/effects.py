"""What a fault does when it meets the world: the words between the schedule and those who carry it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, Protocol

from simulation.faults.plan import CALL_TIMEOUT_SECONDS, PROVIDER_TIMEOUT_SECONDS, PlannedFault
from simulation.scenario.faults import FaultKind


@dataclass(frozen=True, kw_only=True)
class PendingCall:
    """A request that is about to reach Stripe."""

    method: str
    path: str
    idempotency_key: str | None
    contest_id: str | None
    user_id: str | None
    business_key: str | None
    """``metadata.payout_transfer_id`` of a transfer, ``metadata.payment_intent_id`` of an intent."""
    destination: str | None


@dataclass(frozen=True, kw_only=True)
class CallEffect:
    """``before``: nothing happened at Stripe; ``after``: it happened and the caller never hears."""

    fault_id: str
    fault_kind: str
    mode: Literal[
        "timeout_before",
        "timeout_after",
        "killed_after",
        "reset_before",
        "reset_after",
        "error",
        "close_account",
        "suspend_account",
        "key_taken",
        "reserve",
        "slow",
    ]
    sim_seconds: int = 0
    """What the call costs on the simulated clock (30 for a timeout)."""
    status: int | None = None
    error_type: str | None = None
    error_code: str | None = None
    executed: bool = False
    """For ``error``: a 500 whose effect happened."""


@dataclass(frozen=True, kw_only=True)
class PendingWebhook:
    """An event of the twin that is about to be delivered for the first time."""

    event_id: str
    event_type: str
    object_id: str
    contest_id: str | None
    user_id: str | None


@dataclass(frozen=True, kw_only=True)
class WebhookEffect:
    fault_id: str
    fault_kind: str
    mode: Literal["delay", "duplicate", "second_event", "lost", "killed"]
    delay_seconds: int = 0
    """``delay``: before the first attempt; ``duplicate``/``second_event``: between first and second delivery."""
    copies: int = 1


@dataclass(frozen=True, kw_only=True)
class ProviderEffect:
    fault_id: str
    fault_kind: str
    mode: Literal["timeout", "status", "malformed", "incomplete_final"]
    status: int | None = None
    sim_seconds: int = 0


class Injector(Protocol):
    """Asked wherever the world may go wrong. An effect that is returned counts as injected and is on record."""

    def on_stripe_call(self, call: PendingCall) -> CallEffect | None: ...

    def on_webhook(self, webhook: PendingWebhook) -> WebhookEffect | None: ...

    def on_provider_request(self, *, tournament: str, final: bool) -> ProviderEffect | None: ...

    def fault_of(self, business_key: str) -> str | None:
        """Fault that touched this key before, so that what follows keeps its cause."""
        ...


class Calm:
    """The injector of a world in which nothing goes wrong."""

    def on_stripe_call(self, call: PendingCall) -> CallEffect | None:  # noqa: ARG002
        return None

    def on_webhook(self, webhook: PendingWebhook) -> WebhookEffect | None:  # noqa: ARG002
        return None

    def on_provider_request(self, *, tournament: str, final: bool) -> ProviderEffect | None:  # noqa: ARG002
        return None

    def fault_of(self, business_key: str) -> str | None:  # noqa: ARG002
        return None


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
