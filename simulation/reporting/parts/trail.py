"""The audit trail in order of time: the canonical relations ``audit_records`` and ``contest_audit`` together."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.events import Row
from simulation.reporting.parts.fields import instant, text
from simulation.reporting.parts.source import ReportSource


@dataclass(frozen=True, kw_only=True)
class AuditRow:
    at: datetime | None
    actor: str
    actor_id: str
    action: str
    reason: str
    subject: str
    """Name of the contest or person that was acted on; empty when the id is neither's."""
    entity_type: str
    entity_id: str
    transition: str
    """Change of a contest's status, such as ``LOCKED → LIVE``; else empty."""
    request_id: str
    relation: str


def trail_of(source: ReportSource) -> tuple[AuditRow, ...]:
    """All rows of both relations, by time."""
    rows = [_record(source, row) for row in source.rows("audit_records")]
    rows += [_contest(source, row) for row in source.rows("contest_audit")]
    return tuple(sorted(rows, key=lambda row: row.at or source.calendar.start))


def _record(source: ReportSource, row: Row) -> AuditRow:
    entity_id = text(row, "entity_id")
    return AuditRow(
        at=instant(row, "created_at"),
        actor=source.names.actor(text(row, "actor")),
        actor_id=text(row, "actor"),
        action=text(row, "action"),
        reason=text(row, "reason"),
        subject=source.names.known(entity_id),
        entity_type=text(row, "entity_type"),
        entity_id=entity_id,
        transition="",
        request_id=text(row, "request_id"),
        relation="audit_records",
    )


def _contest(source: ReportSource, row: Row) -> AuditRow:
    before, after = text(row, "from_status"), text(row, "to_status")
    return AuditRow(
        at=instant(row, "created_at"),
        actor=source.names.actor(text(row, "actor")),
        actor_id=text(row, "actor"),
        action=text(row, "action"),
        reason=text(row, "reason"),
        subject=source.names.contest(text(row, "contest_id")),
        entity_type="contest",
        entity_id=text(row, "contest_id"),
        transition=f"{before or 'new'} → {after}" if after and before != after else "",
        request_id="",
        relation="contest_audit",
    )
