"""Writes what a poll found: events, validation errors and the state of the feed."""

from __future__ import annotations

from uuid import UUID

from sqlalchemy import text

from simulation.staging.canonical import canonical_json
from simulation.staging.clients.provider import NAME
from simulation.staging.runtime import Runtime
from simulation.staging.scores.validation import FeedError
from simulation.staging.unit_of_work import UnitOfWork

FEEDS_AWAITED = """
    SELECT c.provider_event_id, greatest(max(f.last_success_at), min(c.lock_time)) AS good_at,
           max(f.last_success_at) AS last_success_at, coalesce(max(f.consecutive_failures), 0) AS consecutive_failures,
           max(f.last_error) AS last_error
    FROM contest_instances c LEFT JOIN ingestion_feeds f USING (provider_event_id)
    WHERE c.status IN ('LOCKED', 'LIVE') GROUP BY c.provider_event_id
"""
"""Tournaments whose scores contests wait for, from their lock on: before it they are not polled."""
_INSERT_EVENT = text("""
    INSERT INTO ingestion_events (id, contest_instance_id, provider, event_type, provider_data_json, payload_hash,
        is_terminal,
                                  validation_status, validation_errors_json)
    SELECT :id, :contest_id, :provider, 'leaderboard', CAST(:data AS jsonb), :payload_hash, :is_terminal, :status,
           CAST(:errors AS jsonb)
    WHERE :payload_hash IS DISTINCT FROM (
        SELECT payload_hash FROM ingestion_events WHERE contest_instance_id = :contest_id ORDER BY sequence_number
            DESC LIMIT 1)
    RETURNING id
""")
_HOLD_FEED = text("SELECT pg_advisory_xact_lock(hashtext(:feed))")
_INSERT_ERROR = text("""
    INSERT INTO ingestion_validation_errors (id, contest_instance_id, ingestion_event_id, error_code,
        error_details_json)
    VALUES (:id, :contest_id, :event_id, :code, CAST(:details AS jsonb))
""")
_RECORD_SUCCESS = text("""
    INSERT INTO ingestion_feeds (provider_event_id, etag, last_success_at, last_attempt_at)
    VALUES (:provider_event_id, :etag, now(), now())
    ON CONFLICT (provider_event_id) DO UPDATE SET etag = EXCLUDED.etag, last_success_at = now(),
        last_attempt_at = now(),
        consecutive_failures = 0, last_error = NULL
""")
_RECORD_FAILURE = text("""
    INSERT INTO ingestion_feeds (provider_event_id, last_attempt_at, consecutive_failures, last_error)
    VALUES (:provider_event_id, now(), 1, :error)
    ON CONFLICT (provider_event_id) DO UPDATE SET etag = NULL, last_attempt_at = now(),
        consecutive_failures = ingestion_feeds.consecutive_failures + 1, last_error = EXCLUDED.last_error
""")


def hold_feed(work: UnitOfWork, provider_event_id: str) -> None:
    """Let one process at a time store events of a feed: whether one is new, is asked of the newest that is there."""
    work.read(_HOLD_FEED, feed=f"ingestion:{provider_event_id}")


def store_event(
    work: UnitOfWork,
    contest_id: UUID,
    *,
    data: object,
    payload_hash: str,
    is_terminal: bool,
    errors: list[FeedError],
) -> bool:
    """Add the event and its errors, unless the contest's newest event has the same payload; says whether it was new."""
    error_values = [{"error_code": e.code, "path": e.path, "detail": e.detail} for e in errors]
    event_id = work.new_id()
    stored = work.write(
        _INSERT_EVENT,
        id=event_id,
        contest_id=contest_id,
        provider=NAME,
        data=canonical_json(data),
        payload_hash=payload_hash,
        is_terminal=is_terminal,
        status="INVALID" if errors else "VALID",
        errors=canonical_json(error_values) if errors else None,
    )
    if not stored:
        return False
    for error in errors:
        store_error(
            work, contest_id, code=error.code, details={"path": error.path, "detail": error.detail}, event_id=event_id
        )
    return True


def store_error(
    work: UnitOfWork, contest_id: UUID, *, code: str, details: dict[str, object], event_id: UUID | None = None
) -> None:
    """Add one error; without an event when there was no payload to store."""
    work.write(
        _INSERT_ERROR,
        id=work.new_id(),
        contest_id=contest_id,
        event_id=event_id,
        code=code,
        details=canonical_json(details),
    )


def record_feed_success(runtime: Runtime, provider_event_id: str, etag: str | None) -> None:
    """Record that the feed gave a valid answer."""
    runtime.database.write_ungoverned(_RECORD_SUCCESS, provider_event_id=provider_event_id, etag=etag)


def record_feed_failure(runtime: Runtime, provider_event_id: str, error: str) -> None:
    """Record that the feed gave nothing usable. Its tag is dropped: a 304 must never confirm a refused payload."""
    runtime.database.write_ungoverned(_RECORD_FAILURE, provider_event_id=provider_event_id, error=error)
