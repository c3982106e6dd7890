"""Where events are pushed to."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime

from simulation.world.stripe.api import API_VERSION
from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix

PLATFORM_URL = "https://platform.test/api/webhooks/stripe"
STANDBY_URL = f"{PLATFORM_URL}?endpoint=standby"
"""The same path as the primary endpoint's. By the query people can tell the two apart, and the jury by which of them a
delivery came; a platform that believes it believes what nobody signed."""
PRIMARY, STANDBY = "primary", "standby"
SUBSCRIBED = (
    "account.updated",
    "charge.dispute.closed",
    "charge.dispute.created",
    "charge.dispute.funds_reinstated",
    "charge.dispute.funds_withdrawn",
    "charge.refunded",
    "payment_intent.canceled",
    "payment_intent.payment_failed",
    "payment_intent.processing",
    "payment_intent.requires_action",
    "payment_intent.succeeded",
    "payout.failed",
    "refund.failed",
    "refund.updated",
    "transfer.created",
    "transfer.reversed",
    "transfer.updated",
)
"""The event types that the platform subscribed to when it was set up."""


@dataclass(kw_only=True)
class WebhookEndpoint:
    id: str
    created: datetime
    url: str = PLATFORM_URL
    enabled_events: tuple[str, ...] = SUBSCRIBED
    api_version: str = API_VERSION
    disabled: bool = False
    description: str | None = None
    metadata: dict[str, str] = field(default_factory=lambda: {"role": PRIMARY})
    secret: str = field(default="", repr=False)
    """The secret that signs its deliveries; Stripe shows it once, when an endpoint is made."""
    rolled_by: str | None = None
    """Fault that rolled the secret without telling the platform."""
    enabled_by: str | None = None
    """Fault by which it is enabled beside the other one."""
    failing_since: datetime | None = None
    """Since when no delivery has come through; None: the last one did."""

    @property
    def status(self) -> str:
        return "disabled" if self.disabled else "enabled"

    def wants(self, event_type: str) -> bool:
        return not self.disabled and ("*" in self.enabled_events or event_type in self.enabled_events)

    @property
    def reaches_platform(self) -> bool:
        """False once somebody changed its URL: no other host in the simulation answers."""
        return self.url.partition("?")[0] == PLATFORM_URL and not self.disabled

    def render(self) -> JsonObject:
        return {
            "id": self.id,
            "object": "webhook_endpoint",
            "api_version": self.api_version,
            "application": None,
            "created": unix(self.created),
            "description": self.description,
            "enabled_events": [*self.enabled_events],
            "livemode": False,
            "metadata": {**self.metadata},
            "status": self.status,
            "url": self.url,
        }
