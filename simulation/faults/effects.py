"""What a fault does when it strikes: the words between the plan and those who carry it out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from simulation.scenario.faults.payments import PaymentFault, WebhookMode
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.provider import FeedFault, ProviderMode
from simulation.scenario.faults.transfers import CallFault, CallMode

CALL_TIMEOUT_SECONDS = 30
"""How long a platform waits for Stripe (fixtures/spec/platform.md, "Money")."""
PROVIDER_TIMEOUT_SECONDS = 5
"""How long it waits for the score provider (fixtures/spec/platform.md, "Background work")."""

_TURNED_AWAY_SECONDS = 1
"""What an answer takes that tells to wait: whoever calls again does it later than the first call."""


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
    mode: CallMode
    sim_seconds: int = 0
    """What the call costs on the simulated clock (30 for a timeout)."""
    status: int | None = None
    error_type: str | None = None
    error_code: str | None = None
    executed: bool = False
    """For ``error``: a 500 whose effect happened."""
    retry_after_seconds: int | None = None
    """For ``error``: what the answer says with ``Retry-After``."""


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
    mode: WebhookMode
    delay_seconds: int = 0
    """``delay``: before the first attempt; ``duplicate``/``second_event``: between first and second delivery."""
    copies: int = 1
    """``duplicate``, ``second_event``: deliveries besides the first; ``reset``: deliveries whose answer is lost."""
    takes_over: bool = True
    """What comes of the event goes back to this fault; else to an earlier one, if there is one."""


@dataclass(frozen=True, kw_only=True)
class ProviderEffect:
    fault_id: str
    fault_kind: str
    mode: ProviderMode
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


def call_effect(
    kind: type[CallFault], fault: PlannedFault, *, again: bool = False, retry_after_seconds: int | None = None
) -> CallEffect:
    """Of a fault that strikes calls to Stripe. What Stripe says with a status is the twin's knowledge."""
    mode = kind.effect(status=fault.status, again=again)
    took = CALL_TIMEOUT_SECONDS if mode.startswith("timeout") else fault.seconds if mode == "slow" else 0
    return CallEffect(
        fault_id=fault.fault_id,
        fault_kind=fault.kind,
        mode=mode,
        sim_seconds=took if retry_after_seconds is None else _TURNED_AWAY_SECONDS,
        status=fault.status if mode == "error" else None,
        error_code=kind.error_code,
        executed=kind.executed,
        retry_after_seconds=retry_after_seconds,
    )


def webhook_effect(kind: type[PaymentFault], fault: PlannedFault) -> WebhookEffect:
    """Of a fault that strikes the announcement of a payment."""
    return WebhookEffect(
        fault_id=fault.fault_id,
        fault_kind=fault.kind,
        mode=kind.mode,
        delay_seconds=fault.delay_seconds,
        copies=fault.times,
    )


def provider_effect(kind: type[FeedFault], fault: PlannedFault) -> ProviderEffect:
    """Of a fault that strikes requests to the score provider."""
    mode = kind.effect(status=fault.status)
    return ProviderEffect(
        fault_id=fault.fault_id,
        fault_kind=fault.kind,
        mode=mode,
        status=fault.status,
        sim_seconds=PROVIDER_TIMEOUT_SECONDS if mode == "timeout" else fault.seconds,
    )
