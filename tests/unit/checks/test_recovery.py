"""Faults, runbooks and escalations."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.base import Check
from simulation.checks.faults import failures_escalated, faults_recovered, no_escalation
from simulation.checks.runbooks import (
    runbook_rows,
    runbook_steps_exact,
    runbook_steps_logged,
    runbooks_rehearsed,
)
from simulation.history import (
    AlertFired,
    AlertResolved,
    Escalated,
    Exchange,
    ExecutionEnded,
    ExecutionStarted,
    FaultInjected,
    FaultScheduled,
    RunbookStep,
    RunEnded,
)
from tests.unit.checks.builder import Book, Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import SCENARIO, passing
from tests.unit.checks.story_runbook import EXECUTION

ROW = "runbook_executions"


def _row(**updates: Any) -> Break:
    return lambda book: book.observe(ROW, lambda rows: [{**rows[0], **updates}])


def _failed(book: Book) -> None:
    book.edit(ExecutionEnded, {}, status="failed", error="step 1")


def _escalated(**facts: Any) -> Break:
    values: dict[str, Any] = {"alert_id": "al-1", "execution_id": None, "reason": "?", **facts}
    return lambda book: book.add(Escalated(**values), day(5, 10, 5))


def _alert(alert_id: str, runbook: str | None) -> Break:
    facts: dict[str, Any] = {"labels": {}, "severity": "warning", "pending_since": day(5), "value": 1}
    return lambda book: book.add(AlertFired(alert_id=alert_id, alert="A", runbook=runbook, **facts), day(5, 11))


def _expect(**updates: Any) -> Break:
    return lambda book: book.edit(FaultScheduled, {"fault_id": "slow"}, **updates)


def _terminal(reason: str) -> Break:
    def spoil(book: Book) -> None:
        _expect(expectation="terminal", reason="account_closed")(book)
        book.edit(FaultInjected, {"fault_id": "slow"}, keys={"payout_transfer_id": "tr-bob"})
        book.amend("transfers", "tr-bob", status="failed_terminal", failure_reason=reason)

    return spoil


def _note(outcome: str, phase: str) -> Break:
    """Forget the operator's note of a step."""

    def spoil(book: Book) -> None:
        book.entries = [
            event
            for event in book.entries
            if not (
                isinstance(event, Exchange)
                and isinstance(event.request_body, dict)
                and (event.request_body["outcome"], event.request_body["phase"]) == (outcome, phase)
            )
        ]

    return spoil


