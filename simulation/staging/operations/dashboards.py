"""The four dashboards (fixtures/spec/requirements.md, Monitoring and alerting) as data: read anew for each request,
nothing is cached."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from simulation.staging.canonical import iso, row_json
from simulation.staging.clients.alerts import HostedAlerting
from simulation.staging.jobs import Every, Job, JobBook
from simulation.staging.operations import connections
from simulation.staging.operations.runbook_texts import RunbookTexts
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ACCEPTABLE_ERROR_SHARE, ServiceLevels

Page = dict[str, Any]
RECENT = 20
ERROR_HOURS = 24
ERROR_DAYS = 7

_COUNTS = text("""
    SELECT 'contests' AS subject, status, count(*) AS number FROM contest_instances GROUP BY status
    UNION ALL SELECT 'payout_transfers', status, count(*) FROM payout_transfers GROUP BY status
    UNION ALL SELECT 'refunds', status, count(*) FROM refunds GROUP BY status ORDER BY subject, status
""")
_EXECUTIONS = text(f"""
    SELECT id, runbook_name, runbook_version, executed_by, status, execution_phase, phase_step, start_time, end_time,
           error_reason
    FROM runbook_executions WHERE CAST(:among AS text) IS NULL OR status = ANY (string_to_array(:among, ','))
    ORDER BY start_time DESC, id DESC LIMIT {RECENT}
""")  # noqa: S608 - every part is ours
# SETTLED and PAID_OUT are stages, not statuses (`fixtures/spec/platform.md`, Contest states). Active: not yet paid out.
_CONTESTS = text("""
    SELECT c.id, c.contest_name, c.status,
           CASE WHEN c.settle_time IS NOT NULL THEN 'SETTLED' ELSE c.status END AS stage,
           c.provider_event_id, c.lock_time, c.start_time, c.end_time,
           CASE WHEN c.status = 'LIVE' THEN floor(extract(epoch FROM now() - coalesce(f.last_success_at, c.start_time)))
                ::integer END AS ingestion_lag_seconds,
           f.consecutive_failures, f.last_error
    FROM contest_instances c
    LEFT JOIN ingestion_feeds f USING (provider_event_id)
    LEFT JOIN payout_jobs j ON j.contest_id = c.id
    WHERE c.status <> 'CANCELLED' AND j.status IS DISTINCT FROM 'complete'
    ORDER BY c.lock_time, c.id
""")
_OPERATIONS = text(f"""
    SELECT id, created_at, actor, action, reason, entity_type, entity_id, request_id
    FROM audit_log ORDER BY sequence_number DESC LIMIT {RECENT}
""")  # noqa: S608
_TRANSITIONS = text(f"""
    SELECT a.id, a.created_at, a.contest_instance_id, c.contest_name, a.from_status, a.to_status, a.action, a.reason,
           a.admin_user_id AS actor
    FROM admin_contest_audit a JOIN contest_instances c ON c.id = a.contest_instance_id
    WHERE a.to_status IS DISTINCT FROM a.from_status ORDER BY a.sequence_number DESC LIMIT {RECENT}
""")  # noqa: S608
# The trail keeps every attempt; a transfer keeps its last one, and forgets it once it is through.
_TOP_ERRORS = text(rf"""
    SELECT * FROM (
        SELECT 'ingestion' AS source, error_code AS code, count(*) AS number, max(created_at) AS last_at
        FROM ingestion_validation_errors WHERE created_at > now() - make_interval(days => {ERROR_DAYS}) GROUP BY 2
        UNION ALL
        SELECT 'settlement', coalesce(error_json ->> 'error_code', 'UNKNOWN'), count(*), max(started_at)
        FROM settlement_audit
        WHERE status = 'FAILED' AND started_at > now() - make_interval(days => {ERROR_DAYS}) GROUP BY 2
        UNION ALL
        SELECT CASE entity_type WHEN 'refund' THEN 'refund' ELSE 'payout' END,
               CASE WHEN action LIKE '%\_claimed' THEN 'ATTEMPT_ABANDONED' ELSE reason END, count(*), max(created_at)
        FROM audit_log
        WHERE created_at > now() - make_interval(days => {ERROR_DAYS}) AND (
          action IN ('payout_transfer_retryable', 'payout_transfer_failed_terminal')
          OR action IN ('refund_retryable', 'refund_failed_terminal')
          OR action IN ('payout_transfer_claimed', 'refund_claimed') AND reason LIKE '% was abandoned by its process')
        GROUP BY 1, 2
    ) e ORDER BY number DESC, source, code
