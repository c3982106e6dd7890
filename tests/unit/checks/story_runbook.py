"""The story's trouble: Bob's transfer times out, an alert fires, the operator's runbook sends it again."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from simulation.events import (
    AlertFired,
    AlertResolved,
    Exchange,
    ExecutionEnded,
    ExecutionStarted,
    RunbookStep,
    ShippedRunbook,
    step_digest,
)
from tests.unit.checks.builder import Book, day
from tests.unit.checks.story_money import call, claim, job, pay_out

EXECUTION = "x-1"
STEPS = (("detection", 1, False), ("recovery", 1, True))
BEGIN = day(5, 10)
_SECTIONS = ("detection", "recovery", "verification", "rollback", "escalation")
SHIPPED = ShippedRunbook(sha256="r0", steps={f"{section} 1": step_digest("curl", "1") for section in _SECTIONS})


def carry_out_runbook(book: Book) -> None:
    """The automatic attempt at 09:20 fails; by 10:00 the alert is answered; at 10:01 the transfer is through."""
    claim(book, "bob", 1, day(5, 9, 20))
    call(book, "bob", None, day(5, 9, 20))
    book.write(day(5, 9, 20, 30), ("transfers", {"id": "tr-bob", "status": "retryable", "failure_reason": "TIMEOUT"}))
    book.add(
        AlertFired(
            alert_id="al-1",
            alert="TransfersStuck",
            labels={},
            severity="critical",
            runbook="stuck",
            pending_since=day(5, 9, 50),
            value=1,
        ),
        day(5, 9, 55),
    )
    _start(book)
    for number, (section, step, writes) in enumerate(STEPS):
        _step(book, number, section, step, writes)
    _complete(book)
    book.add(AlertResolved(alert_id="al-1", alert="TransfersStuck"), day(5, 10, 10))


def exchange(book: Book, path: str, at: Any, *, body: Any = None, **facts: Any) -> None:
    """A request of the operator within the execution."""
    defaults: dict[str, Any] = {"actor": "operator_robot", "method": "POST", "execution_id": EXECUTION}
    request_id = facts.pop("request_id", f"exec-1-{path}-{at:%H%M%S}")
    book.add(
        Exchange(
            **{**defaults, **facts},
            request_id=request_id,
            path=path,
            status=200,
            request_body=body,
            token_subject="ops",
        ),
        at,
    )


def _start(book: Book) -> None:
    row = {"runbook_name": "stuck", "runbook_version": "1.0.0", "executed_by": "ops", "status": "in_progress"}
    begun = {**row, "start_time": BEGIN, "system_state_before": {"stuck": 1}}
    book.write(BEGIN, ("runbook_executions", {"id": EXECUTION, **begun}), actor="ops", request_id="exec-1-record-1")
    book.add(
        ExecutionStarted(
            execution_id=EXECUTION,
            runbook="stuck",
            version="1.0.0",
            sha256="r0",
            alert_id="al-1",
            operator="ops",
            writes=True,
            state_before={"stuck": 1},
        ),
        BEGIN,
        cause="fault:slow",
    )


def _step(book: Book, number: int, section: str, step: int, writes: bool) -> None:
    at = BEGIN + timedelta(seconds=20 * (number + 1))
    note = {"execution_id": EXECUTION, "phase": section, "step": step}
    exchange(book, "/api/admin/runbooks/step", at, body={**note, "outcome": "started"})
    if writes:
        request_id = "exec-1-req-1"
        exchange(book, "/api/admin/diagnostics/run-payout-scheduler", at, actor="operator", request_id=request_id)
        pay_out(book, "bob", 900, at, attempt=2, cause="fault:slow", actor="ops", request_id=request_id)
        done = {"id": "C1", "paid_out_at": at}
        book.write(at, ("payout_jobs", job("complete", 2)), ("contests", done), actor="ops", request_id=request_id)
    phase = {"id": EXECUTION, "execution_phase": section, "phase_step": step}
    book.write(at, ("runbook_executions", phase), actor="ops", request_id="exec-1-record")
    book.add(
        RunbookStep(
            execution_id=EXECUTION,
            section=section,
            step=step,
            line=10 * (number + 1),
            command="curl",
            expected="1",
            output="1",
            exit_status=0,
            expected_exit_status=0,
            matched=True,
            writes=writes,
            request_ids=("exec-1-req-1",) if writes else (),
        ),
        at,
        cause="fault:slow",
    )
    exchange(book, "/api/admin/runbooks/step", at, body={**note, "outcome": "passed"})


def _complete(book: Book) -> None:
    end = BEGIN + timedelta(seconds=60)
    final = {"status": "completed", "end_time": end, "duration_seconds": 60, "system_state_after": {"stuck": 0}}
    book.write(end, ("runbook_executions", {"id": EXECUTION, **final}), actor="ops", request_id="exec-1-record-9")
    book.add(
        ExecutionEnded(
            execution_id=EXECUTION,
            runbook="stuck",
            status="completed",
            state_after={"stuck": 0},
            sim_duration_seconds=60,
        ),
        end,
        cause="fault:slow",
    )
