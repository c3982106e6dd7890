"""Runbook executions: rows, steps, log."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.asked_again import keyed_requests_once
from simulation.checks.base import Check, Finding
from simulation.checks.faults import failures_escalated, faults_recovered
from simulation.checks.runbooks import runbook_rows, runbook_steps_exact, runbook_steps_logged, runbooks_rehearsed
from simulation.events import (
    AlertFired,
    AlertResolved,
    Exchange,
    ExecutionEnded,
    ExecutionStarted,
    FaultInjected,
    FaultScheduled,
    RunbookStep,
    RunStarted,
)
from tests.unit.checks.builder import GOVERNANCE, Book, Break, assert_found, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_contest import SCENARIO
from tests.unit.checks.story_runbook import EXECUTION, exchange

ROW = "runbook_executions"


def _row(**updates: Any) -> Break:
    return lambda book: book.observe(ROW, lambda rows: [{**rows[0], **updates}])


def _failed(book: Book) -> None:
    book.edit(ExecutionEnded, {}, status="failed", error="step 1")


def _note(outcome: str, phase: str) -> Break:
    """Forget the operator's note of a step."""

    def spoil(book: Book) -> None:
        book.entries = [
            event
            for event in book.entries
            if not (
                isinstance(event, Exchange)
                and isinstance(event.request_body, dict)
                and (event.request_body.get("outcome"), event.request_body.get("phase")) == (outcome, phase)
            )
        ]

    return spoil


def _improvised(book: Book) -> None:
    exchange(book, "/api/admin/diagnostics/run-payout-scheduler", day(5, 10, 0, 45), actor="operator", request_id="x")


