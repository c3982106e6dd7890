"""The ingestion job: one conditional request for each tournament that a contest waits for."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.canonical import sha256_of, storable, unstorable_path
from simulation.staging.clients.provider import Payload, ProviderFailure, Unchanged
from simulation.staging.context import Context
from simulation.staging.database import PASSING
from simulation.staging.runtime import Runtime
from simulation.staging.scores import store
from simulation.staging.scores.board import Board
from simulation.staging.scores.validation import FeedError, validate, validate_progress
from simulation.staging.settlement import score_audit

CORRECTIONS_TAKEN_HOURS = 24
"""How long after a settlement the provider is still asked for corrections of its scores."""
_CORRECTIONS_EVERY_MINUTES = 60

# A contest without a valid event needs the whole body, whatever tag an older contest of the same tournament left
# behind. A settled one is asked for, too, so that no correction of its scores goes unseen: with the others of its
# tournament, or by itself once an hour.
DUE = text(f"""
    SELECT c.provider_event_id, array_agg(c.id ORDER BY c.id) AS contest_ids, f.etag, f.last_error,
           coalesce(f.consecutive_failures, 0) AS consecutive_failures, bool_and(EXISTS (
               SELECT FROM ingestion_events e WHERE e.contest_instance_id = c.id AND e.validation_status = 'VALID'))
                   AS all_served,
           bool_or({score_audit.UNAUDITED}) AS unaudited
    FROM contest_instances c LEFT JOIN ingestion_feeds f USING (provider_event_id)
    WHERE c.status IN ('LOCKED', 'LIVE', 'COMPLETE')
        AND (c.settle_time IS NULL OR c.settle_time > now() - make_interval(hours => {CORRECTIONS_TAKEN_HOURS}))
    GROUP BY c.provider_event_id, f.etag, f.last_error, f.consecutive_failures, f.last_attempt_at
    HAVING bool_or(c.settle_time IS NULL)
        OR f.last_attempt_at <= now() - make_interval(mins => {_CORRECTIONS_EVERY_MINUTES})
    ORDER BY c.provider_event_id
""")  # noqa: S608 - every part is ours
_LATEST_VALID_BOARD = text("""
    SELECT e.provider_data_json
    FROM ingestion_events e JOIN contest_instances c ON c.id = e.contest_instance_id
    WHERE c.id = ANY (:contest_ids) AND c.status IN ('LIVE', 'COMPLETE') AND e.validation_status = 'VALID'
    ORDER BY e.sequence_number DESC LIMIT 1
