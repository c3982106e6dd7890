"""The numbers of the four dashboards."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from pydantic import RootModel

from simulation.staging.http.declaration import Answer


class DashboardDatabase(Answer):
    status: str
    connections_available: int


class DashboardJob(Answer):
    name: str
    interval_seconds: int
    last_run_at: datetime | None
    error: str | None


class DashboardAlert(Answer):
    alert: str
    severity: str
    state: str
    since: str
    labels: dict[str, str]
    summary: str
    runbook: str | None
    runbook_page: str | None


class DashboardAlerts(Answer):
    status: str
    active: list[DashboardAlert]


class DashboardExecution(Answer):
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


class OperationalDashboard(Answer):
    as_of: datetime
    status: str
    database: DashboardDatabase
    jobs: list[DashboardJob]
    contests: dict[str, int]
    payout_transfers: dict[str, int]
    refunds: dict[str, int]
    alerts: DashboardAlerts
    open_executions: list[DashboardExecution]
    escalations: list[DashboardExecution]


class DashboardContest(Answer):
    id: UUID
    contest_name: str
    status: str
    stage: str
    provider_event_id: str
    lock_time: datetime
    start_time: datetime
    end_time: datetime
    ingestion_lag_seconds: int | None
    consecutive_failures: int | None
    last_error: str | None


class ContestDashboard(Answer):
    as_of: datetime
    contests: list[DashboardContest]


class DashboardOperation(Answer):
    id: UUID
    created_at: datetime
    actor: str
    action: str
    reason: str
    entity_type: str
    entity_id: str
    request_id: str


class DashboardTransition(Answer):
    id: UUID
    created_at: datetime
    contest_instance_id: UUID
    contest_name: str
    from_status: str | None
    to_status: str | None
    action: str
    reason: str
    actor: UUID


class AuditDashboard(Answer):
    as_of: datetime
    operations: list[DashboardOperation]
    executions: list[DashboardExecution]
    transitions: list[DashboardTransition]


class HourOfRequests(Answer):
    hour: datetime
    requests: int
    failed: int


class RequestTotals(Answer):
    total: int
    failed: int
    error_rate_percent: float


class ErrorBudget(Answer):
    remaining_percent: float
    burn_rate: float
    acceptable_error_percent: float


class TopError(Answer):
    source: str
    code: str
    number: int
    last_at: datetime


class ErrorDashboard(Answer):
    as_of: datetime
    counting_since: datetime
    hours: list[HourOfRequests]
    requests: RequestTotals
    error_budget: ErrorBudget
    auth_error_rate_percent: float
    top_errors: list[TopError]


class Dashboard(RootModel[OperationalDashboard | ContestDashboard | AuditDashboard | ErrorDashboard]):
    """The page that the address names."""
