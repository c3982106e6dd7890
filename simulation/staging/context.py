"""Who acts, and under which request: what every audit record needs to know."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from simulation.staging.idempotency import RequestKey

SYSTEM = UUID(int=0)
"""The actor of jobs and webhooks (`fixtures/spec/platform.md`)."""


@dataclass(frozen=True, kw_only=True)
class Context:
    """The actor and the request on whose behalf an operation is done."""

    actor: UUID
    request_id: str
    key: RequestKey | None = None
    """Under which it is done once, however often it is asked."""

    @property
    def actor_name(self) -> str:
        """The actor as the audit log has it: a user id; the system has one, too."""
        return str(self.actor)


def of_job(name: str) -> Context:
    """Context of one run of a background job."""
    return Context(actor=SYSTEM, request_id=f"job:{name}:{datetime.now(UTC).isoformat(timespec='seconds')}")
