"""Runbook executions of the sample."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from simulation.events import AlertFired, AlertResolved, Exchange, ExecutionEnded, ExecutionStarted, RunbookStep
from tests.unit.reporting.sample.book import OPERATOR, Book, make_id


@dataclass(frozen=True, kw_only=True)
class Command:
    section: str
    command: str
    expected: str
    output: str | None = None
    writes: bool = False


def execute(
    book: Book,
    number: int,
    *,
    fault: str,
    alert: str,
    runbook: str,
    fired: datetime,
    labels: dict[str, str],
    severity: str,
    commands: tuple[Command, ...],
    resolved: datetime | None,
    failed: bool = False,
) -> None:
    alert_id, execution = f"alert-{number}", make_id("execution", number)
    book.add(
        fired,
        AlertFired(
            alert_id=alert_id,
            alert=alert,
            labels=labels,
            severity=severity,
            runbook=runbook,
            pending_since=fired - timedelta(minutes=10),
            value=1,
        ),
        cause=f"fault:{fault}",
    )
    if resolved:
        book.add(resolved, AlertResolved(alert_id=alert_id, alert=alert), cause=f"fault:{fault}")
    started, cause = fired + timedelta(minutes=5), f"fault:{fault}"
    book.add(
        started,
        ExecutionStarted(
            execution_id=execution,
            runbook=runbook,
            version="1.0.0",
            sha256="cd" * 32,
            alert_id=alert_id,
            operator=OPERATOR,
            writes=True,
            state_before={"stuck": 1},
        ),
        cause=cause,
    )
    for index, command in enumerate(commands, start=1):
        at = started + timedelta(seconds=20 * index)
        matched = command.output is None
        book.add(
            at,
            RunbookStep(
                execution_id=execution,
                section=command.section,
                step=index,
                line=20 + 6 * index,
                command=command.command,
                expected=command.expected,
                output=command.output or command.expected,
                exit_status=0,
                expected_exit_status=0,
                matched=matched,
                writes=command.writes,
                request_ids=(f"exec-{number}-req-{index}",),
            ),
            cause=cause,
        )
        if command.writes:
            book.add(
                at,
                Exchange(
                    actor="operator_robot",
                    request_id=f"exec-{number}-req-{index}",
                    method="POST",
                    path="/api/admin/diagnostics/run-payout-scheduler"
                    if "payout" in runbook
                    else "/api/admin/diagnostics/replay-stripe-events",
                    status=200,
                    execution_id=execution,
                    token_subject=OPERATOR,
                    response_body={"success": True},
                ),
                cause=cause,
            )
        book.audit(
            at,
            actor=OPERATOR,
            action="runbook_step",
            reason=f"{runbook}: {command.section}, step {index}",
            entity="runbook_executions",
            entity_id=execution,
        )
    ended = started + timedelta(seconds=20 * len(commands) + 10)
    book.add(
        ended,
        ExecutionEnded(
            execution_id=execution,
            runbook=runbook,
            status="failed" if failed else "completed",
            error="verification, step 4: output differs" if failed else None,
            state_after={"stuck": 0},
            sim_duration_seconds=int((ended - started).total_seconds()),
        ),
        cause=cause,
    )
    book.row(
        "runbook_executions",
        id=execution,
        runbook_name=runbook,
        runbook_version="1.0.0",
        executed_by=OPERATOR,
        status="failed" if failed else "completed",
        execution_phase="documentation",
        phase_step=len(commands),
        start_time=started,
        end_time=ended,
        duration_seconds=int((ended - started).total_seconds()),
        error_reason=None,
        system_state_before={"stuck": 1},
        system_state_after={"stuck": 0},
        result_json={},
        created_at=started,
    )


def look(section: str, path: str, query: str, expected: str) -> Command:
    return Command(
        section=section,
        command=f'curl -sS "$API_BASE_URL/api/admin/diagnostics/{path}" -H "Authorization: Bearer $ADMIN_TOKEN" \\\n'
        f"  | jq '{query}'",
        expected=expected,
    )


def act(path: str, query: str, expected: str) -> Command:
    return Command(
        section="Recovery",
        command=f'curl -sS -X POST "$API_BASE_URL/api/admin/{path}" -H "Authorization: Bearer $ADMIN_TOKEN" \\\n'
        f"  | jq '{query}'",
        expected=expected,
        writes=True,
    )
