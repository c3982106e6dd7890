"""Where events are pushed to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.world.stripe.api import API_VERSION
from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix

PLATFORM_URL = "https://platform.test/api/webhooks/stripe"
SUBSCRIBED = (
    "account.updated",
    "charge.dispute.created",
    "charge.refunded",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.succeeded",
    "transfer.created",
    "transfer.reversed",
    "transfer.updated",
)
"""What the platform asked Stripe to send it when it was set up."""


@dataclass(kw_only=True)
class WebhookEndpoint:
    id: str
    created: datetime
    url: str = PLATFORM_URL
    enabled_events: tuple[str, ...] = SUBSCRIBED
    disabled: bool = False
    description: str | None = None

    @property
    def status(self) -> str:
        return "disabled" if self.disabled else "enabled"

    def wants(self, event_type: str) -> bool:
        return not self.disabled and ("*" in self.enabled_events or event_type in self.enabled_events)

    @property
    def reaches_platform(self) -> bool:
        """False once somebody pointed it elsewhere: no other host of this world answers."""
        return self.url == PLATFORM_URL and not self.disabled

    def render(self) -> JsonObject:
        return {
            "id": self.id,
            "object": "webhook_endpoint",
            "api_version": API_VERSION,
            "application": None,
            "created": unix(self.created),
            "description": self.description,
            "enabled_events": [*self.enabled_events],
            "livemode": False,
            "metadata": {},
            "status": self.status,
            "url": self.url,
        }
