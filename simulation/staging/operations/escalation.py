"""Everything an engineer needs of the platform when ops escalates, in one answer.

Source: fixtures/spec/requirements.md, R-16.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from uuid import UUID

import psycopg
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from simulation.staging.canonical import iso, row_json
from simulation.staging.contests import admin_views
from simulation.staging.jobs import Job, JobBook
from simulation.staging.operations import diagnostics, metrics
from simulation.staging.runtime import Runtime
from simulation.staging.service_levels import ServiceLevels

AUDIT_RECORDS = 100
LOG_LINES = 100

_EXECUTION = text("""
    SELECT id, runbook_name, runbook_version, executed_by, status, execution_phase, phase_step, start_time, end_time,
           error_reason
    FROM runbook_executions
    WHERE CASE WHEN CAST(:id AS uuid) IS NULL THEN status = 'in_progress' ELSE id = :id END
    ORDER BY start_time DESC, id LIMIT 1
""")
_STEPS = text("""
    SELECT created_at AS at, payload FROM audit_log
    WHERE entity_type = 'runbook_execution' AND entity_id = CAST(:id AS text) AND action = 'runbook_step'
    ORDER BY sequence_number
""")
_AUDIT = text("""
    SELECT id, actor, action, reason, entity_type, entity_id, request_id, created_at FROM audit_log
    ORDER BY sequence_number DESC LIMIT :limit
""")
_TROUBLED_TRANSFERS = text("""
    SELECT id, contest_id, user_id, amount_cents, currency, status, attempt_count, failure_reason
    FROM payout_transfers
    WHERE status NOT IN ('completed', 'failed_terminal') OR status = 'failed_terminal' AND acknowledged_at IS NULL
    ORDER BY created_at, id
""")
_OPEN_STAGES = ("SCHEDULED", "LOCKED", "LIVE", "COMPLETE", "SETTLED", "ERROR")


def bundle(
    runtime: Runtime,
    levels: ServiceLevels,
    jobs: tuple[Job, ...],
    book: JobBook,
    *,
    alert: str | None,
    execution_id: UUID | None,
) -> dict[str, object]:
    """Alert, diagnostics, metrics, log, steps and their results, audit trail, affected contests.

    A part that is unavailable says so in its place: when the database is in trouble the rest is needed all the more.

    :param alert: as the alerting named it, with its time. :param execution_id: the one in progress when None.
    """

    def affected() -> list[dict[str, object]]:
        transfers = [row_json(row) for row in runtime.database.read(_TROUBLED_TRANSFERS)]
        return [
            {
                **{key: value for key, value in row_json(row).items() if key in _OF_A_CONTEST},
                "transfers": [one for one in transfers if one["contest_id"] == str(row.id)],
            }
            for row in admin_views.contests(runtime, None)
            if row.stage in _OPEN_STAGES or any(one["contest_id"] == str(row.id) for one in transfers)
        ]

    return {
        "collected_at": iso(datetime.now(UTC)),
        "alert": alert,
        "execution": _part(lambda: _execution(runtime, execution_id)),
        "diagnostics": {
            "health": _part(lambda: diagnostics.health(runtime)),
            "jobs": diagnostics.jobs(jobs, book)["jobs"],
            "payouts": _part(lambda: diagnostics.payouts(runtime, metrics.STUCK_PAYOUT_MINUTES)),
            "payments": _part(lambda: diagnostics.payments(runtime)),
            "ingestion": _part(lambda: diagnostics.ingestion(runtime)),
            "settlements": _part(lambda: diagnostics.settlements(runtime)),
        },
        "metrics": _part(lambda: _metrics(runtime, levels, book)),
        "log": runtime.log.recent(LOG_LINES),
        "audit_trail": _part(lambda: [row_json(row) for row in runtime.database.read(_AUDIT, limit=AUDIT_RECORDS)]),
        "affected_contests": _part(affected),
    }


_OF_A_CONTEST = ("id", "contest_name", "status", "stage", "entries", "lock_time", "start_time", "end_time")


def _execution(runtime: Runtime, execution_id: UUID | None) -> dict[str, object] | None:
    rows = runtime.database.read(_EXECUTION, id=execution_id)
    if not rows:
        return None
    steps = [
        {"at": iso(step.at), **{name: step.payload.get(name) for name in ("phase", "step", "outcome", "detail")}}
        for step in runtime.database.read(_STEPS, id=rows[0].id)
    ]
    return {**row_json(rows[0]), "steps": steps}


def _metrics(runtime: Runtime, levels: ServiceLevels, book: JobBook) -> list[str]:
    return [line for line in metrics.exposition(runtime, levels, book).splitlines() if not line.startswith("#")]


def _part(collect: Callable[[], object]) -> object:
    try:
        return collect()
    except (psycopg.Error, SQLAlchemyError) as error:
        return {"unavailable": type(error).__name__}
