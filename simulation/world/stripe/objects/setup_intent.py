"""The intention to keep a card for later payments."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix

SetupStatus = Literal["requires_payment_method", "requires_confirmation", "succeeded", "canceled"]


@dataclass(kw_only=True)
class SetupIntent:
    id: str
    created: datetime
    client_secret: str
    metadata: dict[str, str]
    status: SetupStatus = "requires_payment_method"
    customer: str | None = None
    payment_method: str | None = None
    description: str | None = None
    usage: str = "off_session"
    cancellation_reason: str | None = None

    def render(self) -> JsonObject:
        return {
            "id": self.id,
            "object": "setup_intent",
            "allowed_payment_method_types": None,
            "application": None,
            "automatic_payment_methods": {"allow_redirects": "always", "enabled": True},
            "cancellation_reason": self.cancellation_reason,
            "client_secret": self.client_secret,
            "created": unix(self.created),
            "customer": self.customer,
            "customer_account": None,
            "description": self.description,
            "excluded_payment_method_types": None,
            "flow_directions": None,
            "last_setup_error": None,
            "latest_attempt": None,
            "livemode": False,
            "mandate": None,
            "metadata": {**self.metadata},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": self.payment_method,
            "payment_method_configuration_details": None,
            "payment_method_options": {},
            "payment_method_types": ["card"],
            "single_use_mandate": None,
            "status": self.status,
            "usage": self.usage,
        }
