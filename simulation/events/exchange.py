"""Requests to the platform, as the witness in front of it saw them."""

from __future__ import annotations

from typing import Literal

from pydantic import JsonValue

from simulation.events.base import Event

Actor = Literal[
    "entrant",
    "organizer",
    "stripe",
    "provider",
    "operator",
    "operator_robot",
    "monitor",
    "setup",
    "founder",
    "engineer",
]


class Exchange(Event):
    """One request the platform answered. The monitor's scrapes are counted, not recorded."""

    outside_digest = frozenset({"log"})

    kind: Literal["exchange"] = "exchange"
    actor: Actor
    request_id: str
    method: str
    path: str
    query: str = ""
    status: int
    request_body: JsonValue = None
    response_body: JsonValue = None
    log: tuple[str, ...] = ()
    """Of an answer 5xx: what the platform wrote to its log meanwhile, the last lines of it."""
    idempotency_key: str | None = None
    """The header ``Idempotency-Key``."""
    execution_id: str | None = None
    """The open runbook execution in which the operator made this request, if any."""
    user_id: str | None = None
    """The header ``X-User-Id`` (fixtures/spec/platform.md, Endpoints): who a person's app says that they are."""
    token_subject: str | None = None
    """``sub`` of the bearer token, where there was one. Never the token."""
    token_scope: str | None = None
    """``scope`` of the token if it has one: ``break_glass``."""
