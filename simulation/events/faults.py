"""Events of faults: planned, and injected."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from datetime import datetime
from typing import Literal

from pydantic import BaseModel, ConfigDict

from simulation.events.base import Event


class FaultScheduled(Event):
    """One fault of the concrete plan that the seed produced."""

    kind: Literal["fault_scheduled"] = "fault_scheduled"
    fault_id: str
    fault_kind: str
    title: str = ""
    """The kind in words, for people. Empty in a history from before it was recorded."""
    starts_at: datetime
    ends_at: datetime | None
    keys: dict[str, str]
    """Its victim: ``contest`` (scenario key), ``user_id``, ``rank``, ``tournament`` …"""
    expectation: Literal["self_heals", "runbook", "terminal"]
    runbook: str | None = None
    reason: str | None = None


class FaultInjected(Event):
    """The fault struck. May happen several times for one fault (a transfer that times out twice)."""

    kind: Literal["fault_injected"] = "fault_injected"
    fault_id: str
    fault_kind: str
    keys: dict[str, str]
    """Concrete business keys: ``payout_transfer_id``, ``stripe_event_id``, ``payment_intent`` …"""
    detail: str


class InterleavedStep(BaseModel):
    """One step of one of two sides."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    side: Literal["first", "second"]
    what: str
    """The statement without its values, COMMIT, or the call to the outside."""
    note: str = ""
    """What came of it, where it did not simply go on: it waits for a lock, it goes on, a deadlock."""


class Interleaved(Event):
    """Two of the platform's doings ran at once: the order in which their statements went on."""

    kind: Literal["interleaved"] = "interleaved"
    fault_id: str
    first: str
    """A job or a request: ``POST /api/webhooks/stripe``."""
    second: str
    steps: tuple[InterleavedStep, ...]


def row_digest(ids: Iterable[str]) -> str:
    """sha256 over the sorted ids of rows: a short name for the set of rows that a fault took from the database."""
    return hashlib.sha256("\n".join(sorted(ids)).encode()).hexdigest()
