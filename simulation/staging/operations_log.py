"""What operations did to the platform's infrastructure: a record of its own, since no business table changes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from sqlalchemy import text

from simulation.staging.canonical import canonical_json
from simulation.staging.unit_of_work import UnitOfWork

Subject = Literal["database", "authentication", "webhooks"]

_INSERT = text("""
    INSERT INTO operations_events (id, subject, event, detail, reason, admin_user_id)
    VALUES (:id, :subject, :event, CAST(:detail AS jsonb), :reason, :actor)
""")


def note(work: UnitOfWork, *, subject: Subject, event: str, detail: Mapping[str, object]) -> None:
    """Record an act of operations, in the transaction that also holds its audit record."""
    work.write(
        _INSERT,
        id=work.new_id(),
        subject=subject,
        event=event,
        detail=canonical_json(detail),
        reason=work.reason,
        actor=work.context.actor,
    )
