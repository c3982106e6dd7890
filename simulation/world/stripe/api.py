"""One API request inside the twin: who sent it, what it asks for, and how it is answered."""

from __future__ import annotations

from dataclasses import dataclass, field

from simulation.events import StripeOrigin
from simulation.world.stripe.errors import ApiError, JsonObject
from simulation.world.stripe.params import Params

API_VERSION = "2026-10-28.endive"
"""The version that stripe-python 16.1.0 speaks; events are rendered in it."""


@dataclass(frozen=True, kw_only=True)
class Trigger:
    """What caused a change at Stripe: a request, or (without ids) the world. Movements and events carry it."""

    origin: StripeOrigin
    request_id: str | None = None
    idempotency_key: str | None = None
    fault_id: str | None = None
    """Fault that caused it, if one did."""


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
    """As sent; replays are looked up by it."""
    recorded_key: str | None
    """As history and events have it: a name that is the same in every run, also for a key that an SDK drew at
    random."""
    account: str | None = None
    """The connected account for which the platform acts: the header ``Stripe-Account``."""
    fault_id: str | None = None
    """Fault that strikes this call, or that struck the object it is about before."""

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
    """A request as an endpoint gets it."""

    object_id: str
    """Id in the path, "" for a collection."""
    params: Params
    trigger: Trigger
    account: str | None = None
    """The connected account for which the platform acts."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Status and body of an answer, with what the journal records about it."""

    status: int
    body: JsonObject
    request_id: str
    """Id of the request that first got this answer: a replay has that of the original."""
    object_id: str | None = None
    executed: bool = False
    """Whether this request itself changed Stripe's state."""
    replayed: bool = False
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def error_code(self) -> str | None:
        error = self.body.get("error")
        if not isinstance(error, dict):
            return None
        return str(error.get("code") or error.get("type"))

    @property
    def retry_after_seconds(self) -> int | None:
        """How long the caller is asked to wait."""
        said = self.headers.get("Retry-After")
        return None if said is None else int(said)

    @classmethod
    def of_error(cls, error: ApiError, *, request_id: str) -> Answer:
        return cls(status=error.status, body=error.body(), request_id=request_id)
