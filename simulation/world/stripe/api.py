"""The words of one API request: who asks, what for, and what is answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulation.events import StripeOrigin
from simulation.world.stripe.errors import ApiError, JsonObject
from simulation.world.stripe.params import Params

API_VERSION = "2026-10-28.endive"
"""The version that stripe-python 16.1.0 speaks; events are rendered in it."""


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """What makes Stripe change: a request, or (without ids) the world itself. Movements and events carry it."""

    origin: StripeOrigin
    request_id: str | None = None
    idempotency_key: str | None = None
    fault_id: str | None = None
    """Fault that this goes back to, if any."""


BY_THE_WORLD = Trigger(origin="harness")


@dataclass(frozen=True, kw_only=True)
class ApiRequest:
    """A request that passed authentication. ``path`` has no query."""

    request_id: str
    origin: StripeOrigin
    method: str
    path: str
    params: Params
    idempotency_key: str | None
    """As sent: what replays go by."""
    recorded_key: str | None
    """As history and events have it: reproducible also where an SDK drew the key at random."""
    fault_id: str | None = None
    """Fault that touches this call, or touched before what it is about."""

    @property
    def segments(self) -> list[str]:
        return self.path.strip("/").split("/")

    @property
    def trigger(self) -> Trigger:
        return Trigger(
            origin=self.origin,
            request_id=self.request_id,
            idempotency_key=self.recorded_key,
            fault_id=self.fault_id,
        )


@dataclass(frozen=True, kw_only=True)
class Call:
    """What an endpoint sees of a request."""

    object_id: str
    """Id in the path, "" for a collection."""
    params: Params
    trigger: Trigger


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Status and body of an answer, with what the journal wants to know about it."""

    status: int
    body: JsonObject
    request_id: str
    """Of the request that was first given this answer."""
    object_id: str | None = None
    executed: bool = False
    """Stripe's state changed through this very request."""
    replayed: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def error_code(self) -> str | None:
        error = self.body.get("error")
        if not isinstance(error, dict):
            return None
        return str(error.get("code") or error.get("type"))

    @classmethod
    def of_error(cls, error: ApiError, *, request_id: str) -> Answer:
        return cls(status=error.status, body=error.body(), request_id=request_id)
