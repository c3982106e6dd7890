"""Something that happened at Stripe, with a snapshot of the object it is about (fixtures/spec/stripe.md 12)."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime

from simulation.world.stripe.api import API_VERSION
from simulation.world.stripe.errors import JsonObject
from simulation.world.stripe.objects.resource import unix


@dataclass(kw_only=True)
class StripeEvent:
    id: str
    created: datetime
    event_type: str
    snapshot: JsonObject
    """``data.object`` as it was; never changes again."""
    api_version: str = API_VERSION
    """In which the snapshot is rendered: the endpoint's, which need not be that of an SDK."""
    previous_attributes: JsonObject | None = None
    account: str | None = None
    request_id: str | None = None
    idempotency_key: str | None = None
    pending_webhooks: int = 0
    """Endpoints that have not acknowledged it; 0 for a type nobody subscribed to."""
    fault_id: str | None = None
    """Fault that struck this event or the business key it is about."""
    attempts: Counter[str] = field(default_factory=Counter)
    """Deliveries that were tried, by endpoint."""
    payload: bytes | None = None
    """The body as first pushed: every later attempt sends the same bytes."""

    @property
    def object_id(self) -> str:
        return str(self.snapshot.get("id"))

    @property
    def metadata(self) -> dict[str, str]:
        found = self.snapshot.get("metadata")
        return {key: str(value) for key, value in found.items()} if isinstance(found, dict) else {}

    def render(self) -> JsonObject:
        data: JsonObject = {"object": self.snapshot}
        if self.previous_attributes is not None:
            data["previous_attributes"] = self.previous_attributes
        rendered: JsonObject = {
            "id": self.id,
            "object": "event",
            "api_version": self.api_version,
            "created": unix(self.created),
            "data": data,
            "livemode": False,
            "pending_webhooks": self.pending_webhooks,
            "request": {"id": self.request_id, "idempotency_key": self.idempotency_key},
            "type": self.event_type,
        }
        if self.account is not None:
            rendered["account"] = self.account
        return rendered
