"""Answers of the diagnostic pages to admins."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import JsonValue

from simulation.staging.http.declaration import Answer, Done


class HealthPage(Answer):
    status: str
    database: str
    database_max_connections: int | None
    provider: str
    environment: str
    database_connection_pool_available: int


class JobResult(Answer):
    counts: dict[str, int]
    error: str | None


class JobPage(Answer):
    name: str
    interval_seconds: int
    schedule: dict[str, int]
    last_run_at: datetime | None
    last_result: JobResult | None


class JobsPage(Answer):
    jobs: list[JobPage]


class StuckTransfer(Answer):
    id: UUID
    contest_id: UUID
    user_id: UUID
    amount_cents: int
    currency: str
    status: str
    attempt_count: int
    max_attempts: int
    failure_reason: str | None
    first_attempted_at: datetime | None
    next_attempt_at: datetime | None
    updated_at: datetime


class PayoutsPage(Answer):
    counts_by_status: dict[str, int]
    stuck_minutes: int
    stuck_transfers: list[StuckTransfer]


class StripePage(Answer):
    status: str
    error_code: str | None
    available_cents: dict[str, int] | None
    """By currency, as are the other sums."""
    pending_cents: dict[str, int] | None
    transfers_due: int
    due_cents: dict[str, int]
    held_transfers: int


class Feed(Answer):
    provider_event_id: str
    lag_seconds: int
    last_success_at: datetime | None
    consecutive_failures: int
    last_error: str | None


class IngestionPage(Answer):
    feeds: list[Feed]
    max_lag_seconds: int


class MissingWebhook(Answer):
    payment_intent_id: UUID | None
    stripe_payment_intent_id: str
    contest_id: UUID | None
    user_id: UUID | None
    amount_cents: int
    currency: str


class MissingEvent(Answer):
    stripe_event_id: str
    type: str


class NotBookedOnce(Answer):
    payment_intent_id: UUID
    stripe_payment_intent_id: str | None
    bookings: int


class PaymentsPage(Answer):
    webhooks_missing: list[MissingWebhook]
    events_missing: list[MissingEvent]
    dead_letters: int
    dead_letters_waiting: int
    not_booked_once: list[NotBookedOnce]
    refunds: dict[str, int]


class DatabaseSession(Answer):
    application: str
    own: bool
    sessions: int
    idle: int
    in_transaction: int
    oldest_opened_at: datetime


class HoldingSession(Answer):
    application: str
    opened_at: datetime


class DatabasePage(Answer):
    available_connections: int
    free_connections: int
    pool_size: int
    sessions: list[DatabaseSession]
    holding_contests: list[HoldingSession]


class UnsettledContest(Answer):
    contest_id: UUID
    contest_name: str
    error_code: str | None
    settlement_run_id: UUID | None


class SettlementsPage(Answer):
    failed: list[UnsettledContest]
    pending: list[UnsettledContest]


class PayoutRun(Answer):
    jobs_processed: int
    transfers_completed: int
    transfers_retryable: int
    transfers_failed_terminal: int
    transfers_held: int
    refunds_completed: int


class RanPayouts(Done):
    result: PayoutRun


class IngestionRun(Answer):
    feeds_polled: int
    feeds_failed: int
    events_stored: int


class RanIngestion(Done):
    result: IngestionRun


class EventReplay(Answer):
    replayed: int
    duplicates: int
    failed: int


class ReplayedEvents(Done):
    result: EventReplay


class Unavailable(Answer):
    """In place of a part that cannot be had now."""

    unavailable: str


class BundleStep(Answer):
    at: datetime
    phase: str | None
    step: int | None
    outcome: str | None
    detail: JsonValue


class BundleExecution(Answer):
    id: UUID
    runbook_name: str
    runbook_version: str
    executed_by: str
    status: str
    execution_phase: str | None
    phase_step: int | None
    start_time: datetime
    end_time: datetime | None
    error_reason: str | None
    steps: list[BundleStep]


class BundleDiagnostics(Answer):
    health: HealthPage | Unavailable
    jobs: list[JobPage]
    payouts: PayoutsPage | Unavailable
    payments: PaymentsPage | Unavailable
    ingestion: IngestionPage | Unavailable
    settlements: SettlementsPage | Unavailable


class AuditRecord(Answer):
    id: UUID
    actor: str
    action: str
    reason: str
    entity_type: str
    entity_id: str
    request_id: str
    created_at: datetime


class TroubledTransfer(Answer):
    id: UUID
    contest_id: UUID
    user_id: UUID
    amount_cents: int
    currency: str
    status: str
    attempt_count: int
    failure_reason: str | None


class AffectedContest(Answer):
    id: UUID
    contest_name: str
    status: str
    stage: str
    entries: int
    lock_time: datetime
    start_time: datetime
    end_time: datetime
    transfers: list[TroubledTransfer]


class EscalationBundle(Answer):
    collected_at: datetime
    alert: str | None
    execution: BundleExecution | Unavailable | None
    diagnostics: BundleDiagnostics
    metrics: list[str] | Unavailable
    log: list[str]
    audit_trail: list[AuditRecord] | Unavailable
    affected_contests: list[AffectedContest] | Unavailable
