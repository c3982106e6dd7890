"""What admins see of contests: list, details with derived stage, trail, ingestion."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.contests.contests import HAS_LEFT
from simulation.staging.errors import ApiError
from simulation.staging.runtime import Runtime

# SETTLED and PAID_OUT are stages, not statuses (`fixtures/spec/platform.md`, Contest states).
_CONTESTS = f"""
    SELECT c.*, CASE WHEN j.status = 'complete' THEN 'PAID_OUT' WHEN s.id IS NOT NULL AND c.settle_time IS NOT NULL
        THEN 'SETTLED'
                ELSE c.status END AS stage,
           (SELECT count(*) FROM contest_participants e
            WHERE e.contest_instance_id = c.id AND NOT {HAS_LEFT}) AS entries
    FROM contest_instances c
    LEFT JOIN settlement_records s ON s.contest_instance_id = c.id
    LEFT JOIN payout_jobs j ON j.contest_id = c.id
"""  # noqa: S608 - every part is ours
_LIST = text(_CONTESTS + " WHERE CAST(:status AS text) IS NULL OR c.status = :status ORDER BY c.lock_time, c.id")
_FIND = text(_CONTESTS + " WHERE c.id = :id")
_SETTLEMENT = text("""
    SELECT id, settlement_run_id, results, results_sha256, participant_count, total_pool_cents, settlement_version,
        settled_at
    FROM settlement_records WHERE contest_instance_id = :id
""")
_AUDIT = text("SELECT * FROM admin_contest_audit WHERE contest_instance_id = :id ORDER BY sequence_number")
_EVENTS = text("""
    SELECT id, provider, event_type, payload_hash, is_terminal, received_at, validation_status, validation_errors_json
    FROM ingestion_events WHERE contest_instance_id = :id ORDER BY sequence_number DESC
""")
_ERRORS = text("""
    SELECT id, ingestion_event_id, error_code, error_details_json, created_at
    FROM ingestion_validation_errors WHERE contest_instance_id = :id ORDER BY sequence_number DESC
""")


def contests(runtime: Runtime, status: str | None) -> list[Row[Any]]:
    """Contests by lock time, of one status or of all."""
    return list(runtime.database.read(_LIST, status=status))


def contest(runtime: Runtime, contest_id: UUID) -> tuple[Row[Any], Row[Any] | None]:
    """A contest and its settlement, if it has one; raises 404."""
    rows = runtime.database.read(_FIND, id=contest_id)
    if not rows:
        raise ApiError(404, "contest_not_found", f"no contest {contest_id}")
    settlements = runtime.database.read(_SETTLEMENT, id=contest_id)
    return rows[0], settlements[0] if settlements else None


def audit(runtime: Runtime, contest_id: UUID) -> list[Row[Any]]:
    """The contest's trail, oldest first; raises 404."""
    contest(runtime, contest_id)
    return list(runtime.database.read(_AUDIT, id=contest_id))


def ingestion_events(runtime: Runtime, contest_id: UUID) -> list[Row[Any]]:
    """What was ingested, newest first, without the payloads; raises 404."""
    contest(runtime, contest_id)
    return list(runtime.database.read(_EVENTS, id=contest_id))


def validation_errors(runtime: Runtime, contest_id: UUID) -> list[Row[Any]]:
    """What was wrong with the feed, newest first; raises 404."""
    contest(runtime, contest_id)
    return list(runtime.database.read(_ERRORS, id=contest_id))
