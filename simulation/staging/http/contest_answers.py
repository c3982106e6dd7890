"""Answers to admins about contests."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from simulation.staging.http.declaration import Answer


class Scoring(Answer):
    roster_size: int
    missed_round_strokes: int


class Contest(Answer):
    id: UUID
    contest_name: str
    organizer_id: UUID
    currency: str
    """Of every amount of the contest."""
    entry_fee_cents: int
    payout_structure: dict[str, float]
    """Percent of the pool by place."""
    max_entries: int
    min_entries: int
    guaranteed_pool_cents: int
    provider_event_id: str
    scoring: Scoring
    status: str
    stage: str
    """The status, or SETTLED, or PAID_OUT."""
    entries: int
    lock_time: datetime
    start_time: datetime
    end_time: datetime
    settle_time: datetime | None
    created_at: datetime
    updated_at: datetime
    published_at: datetime | None
    completed_at: datetime | None
    cancelled_at: datetime | None


class Contests(Answer):
    contests: list[Contest]


class Ranking(Answer):
    user_id: UUID
    rank: int
    score: int
    payout_cents: int


class Results(Answer):
    rankings: list[Ranking]
    pool_cents: int
    platform_cents: int


class Settlement(Answer):
    id: UUID
    settlement_run_id: UUID
    results: Results
    results_sha256: str
    participant_count: int
    total_pool_cents: int
    settlement_version: str
    settled_at: datetime


class ContestWithSettlement(Contest):
    settlement: Settlement | None


class ContestAction(Answer):
    id: UUID
    sequence_number: int
    contest_instance_id: UUID
    admin_user_id: UUID
    action: str
    reason: str
    payload: dict[str, JsonValue]
    from_status: str | None
    to_status: str | None
    created_at: datetime


class ContestAudit(Answer):
    audit: list[ContestAction]


class PayloadError(Answer):
    error_code: str
    path: str
    detail: str


class IngestionEvent(Answer):
    id: UUID
    provider: str
    event_type: str
    payload_hash: str
    is_terminal: bool
    received_at: datetime
    validation_status: str
    validation_errors_json: list[PayloadError] | None


class ContestIngestion(Answer):
    ingestion_events: list[IngestionEvent]


class ValidationErrorDetails(Answer):
    path: str
    detail: str


class IngestionError(Answer):
    id: UUID
    ingestion_event_id: UUID | None
    error_code: str
    error_details_json: ValidationErrorDetails
    created_at: datetime


class ContestValidationErrors(Answer):
    validation_errors: list[IngestionError]