def _no_executions(book: Book) -> None:
    for kind in (ExecutionStarted, ExecutionEnded, RunbookStep):
        book.drop(kind)


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "no row": (runbook_rows, lambda b: b.observe(ROW, lambda rows: []), "no row in runbook_executions"),
    "a row too many": (
        runbook_rows, lambda b: b.observe(ROW, lambda rows: [*rows, {**rows[0], "id": "x-9"}]), "nobody carried out",
    ),
    "another version": (runbook_rows, _row(runbook_version="9"), "version differs"),
    "another operator": (runbook_rows, _row(executed_by="fred"), "operator differs"),
    "left in progress": (runbook_rows, _row(status="in_progress"), "status differs"),
    "completed though it failed": (runbook_rows, _failed, "status differs"),
    "another state before": (runbook_rows, _row(system_state_before={}), "state before differs"),
    "another state after": (runbook_rows, _row(system_state_after={}), "state after differs"),
    "no state after": (runbook_rows, _row(system_state_after=None), "no snapshot of the system's state"),
    "failed without a reason": (
        runbook_rows, lambda b: [_failed(b), _row(status="failed", error_reason=None)(b)], "failed without a reason",
    ),
    "started at another time": (runbook_rows, _row(start_time=day(4).isoformat()), "start time differs"),
    "ended at another time": (
        runbook_rows, _row(end_time=day(5, 11).isoformat(), duration_seconds=3_600), "end time differs",
    ),
    "no end": (runbook_rows, _row(end_time=None), "no end time or duration"),
    "another duration": (runbook_rows, _row(duration_seconds=1), "duration is not end − start"),
    "inserted twice": (
        runbook_rows, lambda b: b.write_of(ROW).changes.append(b.write_of(ROW).changes[0]), "times it was inserted",
    ),
    "final twice": (
        runbook_rows, lambda b: b.write(day(5, 11), (ROW, {"id": EXECUTION, "status": "completed"})), "became final",
    ),
    "an output that differs": (
        runbook_steps_exact, lambda b: b.edit(RunbookStep, {"writes": True}, matched=False), "not the documented output",
    ),
    "an exit status that differs": (
        runbook_steps_exact, lambda b: b.edit(RunbookStep, {"writes": True}, exit_status=1), "not the documented output",
    ),
    "an execution that failed": (runbook_steps_exact, _failed, "the execution failed"),
    "an execution that never ended": (runbook_steps_exact, lambda b: b.drop(ExecutionEnded), "never ended"),
    "an execution without steps": (runbook_steps_exact, lambda b: b.drop(RunbookStep), "without a step"),
    "a text changed under its version": (
        runbook_steps_exact,
        lambda b: b.add(b.history().of(ExecutionStarted)[0].model_copy(update={"sha256": "r1"}), day(5, 11)),
        "another text under the same name",
    ),
    "a step not announced": (runbook_steps_logged, _note("started", "recovery"), "was not logged before it ran"),
    "a step without outcome": (runbook_steps_logged, _note("passed", "recovery"), "has no outcome in the log"),
    "an outcome noted too late": (
        runbook_steps_logged,
        lambda b: b.edit(Exchange, {"request_body": {"execution_id": EXECUTION, "phase": "detection", "step": 1,
                                                     "outcome": "passed"}}, at=day(5, 10, 0, 50)),
        "was logged after the next had begun",
    ),
    "called for and not carried out": (runbooks_rehearsed, _no_executions, "not carried out to its end"),
    "no runbook after the fault": (faults_recovered, _no_executions, "not recovered by runbook stuck"),
    "the wrong runbook": (
        faults_recovered, lambda b: b.edit(ExecutionStarted, {}, runbook="other"), "not recovered by runbook stuck",
    ),
    "a runbook that failed": (faults_recovered, _failed, "not recovered by runbook stuck"),
    "a runbook before the fault": (
        faults_recovered, lambda b: b.edit(FaultInjected, {"fault_id": "slow"}, at=day(5, 11)), "not recovered by runbook",
    ),
    "a runbook where none should be needed": (
        faults_recovered, _expect(expectation="self_heals", runbook=None), "should have healed by itself, but runbook",
    ),
    "an escalation where none should be needed": (
        faults_recovered,
        lambda b: b.add(Escalated(alert_id=None, execution_id=None, reason="?", cause="fault:torn"), day(3)),
        "should have healed by itself, but was escalated",
    ),
    "no rest after the fault": (faults_recovered, lambda b: b.edit(RunEnded, {}, converged_at=None), "did not converge"),
    "given up for another reason": (faults_recovered, _terminal("timeout"), "not given up with the expected reason"),
    "a victim that is no transfer": (
        faults_recovered,
        lambda b: [_terminal("closed")(b), b.edit(FaultInjected, {"fault_id": "slow"}, keys={"payout_transfer_id": "?"})],
        "not among the transfers",
    ),
    "a failure not escalated": (failures_escalated, _failed, "the execution failed and was not escalated"),
    "an alert without runbook not escalated": (
        failures_escalated, _alert("al-2", None), "an alert without a runbook was not escalated",
    ),
    "an escalation without need": (failures_escalated, _escalated(), "escalated although a runbook had recovered it"),
    "an escalation at all": (no_escalation, _escalated(), "people beyond operations were needed"),
}  # fmt: skip


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


def test_a_fault_may_be_terminal_and_need_a_runbook() -> None:
    book = passing()
    _terminal("ACCOUNT_CLOSED: destination")(book)

    assert run(faults_recovered, book).outcome == "pass"


def test_an_escalated_failure_is_in_order() -> None:
    book = passing()
    _failed(book)
    _escalated(execution_id=EXECUTION)(book)

    assert run(failures_escalated, book).outcome == "pass"


def test_a_fault_without_a_victim_leaves_its_recovery_unknown() -> None:
    assert_unknown(faults_recovered, passing(), lambda b: b.drop(FaultInjected, fault_id="torn"), "met no victim")


@pytest.mark.parametrize(
    "check",
    [runbook_rows, runbook_steps_exact, runbook_steps_logged, failures_escalated, faults_recovered],
    ids=lambda check: check.name,
)
def test_a_quiet_run_needs_no_runbook(check: Check) -> None:
    book = passing()
    for kind in (ExecutionStarted, ExecutionEnded, RunbookStep, AlertFired, AlertResolved, FaultScheduled, FaultInjected):
        book.drop(kind)
    book.observe(ROW, lambda rows: [])
    started = next(event for event in book.entries if event.kind == "run_started")  # type: ignore[attr-defined]
    book.entries[0] = started.model_copy(update={"scenario_document": {**SCENARIO, "faults": []}})

    result = run(check, book)

    assert result.outcome == "pass"
    assert result.note


def test_an_alert_without_executions_is_not_a_quiet_run() -> None:
    book = passing()
    _no_executions(book)
    book.observe(ROW, lambda rows: [])

    assert run(runbook_rows, book).outcome == "unknown"