""")


@dataclass(frozen=True, kw_only=True)
class PollResult:
    """What one run of the poller did."""

    feeds_polled: int = 0
    feeds_failed: int = 0
    events_stored: int = 0


def run(runtime: Runtime, context: Context) -> PollResult:
    """Poll every feed that is due; a failure of one does not stop the others."""
    polled = failed = stored = unaudited = 0
    for feed in runtime.database.read(DUE):
        polled += 1
        unaudited += feed.unaudited
        try:
            new_events = poll_feed(runtime, context, feed)
        except Exception as error:
            runtime.log.error(
                "Ingestion",
                "poll failed",
                provider_event_id=feed.provider_event_id,
                error=repr(error),
                request_id=context.request_id,
            )
            if not isinstance(error, PASSING):  # the feed has not failed: the database has
                store.record_feed_failure(runtime, feed.provider_event_id, type(error).__name__)
            new_events = None
        failed += new_events is None
        stored += new_events or 0
    if stored or unaudited:
        score_audit.run(runtime, context)
    return PollResult(feeds_polled=polled, feeds_failed=failed, events_stored=stored)


def poll_feed(runtime: Runtime, context: Context, feed: Row[Any]) -> int | None:
    """Fetch and store one feed; the number of events stored, or None if the feed gave nothing usable."""
    answer = runtime.provider.fetch(feed.provider_event_id, feed.etag if feed.all_served else None)
    match answer:
        case Unchanged():
            store.record_feed_success(runtime, feed.provider_event_id, feed.etag)
            return 0
        case ProviderFailure():
            _record_outage(runtime, context, feed, answer)
            return None
        case Payload():
            return _ingest(runtime, context, feed, answer)


def _record_outage(runtime: Runtime, context: Context, feed: Row[Any], failure: ProviderFailure) -> None:
    """Every failed poll is logged; the table gets the beginning of an outage and each change of its kind."""
    runtime.log.error(
        "Ingestion",
        "provider failed",
        provider_event_id=feed.provider_event_id,
        error_code=failure.error_code,
        detail=failure.detail,
        request_id=context.request_id,
    )
    if feed.consecutive_failures == 0 or feed.last_error != failure.error_code:
        details: dict[str, object] = {"provider_event_id": feed.provider_event_id, "detail": failure.detail}
        with runtime.unit_of_work(
            context,
            action="ingestion_failed",
            reason=f"provider failure {failure.error_code}",
            entity=("ingestion_feed", feed.provider_event_id),
            payload=details,
        ) as work:
            for contest_id in feed.contest_ids:
                store.store_error(work, contest_id, code=failure.error_code, details=details)
    store.record_feed_failure(runtime, feed.provider_event_id, failure.error_code)


def _ingest(runtime: Runtime, context: Context, feed: Row[Any], payload: Payload) -> int | None:
    data, board, errors = _read(runtime, feed, payload)
    payload_hash = sha256_of(data)
    reason = f"payload refused: {errors[0].code}" if errors else "new leaderboard from the provider"
    stored: list[UUID] = []
    with runtime.unit_of_work(
        context, action="ingestion_event_stored", reason=reason, entity=("ingestion_feed", feed.provider_event_id)
    ) as work:
        store.hold_feed(work, feed.provider_event_id)
        for contest_id in feed.contest_ids:
            if store.store_event(
                work,
                contest_id,
                data=data,
                payload_hash=payload_hash,
                errors=errors,
                is_terminal=board is not None and board.is_final,
            ):
                stored.append(contest_id)
        work.payload.update(payload_hash=payload_hash, contest_ids=[str(contest_id) for contest_id in stored])
    _log(runtime, context, feed, errors, stored)
    if errors:
        store.record_feed_failure(runtime, feed.provider_event_id, errors[0].code)
        return None
    store.record_feed_success(runtime, feed.provider_event_id, payload.etag)
    return len(stored)


def _read(runtime: Runtime, feed: Row[Any], payload: Payload) -> tuple[object, Board | None, list[FeedError]]:
    """The payload as stored, the board if it is one, and what is wrong with it."""
    try:
        data: object = json.loads(payload.text, parse_constant=_refuse_constant)
    except ValueError as error:
        return _raw(payload), None, [FeedError(code="MALFORMED_JSON", path="$", detail=str(error))]
    path = unstorable_path(data)
    if path is not None:
        refused = FeedError(code="MALFORMED_JSON", path=path, detail="U+0000 or half a surrogate pair: no text")
        return _raw(payload), None, [refused]
    board, errors = validate(data, feed.provider_event_id)
    if board is None:
        return data, None, errors
    for row in runtime.database.read(_LATEST_VALID_BOARD, contest_ids=list(feed.contest_ids)):
        earlier, _ = validate(row.provider_data_json, feed.provider_event_id)
        if earlier is not None:
            errors = validate_progress(earlier, board)
    return data, board if not errors else None, errors


def _raw(payload: Payload) -> object:
    """A body that cannot be stored as JSON: its text, with its digest."""
    digest = hashlib.sha256(payload.text.encode()).hexdigest()
    return {"raw": storable(payload.text), "sha256": digest}


def _refuse_constant(name: str) -> object:
    """NaN and Infinity are Python's, not JSON's."""
    raise ValueError(f"{name} is not JSON")


def _log(runtime: Runtime, context: Context, feed: Row[Any], errors: list[FeedError], stored: list[UUID]) -> None:
    for error in errors:
        runtime.log.error(
            "Ingestion",
            "payload refused",
            provider_event_id=feed.provider_event_id,
            error_code=error.code,
            path=error.path,
            detail=error.detail,
            request_id=context.request_id,
        )
    for contest_id in stored:
        runtime.log.info(
            "Ingestion",
            "event stored",
            contest_id=contest_id,
            provider_event_id=feed.provider_event_id,
            validation_status="INVALID" if errors else "VALID",
            request_id=context.request_id,
        )
