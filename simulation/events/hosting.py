"""What the hosting provider did to the services, and who asked for it."""

from __future__ import annotations

from typing import Literal

from simulation.events.base import Event
from simulation.events.exchange import Actor


class HostingAction(Event):
    """Recorded when the action takes effect. ``actor`` and ``execution_id`` say who asked for it."""

    kind: Literal["hosting_action"] = "hosting_action"
    service: Literal["platform", "database"]
    action: Literal["drain", "admit", "stop", "start", "resize"]
    detail: str
    reason: str
    actor: Actor
    execution_id: str | None