""")  # noqa: S608


@dataclass(frozen=True, kw_only=True)
class Dashboards:
    """What the pages are made from."""

    runtime: Runtime
    levels: ServiceLevels
    jobs: tuple[Job, ...]
    book: JobBook
    alerting: HostedAlerting
    runbooks: RunbookTexts

    @property
    def pages(self) -> Mapping[str, Callable[[], Page]]:
        """Name of the page in its URL → what is on it."""
        return {
            "operational": self.operational,
            "contest-status": self.contest_status,
            "audit-trail": self.audit_trail,
            "error-trends": self.error_trends,
        }

    def operational(self) -> Page:
        """Current system status, active alerts, recent escalations."""
        counts: dict[str, dict[str, int]] = {"contests": {}, "payout_transfers": {}, "refunds": {}}
        available = 0
        try:
            available = connections.available_connections(self.runtime)
            for row in self.runtime.database.read(_COUNTS):
                counts[row.subject][row.status] = row.number
            escalations, open_ = self._executions("failed,partial"), self._executions("in_progress")
            database = "ok"
        except (psycopg.Error, SQLAlchemyError):
            database, escalations, open_ = "unreachable", [], []
        alerts, jobs = self.alerting.alerts().as_json(), self._jobs()
        for alert in alerts["active"]:
            alert["runbook_page"] = self.runbooks.page(alert["runbook"])
        firing = [alert for alert in alerts["active"] if alert["state"] == "firing"]
        calm = database == "ok" and not firing and not any(job["error"] for job in jobs)
        return {
            "as_of": _now(),
            "status": "ok" if calm else "attention",
            "database": {"status": database, "connections_available": available},
            "jobs": jobs,
            **counts,
            "alerts": alerts,
            "open_executions": open_,
            "escalations": escalations,
        }

    def contest_status(self) -> Page:
        """All contests that are not finished, with their stage and the lag of their scores."""
        return {"as_of": _now(), "contests": [row_json(row) for row in self.runtime.database.read(_CONTESTS)]}

    def audit_trail(self) -> Page:
        """Recent operations, runbook executions and changes of contests' states, newest first."""
        read = self.runtime.database.read
        return {
            "as_of": _now(),
            "operations": [row_json(row) for row in read(_OPERATIONS)],
            "executions": self._executions(None),
            "transitions": [row_json(row) for row in read(_TRANSITIONS)],
        }

    def error_trends(self) -> Page:
        """Error rate by the hour, top errors, and how fast the error budget burns."""
        hours = self.levels.requests.by_hour(ERROR_HOURS)
        total, failed = sum(hour.total for hour in hours), sum(hour.failed for hour in hours)
        share = failed / total if total else 0.0
        return {
            "as_of": _now(),
            "counting_since": iso(self.levels.since),
            "hours": [{"hour": iso(h.begins), "requests": h.total, "failed": h.failed} for h in hours],
            "requests": {"total": total, "failed": failed, "error_rate_percent": round(100 * share, 3)},
            "error_budget": {
                "remaining_percent": round(self.levels.error_budget_remaining_percent(), 3),
                "burn_rate": round(share / ACCEPTABLE_ERROR_SHARE, 3),
                "acceptable_error_percent": 100 * ACCEPTABLE_ERROR_SHARE,
            },
            "auth_error_rate_percent": round(self.levels.auth_error_rate_percent(), 3),
            "top_errors": [row_json(row) for row in self.runtime.database.read(_TOP_ERRORS)],
        }

    def _executions(self, among: str | None) -> list[Page]:
        return [row_json(row) for row in self.runtime.database.read(_EXECUTIONS, among=among)]

    def _jobs(self) -> list[Page]:
        pages = []
        for job in self.jobs:
            last = self.book.last_runs.get(job.name)
            pages.append(
                {
                    "name": job.name,
                    "interval_seconds": job.schedule.seconds if isinstance(job.schedule, Every) else 86_400,
                    "last_run_at": iso(last.at) if last else None,
                    "error": last.result.error if last else None,
                }
            )
        return pages


def _now() -> str:
    return iso(datetime.now(UTC))
