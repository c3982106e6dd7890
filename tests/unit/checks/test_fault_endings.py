"""A fault that ended otherwise than expected is a finding: every kind, every expectation, every way to end."""

from __future__ import annotations

import io
import itertools
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from rich.console import Console

from simulation.checks.evidence.case import Case
from simulation.checks.fault_endings import expected_kind, fault_endings
from simulation.checks.faults import faults_recovered
from simulation.checks.verdict import judge
from simulation.events import (
    AlertFired,
    Escalated,
    Exchange,
    ExecutionEnded,
    ExecutionStarted,
    FaultInjected,
    FaultScheduled,
    RunbookStep,
    RunEnded,
)
from simulation.reporting.junit import render_junit
from simulation.reporting.summary import render_summary
from simulation.reporting.terminal import render
from simulation.reporting.view import Report, build_report
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.faults.transfers import TransferFault
from tests.unit.checks.builder import GOVERNANCE, Book, day, run
from tests.unit.checks.story import passing

REASON, RUNBOOK = "ACCOUNT_CLOSED", "stuck"
EXPECTATIONS: Mapping[str, Mapping[str, Any]] = {
    "by itself": {"expectation": "self_heals", "runbook": None, "reason": None},
    "by its runbook": {"expectation": "runbook", "runbook": RUNBOOK, "reason": None},
    "given up": {"expectation": "terminal", "runbook": None, "reason": REASON},
    "given up, with its runbook": {"expectation": "terminal", "runbook": RUNBOOK, "reason": REASON},
}
AS_EXPECTED = {
    ("by itself", "by itself"),
    ("by its runbook", "by its runbook"),
    ("given up", "given up"),
    ("given up", "given up, with its runbook"),  # a scenario may expect less than all
    ("given up, with its runbook", "given up, with its runbook"),
}
"""(expected, actual) without a finding; of a fault without a transfer none that is given up."""
UNEXPECTED = "alert:al-1"
"""The cause of an alert whose runbook no fault expects, as the monitor has it."""


def _nobody_came(book: Book) -> None:
    for kind in (ExecutionStarted, ExecutionEnded, RunbookStep, AlertFired):
        book.drop(kind)
    book.drop(Exchange, execution_id="x-1")


def _another_runbook(book: Book) -> None:
    for kind in (AlertFired, ExecutionStarted, ExecutionEnded):
        book.edit(kind, {}, runbook="other")


def _given_up(book: Book, *, reason: str = f"{REASON}: destination") -> None:
    book.amend("transfers", "tr-bob", status="failed_terminal", failure_reason=reason)


def _escalated(book: Book) -> None:
    book.edit(ExecutionEnded, {}, status="failed", error="step 1")
    book.add(Escalated(alert_id=None, execution_id="x-1", reason="step 1", cause="fault:slow"), day(5, 10, 5))


ACTUALS: Mapping[str, Callable[[Book], object]] = {
    "by itself": _nobody_came,
    "by its runbook": lambda _: None,
    "by another runbook": _another_runbook,
    "its runbook failed": lambda book: book.edit(ExecutionEnded, {}, status="failed", error="step 1"),
    "its runbook never ended": lambda book: book.drop(ExecutionEnded),
    "escalated": _escalated,
    "given up": lambda book: (_nobody_came(book), _given_up(book)),
    "given up, with its runbook": _given_up,
    "given up for another reason": lambda book: _given_up(book, reason="TIMEOUT"),
    "left open": lambda book: book.amend("transfers", "tr-bob", status="retryable"),
    "no rest": lambda book: book.edit(RunEnded, {}, converged_at=None),
    "never struck": lambda book: (_nobody_came(book), book.drop(FaultInjected, fault_id="slow")),
}
OF_TRANSFERS = {"given up", "given up, with its runbook", "given up for another reason", "left open"}


def _book(kind: str, expected: str, actual: str) -> Book:
    """The small passing story with a fault of the kind, expected to end so, which ends so."""
    book = passing()
    keys = {"payout_transfer_id": "tr-bob"} if issubclass(KINDS[kind], TransferFault) else {"struck": "something"}
    book.edit(FaultScheduled, {"fault_id": "slow"}, fault_kind=kind, **EXPECTATIONS[expected])
    book.edit(FaultInjected, {"fault_id": "slow"}, fault_kind=kind, keys=keys)
    if EXPECTATIONS[expected]["runbook"] is None:  # the monitor knows no fault that expects the alert
        book.edit(AlertFired, {}, cause=UNEXPECTED)
        book.edit(ExecutionStarted, {}, cause=UNEXPECTED)
    ACTUALS[actual](book)
    return book


def _cells(kind: str) -> list[tuple[str, str]]:
    of_transfer = issubclass(KINDS[kind], TransferFault)
    return [cell for cell in itertools.product(EXPECTATIONS, ACTUALS) if of_transfer or cell[1] not in OF_TRANSFERS]


