"""The intention to collect one payment."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix, unix_or_none
from simulation.world.stripe.objects.unused_features import PAYMENT_INTENT

IntentStatus = Literal[
    "requires_payment_method", "requires_confirmation", "requires_action", "processing", "succeeded", "canceled"
]
_AUTHENTICATE: JsonObject = {"type": "use_stripe_sdk", "use_stripe_sdk": {"type": "three_d_secure_redirect"}}


@dataclass(kw_only=True)
class PaymentIntent:
    id: str
    created: datetime
    client_secret: str
    amount_cents: int
    currency: str
    metadata: dict[str, str]
    status: IntentStatus = "requires_payment_method"
    customer: str | None = None
    description: str | None = None
    receipt_email: str | None = None
    transfer_group: str | None = None
    payment_method: str | None = None
    payment_method_types: list[str] = field(default_factory=lambda: ["card"])
    automatic_payment_methods: bool = False
    latest_charge: str | None = None
    last_payment_error: JsonObject | None = None
    canceled_at: datetime | None = None
    cancellation_reason: str | None = None

    def render(self) -> JsonObject:
        received = self.amount_cents if self.status == "succeeded" else 0
        automatic: JsonObject = {"allow_redirects": "always", "enabled": True}
        return {
            "id": self.id,
            "object": "payment_intent",
            "amount": self.amount_cents,
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": received,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": automatic if self.automatic_payment_methods else None,
            "canceled_at": unix_or_none(self.canceled_at),
            "cancellation_reason": self.cancellation_reason,
            "capture_method": "automatic",
            "client_secret": self.client_secret,
            "confirmation_method": "automatic",
            "created": unix(self.created),
            "currency": self.currency,
            "customer": self.customer,
            "description": self.description,
            "last_payment_error": self.last_payment_error,
            "latest_charge": self.latest_charge,
            "livemode": False,
            "metadata": {**self.metadata},
            "next_action": {**_AUTHENTICATE} if self.status == "requires_action" else None,
            "on_behalf_of": None,
            "payment_method": self.payment_method,
            "payment_method_options": {},
            "payment_method_types": [*self.payment_method_types],
            "processing": None,
            "receipt_email": self.receipt_email,
            "review": None,
            "setup_future_usage": None,
            "shipping": None,
            "source": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": self.status,
            "transfer_data": None,
            **PAYMENT_INTENT,
            "transfer_group": self.transfer_group,
        }
