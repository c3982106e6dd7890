"""Events of the Stripe twin: calls, movements of money, final states, webhook deliveries."""

from __future__ import annotations

from datetime import datetime
from types import MappingProxyType
from typing import Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from simulation.currency import USD
from simulation.events.base import Event

StripeOrigin = Literal["platform", "entrant", "dashboard", "harness"]


class StripeCall(Event):
    """One API request as the twin's journal has it."""

    kind: Literal["stripe_call"] = "stripe_call"
    request_id: str
    origin: StripeOrigin
    method: str
    path: str
    params: JsonValue = None
    idempotency_key: str | None = None
    status: int | None
    """None: no answer reached the caller (timeout, reset)."""
    error_code: str | None = None
    object_id: str | None = None
    executed: bool
    """The call changed Stripe's state (false for reads, refusals, replays, and timeouts before effect)."""
    replayed: bool = False
    fault_id: str | None = None
    retry_after_seconds: int | None = None
    """What a 429 said."""


class StripeMovement(Event):
    """A balance transaction at Stripe, with Stripe's signs: ``net_cents = amount_cents - fee_cents``."""

    kind: Literal["stripe_movement"] = "stripe_movement"
    balance_transaction_id: str
    movement: Literal["charge", "transfer", "refund", "refund_failure", "adjustment", "topup", "transfer_reversal"]
    amount_cents: int
    fee_cents: int
    net_cents: int
    currency: str
    available_at: datetime
    source_id: str
    """``ch_…``, ``tr_…``, ``re_…``."""
    payment_intent_id: str | None = None
    destination: str | None = None
    contest_id: str | None = None
    user_id: str | None = None
    idempotency_key: str | None = None
    origin: StripeOrigin = "platform"


class StripeBalance(Event):
    """The platform's balance in one currency at Stripe at the end of the run; of each currency that it has ever had."""

    unless_usual = MappingProxyType({"currency": USD})

    kind: Literal["stripe_balance"] = "stripe_balance"
    currency: str = USD
    opening_cents: int
    available_cents: int
    pending_cents: int


class StripeObject(Event):
    """Final state at Stripe of an object that the books speak of; recorded at the end, ordered by id."""

    unless_usual = MappingProxyType({"currency": USD})

    kind: Literal["stripe_object"] = "stripe_object"
    object_type: Literal[
        "payment_intent", "charge", "transfer", "refund", "account", "dispute", "payout", "webhook_endpoint"
    ]
    object_id: str
    status: str
    amount_cents: int = 0
    currency: str = USD
    contest_id: str | None = None
    user_id: str | None = None
    payment_intent_id: str | None = None
    destination: str | None = None
    metadata: dict[str, str] = Field(default_factory=dict)


class RequestShape(BaseModel):
    """A kind of request to Stripe: endpoint (``{id}`` for an id) and parameters, each as ``name: kind of value``."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    method: str
    path: str
    parameters: tuple[str, ...]
    example_seq: int
    """The first call of this shape."""


class ShapeAnswer(BaseModel):
    """stripe-mock's answer to the example of a shape."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    status: int
    complaint: str = ""


class StripeContract(Event):
    """Every distinct shape of the platform's requests, and stripe-mock's answer to each, in the same order."""

    outside_digest = frozenset({"judge", "problem", "answers"})

    kind: Literal["stripe_contract"] = "stripe_contract"
    shapes: tuple[RequestShape, ...]
    judge: str = ""
    """Version of stripe-mock; empty if this machine has none."""
    problem: str = ""
    """Why there is none, with the remedy."""
    answers: tuple[ShapeAnswer, ...] = ()


class StripeEventMade(Event):
    """Stripe made an event, whether or not it is pushed to the platform.

    ``payload_sha256``: of its canonical JSON, with 0, 1 and 2 webhooks pending: as it is shown before and after each of
    at most two endpoints has acknowledged it.
    """

    kind: Literal["stripe_event_made"] = "stripe_event_made"
    event_id: str
    event_type: str
    object_id: str
    payload_sha256: tuple[str, ...]


class StripeAccountChange(Event):
    """Stripe stopped transfers to a connected account, or lets them go on. One that it closed has none of these."""

    kind: Literal["stripe_account_change"] = "stripe_account_change"
    account_id: str
    user_id: str | None = None
    can_be_paid: bool
    disabled_reason: str | None = None


class StripeEndpointChange(Event):
    """Events go to a webhook endpoint from now on, or no more. At the start they go to the primary one only."""

    kind: Literal["stripe_endpoint_change"] = "stripe_endpoint_change"
    endpoint_id: str
    role: str | None
    enabled: bool


class WebhookAttempt(Event):
    kind: Literal["webhook_attempt"] = "webhook_attempt"
    event_id: str
    event_type: str
    object_id: str
    attempt: int
    status: int | None
    next_attempt_at: datetime | None
    fault_id: str | None = None
    endpoint_id: str | None = None
