"""Records of runbook executions: one row from start to end, one audit record for each step.

Source: fixtures/spec/requirements.md, 06A: Execution endpoints.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.canonical import canonical_json
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.runtime import Runtime
from simulation.staging.unit_of_work import UnitOfWork

PHASES = (
    "detection",
    "diagnosis",
    "prerequisites",
    "recovery",
    "steps",
    "verification",
    "documentation",
    "rollback",
    "escalation",
)
"""In the order in which an execution can come to them: even documentation may fail, and then is rolled back."""
FINAL_STATUSES = ("completed", "failed", "partial")
STEP_OUTCOMES = ("started", "passed", "failed")

_RECORDED = text("""
    SELECT entity_id FROM audit_log
    WHERE request_id = :request_id AND actor = :actor AND action = :action AND reason = :reason
        AND (CAST(:entity_id AS text) IS NULL OR entity_id = :entity_id)
""")
_START = text("""
    INSERT INTO runbook_executions (id, runbook_name, runbook_version, executed_by, status, system_state_before)
    VALUES (:id, :name, :version, :executed_by, 'in_progress', CAST(:state AS jsonb)) RETURNING start_time
""")
_LOCK = text(
    "SELECT id, runbook_name, status, execution_phase, phase_step FROM runbook_executions WHERE id = :id FOR UPDATE"
)
_STEP = text("""
    UPDATE runbook_executions SET execution_phase = :phase, phase_step = :step,
        updated_at = now() WHERE id = :id RETURNING updated_at
""")
_COMPLETE = text("""
    UPDATE runbook_executions SET status = :status, end_time = now(), updated_at = now(),
        duration_seconds = floor(extract(epoch FROM now() - start_time))::integer, result_json = CAST(:result AS jsonb),
        error_reason = :error_reason, system_state_after = CAST(:state AS jsonb)
    WHERE id = :id RETURNING end_time
""")
_LIST = text("""
    SELECT * FROM runbook_executions WHERE CAST(:status AS text) IS NULL OR status = :status ORDER BY start_time
        DESC, id
""")


def start(
    runtime: Runtime, context: Context, *, name: str, version: str, executed_by: str, state: dict[str, object] | None
) -> tuple[UUID, datetime]:
    """Open an execution; its id and start time. Sent again under the same request id, it is the one opened before."""
    execution_id = runtime.new_id()
    with runtime.unit_of_work(
        context,
        action="runbook_started",
        reason=f"{executed_by} executes {name} {version}",
        entity=("runbook_execution", execution_id),
    ) as work:
        if (before := _recorded(work)) is not None:
            return UUID(before), datetime.now(UTC)
        row = work.write(
            _START, id=execution_id, name=name, version=version, executed_by=executed_by, state=_json(state)
        )[0]
    runtime.log.info(
        "Admin",
        "runbook started",
        execution_id=execution_id,
        runbook=name,
        user_id=context.actor,
        request_id=context.request_id,
    )
    return execution_id, row.start_time


def step(
    runtime: Runtime,
    context: Context,
    execution_id: UUID,
    *,
    phase: str,
    number: int,
    outcome: str,
    detail: object = None,
) -> datetime:
    """Record that a step began or ended, once a request id; phases and steps only go forward.

    Raises ApiError 400, 404, 409.
    """
    if phase not in PHASES or outcome not in STEP_OUTCOMES:
        raise ApiError(
            400, "invalid_step", f"phase must be one of {', '.join(PHASES)}; outcome one of {', '.join(STEP_OUTCOMES)}"
        )
    with runtime.unit_of_work(
        context,
        action="runbook_step",
        reason=f"{phase} step {number} {outcome}",
        entity=("runbook_execution", execution_id),
        payload={"phase": phase, "step": number, "outcome": outcome, "detail": detail},
    ) as work:
        if _recorded(work, execution_id) is not None:
            return datetime.now(UTC)
        row = _in_progress(work, execution_id)
        if row.execution_phase and (PHASES.index(phase), number) < (PHASES.index(row.execution_phase), row.phase_step):
            raise ApiError(409, "step_not_forward", f"the execution is at {row.execution_phase} step {row.phase_step}")
        at: datetime = work.write(_STEP, id=execution_id, phase=phase, step=number)[0].updated_at
    runtime.log.info(
        "Admin",
        f"runbook step {outcome}",
        execution_id=execution_id,
        runbook=row.runbook_name,
        phase=phase,
        step=number,
        request_id=context.request_id,
    )
    return at


def complete(
    runtime: Runtime,
    context: Context,
    execution_id: UUID,
    *,
    status: str,
    result: dict[str, object] | None,
    error_reason: str | None,
    state: dict[str, object] | None,
) -> datetime:
    """Close an execution, once; the same request may come again. Raises ApiError 400, 404, 409."""
    if status not in FINAL_STATUSES:
        raise ApiError(400, "invalid_status", f"status must be one of {', '.join(FINAL_STATUSES)}")
    with runtime.unit_of_work(
        context,
        action="runbook_completed",
        reason=error_reason or f"execution ended as {status}",
        entity=("runbook_execution", execution_id),
        payload={"status": status},
    ) as work:
        if _recorded(work, execution_id) is not None:
            return datetime.now(UTC)
        row = _in_progress(work, execution_id)
        ended: datetime = work.write(
            _COMPLETE,
            id=execution_id,
            status=status,
            result=_json(result),
            error_reason=error_reason,
            state=_json(state),
        )[0].end_time
    write = runtime.log.info if status == "completed" else runtime.log.error
    write(
        "Admin",
        f"runbook {status}",
        execution_id=execution_id,
        runbook=row.runbook_name,
        detail=error_reason,
        request_id=context.request_id,
    )
    return ended


def executions(runtime: Runtime, status: str | None) -> list[Row[Any]]:
    """Executions, newest first, of one status or of all."""
    return list(runtime.database.read(_LIST, status=status))


def _recorded(work: UnitOfWork, execution_id: UUID | None = None) -> str | None:
    """The execution that this very request is on record for: its answer was lost, and it is sent again."""
    rows = work.read(
        _RECORDED,
        request_id=work.context.request_id,
        actor=work.context.actor_name,
        action=work.action,
        reason=work.reason,
        entity_id=None if execution_id is None else str(execution_id),
    )
    return str(rows[0].entity_id) if rows else None


def _in_progress(work: UnitOfWork, execution_id: UUID) -> Row[Any]:
    rows = work.read(_LOCK, id=execution_id)
    if not rows:
        raise ApiError(404, "execution_id_not_found", f"no execution {execution_id}")
    if rows[0].status != "in_progress":
        raise ApiError(409, "execution_already_final", f"the execution is {rows[0].status}")
    return rows[0]


def _json(value: dict[str, object] | None) -> str | None:
    return None if value is None else canonical_json(value)