def _no_executions(book: Book) -> None:
    for kind in (ExecutionStarted, ExecutionEnded, RunbookStep):
        book.drop(kind)


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "no row": (runbook_rows, lambda b: b.observe(ROW, lambda rows: []), "no row in runbook_executions"),
    "a row too many": (
        runbook_rows,
        lambda b: b.observe(ROW, lambda rows: [*rows, {**rows[0], "id": "x-9"}]),
        "nobody carried out",
    ),
    "another version": (runbook_rows, _row(runbook_version="9"), "version differs"),
    "another operator": (runbook_rows, _row(executed_by="fred"), "operator differs"),
    "left in progress": (runbook_rows, _row(status="in_progress"), "status differs"),
    "completed though it failed": (runbook_rows, _failed, "status differs"),
    "another state before": (runbook_rows, _row(system_state_before={}), "state before differs"),
    "another state after": (runbook_rows, _row(system_state_after={}), "state after differs"),
    "no state after": (runbook_rows, _row(system_state_after=None), "no snapshot of the system's state"),
    "failed without a reason": (
        runbook_rows,
        lambda b: [_failed(b), _row(status="failed", error_reason=None)(b)],
        "failed without a reason",
    ),
    "started at another time": (runbook_rows, _row(start_time=day(4).isoformat()), "start time differs"),
    "ended at another time": (
        runbook_rows,
        _row(end_time=day(5, 11).isoformat(), duration_seconds=3_600),
        "end time differs",
    ),
    "no end": (runbook_rows, _row(end_time=None), "no end time or duration"),
    "another duration": (runbook_rows, _row(duration_seconds=1), "duration is not end − start"),
    "inserted twice": (
        runbook_rows,
        lambda b: b.write_of(ROW).changes.append(b.write_of(ROW).changes[0]),
        "times it was inserted",
    ),
    "final twice": (
        runbook_rows,
        lambda b: b.write(day(5, 11), (ROW, {"id": EXECUTION, "status": "completed"})),
        "became final",
    ),
    "an output that differs": (
        runbook_steps_exact,
        lambda b: b.edit(RunbookStep, {"writes": True}, matched=False),
        "not the documented output",
    ),
    "an exit status that differs": (
        runbook_steps_exact,
        lambda b: b.edit(RunbookStep, {"writes": True}, exit_status=1),
        "not the documented output",
    ),
    "a writing command typed twice": (
        runbook_steps_exact,
        lambda b: b.edit(RunbookStep, {"writes": True}, tries=2),
        "typed 2 times without a cause for each",
    ),
    "an answered command typed twice": (
        runbook_steps_exact,
        lambda b: b.edit(RunbookStep, {"writes": False}, tries=2),
        "typed 2 times without a cause for each",
    ),
    "an execution that failed": (runbook_steps_exact, _failed, "the execution failed"),
    "an execution that never ended": (runbook_steps_exact, lambda b: b.drop(ExecutionEnded), "never ended"),
    "an execution without steps": (runbook_steps_exact, lambda b: b.drop(RunbookStep), "without a step"),
    "a text that is not shipped": (
        runbook_steps_exact,
        lambda b: b.edit(ExecutionStarted, {}, sha256="r9"),
        "another text than the one shipped",
    ),
    "a runbook that is not shipped": (
        runbook_steps_exact,
        lambda b: b.edit(RunStarted, {}, runbooks={}),
        "not among those shipped",
    ),
    "a step of another text": (
        runbook_steps_exact,
        lambda b: b.edit(RunbookStep, {"writes": True}, command="curl --insecure"),
        "the step is not as the shipped runbook has it",
    ),
    "a text changed under its version": (
        runbook_steps_exact,
        lambda b: b.add(b.history().of(ExecutionStarted)[0].model_copy(update={"sha256": "r1"}), day(5, 11)),
        "another text under the same name",
    ),
    "another runbook at the end": (
        runbook_steps_exact,
        lambda b: b.edit(ExecutionEnded, {}, runbook="another"),
        "another runbook ended than began",
    ),
    "a duration that is not its own": (
        runbook_steps_exact,
        lambda b: b.edit(ExecutionEnded, {}, sim_duration_seconds=9_999),
        "the duration is not end - start",
    ),
    "a reason for a success": (
        runbook_steps_exact,
        lambda b: b.edit(ExecutionEnded, {}, error="none"),
        "a reason belongs to a failure",
    ),
    "a writing step in an execution that does not write": (
        runbook_steps_exact,
        lambda b: b.edit(ExecutionStarted, {}, writes=False),
        "a step writes, and the execution does not",
    ),
    "an execution for nothing": (
        runbook_steps_exact,
        lambda b: b.edit(ExecutionStarted, {}, alert_id=None, task_id=None),
        "an execution is for an alert or a task",
    ),
    "a step not announced": (runbook_steps_logged, _note("started", "recovery"), "was not logged before it ran"),
    "a step without outcome": (runbook_steps_logged, _note("passed", "recovery"), "has no outcome in the log"),
    "an outcome noted too late": (
        runbook_steps_logged,
        lambda b: b.edit(
            Exchange,
            {"request_body": {"execution_id": EXECUTION, "phase": "detection", "step": 1, "outcome": "passed"}},
            at=day(5, 10, 0, 50),
        ),
        "was logged after the next had begun",
    ),
    "called for and not carried out": (runbooks_rehearsed, _no_executions, "not carried out to its end"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


@pytest.mark.parametrize(
    "check",
    [runbook_rows, runbook_steps_exact, runbook_steps_logged, failures_escalated, faults_recovered],
    ids=lambda check: check.name,
)
def test_a_quiet_run_needs_no_runbook(check: Check) -> None:
    book = passing()
    for kind in (
        ExecutionStarted,
        ExecutionEnded,
        RunbookStep,
        AlertFired,
        AlertResolved,
        FaultScheduled,
        FaultInjected,
    ):
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


@pytest.mark.parametrize(
    ("statuses", "tries", "findings"), [((502, 200), 2, 0), ((503, 200), 3, 1), ((504,) * 5, 5, 1)]
)
def test_a_command_may_be_typed_again_for_each_time_that_nobody_answered(
    statuses: tuple[int, ...], tries: int, findings: int
) -> None:
    book = passing()
    ids = tuple(f"exec-1-read-{number}" for number in range(len(statuses)))
    for request_id, status in zip(ids, statuses, strict=True):
        asked = Exchange(actor="operator", request_id=request_id, method="GET", path="/metrics", status=status)
        book.add(asked.model_copy(update={"execution_id": EXECUTION}), day(5, 10))
    read = next(event for event in book.entries if isinstance(event, RunbookStep) and not event.writes)
    book.edit(RunbookStep, {"section": read.section, "step": read.step}, tries=tries, request_ids=ids)
    assert len(_typed_too_often(book)) == findings


def _typed_too_often(book: Book) -> list[Finding]:
    return [finding for finding in run(runbook_steps_exact, book).findings if "typed" in finding.message]


def _asked(book: Book, number: int, status: int, *, path: str = "/api/admin/grant", **facts: Any) -> str:
    request_id = f"exec-1-ask-{number}"
    asked = {"actor": "operator", "method": "POST", "path": path, "status": status, "execution_id": EXECUTION}
    book.add(Exchange(request_id=request_id, **{**asked, **facts}), day(5, 10, 0, number))
    return request_id


@pytest.mark.parametrize(
    ("path", "key", "findings"),
    [
        ("/api/admin/grant", "x-1-recovery-1", 0),
        ("/api/admin/diagnostics/run-payout-scheduler", None, 0),
        ("/api/admin/grant", None, 1),
    ],
)
def test_a_writing_command_may_be_typed_again_if_what_it_asks_is_done_once(
    path: str, key: str | None, findings: int
) -> None:
    book = passing()
    ids = tuple(_asked(book, at, status, path=path, idempotency_key=key) for at, status in ((1, 502), (2, 200)))
    book.edit(RunbookStep, {"writes": True}, tries=2, request_ids=ids)
    assert len(_typed_too_often(book)) == findings


def test_a_target_that_does_not_say_what_may_come_again_is_not_accused() -> None:
    book = passing()
    path = "/api/admin/diagnostics/run-payout-scheduler"
    ids = tuple(_asked(book, at, status, path=path) for at, status in ((1, 502), (2, 200)))
    book.edit(RunbookStep, {"writes": True}, tries=2, request_ids=ids)
    silent = GOVERNANCE.model_copy(update={"repeatable_requests": ()})
    result = runbook_steps_exact.run(book.history(), silent)
    assert [finding for finding in result.findings if "typed" in finding.message] == []
    assert result.undeclared == "repeatable_requests"


@pytest.mark.parametrize("part", ["idempotency_table", "audit_table"])
def test_a_target_that_does_not_say_where_requests_are_recorded_is_not_accused(part: str) -> None:
    book = passing()
    _asked(book, 1, 200, idempotency_key="x-1-recovery-1-a", response_body={"success": True})
    assert run(keyed_requests_once, book).findings
    result = keyed_requests_once.run(book.history(), GOVERNANCE.model_copy(update={part: ""}))
    assert (result.findings, result.undeclared) == ((), part)


_KEYED: dict[str, Any] = {"idempotency_key": "x-1-recovery-1-a", "response_body": {"success": True}}


@pytest.mark.parametrize(
    ("recorded", "answer", "expected"),
    [
        ((1,), {}, []),
        ((2,), {}, []),
        ((1, 2), {}, ["it was done again"]),
        ((), {}, ["it was reported as done, and nothing is recorded"]),
        ((), {"reopened": False}, []),
    ],
)
def test_what_came_again_under_a_key_was_done_and_recorded_once(
    recorded: tuple[int, ...], answer: dict[str, Any], expected: list[str]
) -> None:
    book = passing()
    _asked(book, 1, 502, idempotency_key="x-1-recovery-1-a")
    _asked(book, 2, 200, idempotency_key="x-1-recovery-1-a", response_body={"success": True, **answer})
    for number in recorded:
        book.write(day(5, 10, 0, number), ("contests", {"id": "cup"}), request_id=f"exec-1-ask-{number}")
    found = [finding.message.partition(": ")[2] for finding in run(keyed_requests_once, book).findings]
    assert found == expected


def test_another_request_under_a_key_is_not_taken() -> None:
    book = passing()
    _asked(book, 1, 200, **_KEYED)
    _asked(book, 2, 200, **_KEYED, request_body={"another": 1})
    found = [finding.message for finding in run(keyed_requests_once, book).findings]
    assert any("different requests were taken" in message for message in found)


@pytest.mark.parametrize(("key", "body", "findings"), [("k", None, 0), (None, None, 1), ("k", {"another": 1}, 1)])
def test_a_request_that_a_proxy_delivers_once_more_is_not_improvised(
    key: str | None, body: dict[str, Any] | None, findings: int
) -> None:
    book = passing()
    told = _asked(book, 1, 200, idempotency_key=key)
    book.edit(RunbookStep, {"writes": True}, request_ids=(told,))
    _asked(book, 2, 200, idempotency_key=key, request_body=body)
    improvised = [
        one.keys.request_id for one in run(runbook_steps_exact, book).findings if "no documented" in one.message
    ]
    assert improvised.count("exec-1-ask-2") == findings