def test_the_table_has_every_expectation_that_a_scenario_may_state() -> None:
    stated = {
        (bool(fields["self_heals"]), bool(fields["runbook"]), bool(fields["terminal"]))
        for values in itertools.product((None, True), (None, RUNBOOK), (None, REASON))
        if (fields := dict(zip(Expectation.model_fields, values, strict=True))) and _is_allowed(fields)
    }
    covered = {
        (row["expectation"] == "self_heals", row["runbook"] is not None, row["reason"] is not None)
        for row in EXPECTATIONS.values()
    }
    assert covered == stated


def _is_allowed(fields: Mapping[str, Any]) -> bool:
    try:
        Expectation.model_validate(fields)
    except ValueError:
        return False
    return True


@pytest.mark.parametrize("kind", KINDS)
def test_a_fault_that_ended_otherwise_than_expected_is_a_finding(kind: str) -> None:
    wrong = []
    for expected, actual in _cells(kind):
        result = run(faults_recovered, _book(kind, expected, actual))
        should = "pass" if (expected, actual) in AS_EXPECTED else "unknown" if actual == "never struck" else "fail"
        if result.outcome != should:
            wrong.append(f"expected {expected}, ended {actual}: {result.outcome} instead of {should}")
        assert {finding.keys.fault_id for finding in result.findings} <= {"slow", "torn"}
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("kind", ["transfer_timeout_before", "webhook_lost"])
def test_terminal_report_summary_junit_and_verdict_never_disagree(kind: str) -> None:
    for expected, actual in _cells(kind):
        history = _book(kind, expected, actual).history()
        verdict = judge(history)
        report = build_report(history, verdict)
        view = next(fault for fault in report.faults if fault.fault_id == "slow")
        good, cell = (expected, actual) in AS_EXPECTED, f"{kind}: expected {expected}, ended {actual}"
        result = next(result for result in verdict.results if result.check == faults_recovered.name)

        assert view.over == good, cell
        assert (result.outcome == "pass") == good, cell
        assert good or (verdict.outcome, report.exit_code) == ("fail", 1), cell
        shown = _lines(report)
        assert any(line.startswith(f"  {'✓' if good else '✗'} slow ") for line in shown), (cell, shown)
        row = next(line for line in render_summary(report).splitlines() if line.startswith("| slow "))
        assert f"| {'✓' if good else '✗'} |" in row, cell
        assert ("<failure" in render_junit(report)) == (verdict.outcome == "fail"), cell
        assert good or "not foreseen" in view.ended_short or view.ending in ("open", "never"), cell


def _lines(report: Report) -> list[str]:
    console = Console(width=100, file=io.StringIO())
    with console.capture() as shown:
        console.print(render(report, Path("report.html")))
    return shown.get().splitlines()


def test_the_jury_and_the_report_read_the_ending_from_one_place() -> None:
    for expected, actual in _cells("transfer_timeout_before"):
        history = _book("transfer_timeout_before", expected, actual).history()
        case = Case(history, GOVERNANCE)
        fault = next(fault for fault in case.events(FaultScheduled) if fault.fault_id == "slow")
        ending, told = fault_endings(case)["slow"], build_report(history, judge(history)).faults
        view = next(view for view in told if view.fault_id == "slow")

        assert view.ending == (ending.kind if view.over or ending.kind != expected_kind(fault) else "open"), (
            expected,
            actual,
        )


def test_a_transfer_given_up_for_another_fault_is_not_laid_at_this_ones_door() -> None:
    """An outage delays a transfer; then the winner's account turns out to be closed, which is foreseen."""
    book = _book("transfer_timeout_before", "by its runbook", "given up, with its runbook")
    assert run(faults_recovered, book).outcome == "fail"
    book.edit(FaultScheduled, {"fault_id": "torn"}, fault_kind="destination_invalid", **EXPECTATIONS["given up"])
    book.edit(FaultInjected, {"fault_id": "torn"}, keys={"payout_transfer_id": "tr-bob"})

    assert run(faults_recovered, book).findings == ()


def test_what_an_alert_counts_of_several_faults_together_is_not_laid_at_the_door_of_one() -> None:
    """Three deliveries too many, and one more since an answer was lost: each alone stays below the alert's limit."""
    book = _book("webhook_duplicated", "by itself", "by its runbook")
    for kind in (AlertFired, ExecutionStarted, ExecutionEnded):
        book.edit(kind, {}, runbook="duplicate_payment_webhook")
    assert run(faults_recovered, book).outcome == "fail"
    book.edit(FaultScheduled, {"fault_id": "torn"}, fault_kind="commit_answer_lost", **EXPECTATIONS["by itself"])
    assert run(faults_recovered, book).outcome == "fail", "what struck days before is not counted together with it"
    book.edit(FaultInjected, {"fault_id": "torn"}, at=day(5, 9))

    assert run(faults_recovered, book).findings == ()
