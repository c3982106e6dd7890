"""What all events of a history have."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import ClassVar

from pydantic import BaseModel, ConfigDict


class Event(BaseModel):
    """Base of all events. ``at`` is simulated, aware UTC, whole seconds."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)

    outside_digest: ClassVar[frozenset[str]] = frozenset()
    """Fields about the machine a run was made on: they differ between environments and do not count for the digest."""
    unless_usual: ClassVar[Mapping[str, object]] = {}
    """Field → what it usually is: only another value is written into a history, so that what few scenarios have changes
    no other's."""

    seq: int = 0
    at: datetime = datetime.min.replace(tzinfo=UTC)
    cause: str = ""
