"""Faults and escalations."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.base import Check
from simulation.checks.faults import failures_escalated, faults_recovered, no_escalation
from simulation.events import (
    AlertFired,
    Escalated,
    ExecutionEnded,
    ExecutionStarted,
    FaultInjected,
    FaultScheduled,
    RunbookStep,
    RunEnded,
)
from tests.unit.checks.builder import Book, Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_runbook import EXECUTION, STEPS


def _failed(book: Book) -> None:
    book.edit(ExecutionEnded, {}, status="failed", error="step 1")


def _bundle(**parts: Any) -> dict[str, Any]:
    """What an escalation is sent with when all is there."""
    steps = [{"phase": phase, "step": step, "outcome": "passed"} for phase, step, _ in STEPS]
    begun = [{**step, "outcome": "started"} for step in steps]
    whole: dict[str, Any] = {
        "alert": "the alert A",
        "execution": {"id": EXECUTION, "steps": [entry for pair in zip(begun, steps, strict=True) for entry in pair]},
        "diagnostics": {"health": {"status": "ok"}},
        "metrics": ["up 1"],
        "log": [],
        "audit_trail": [{"action": "runbook_step"}],
        "affected_contests": [],
    }
    return {**whole, **parts}


def _escalated(**facts: Any) -> Break:
    values: dict[str, Any] = {"alert_id": "al-1", "execution_id": None, "reason": "?", "bundle": _bundle(), **facts}
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


def _unexpected(book: Book) -> None:
    """The alert is its own cause, since no fault expects its runbook."""
    book.edit(FaultScheduled, {}, expectation="self_heals", runbook=None, reason=None)
    book.edit(AlertFired, {}, cause="alert:al-1")
    book.edit(ExecutionStarted, {}, cause="alert:al-1")


def _no_executions(book: Book) -> None:
    for kind in (ExecutionStarted, ExecutionEnded, RunbookStep):
        book.drop(kind)


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "no runbook after the fault": (faults_recovered, _no_executions, "not recovered by runbook stuck"),
    "the wrong runbook": (
        faults_recovered,
        lambda b: b.edit(ExecutionStarted, {}, runbook="other"),
        "not recovered by runbook stuck",
    ),
    "a runbook for another fault": (
        faults_recovered,
        lambda b: b.edit(ExecutionStarted, {}, cause="fault:other"),
        "not recovered by runbook stuck",
    ),
    "a runbook that failed": (faults_recovered, _failed, "not recovered by runbook stuck"),
    "a runbook before the fault": (
        faults_recovered,
        lambda b: b.edit(FaultInjected, {"fault_id": "slow"}, at=day(5, 11)),
        "not recovered by runbook",
    ),
    "a runbook where none should be needed": (
        faults_recovered,
        _expect(expectation="self_heals", runbook=None),
        "should have healed by itself, but runbook",
    ),
    "a runbook that no fault expects, after faults that all should heal": (
        faults_recovered,
        _unexpected,
        "should have healed by itself, but runbook",
    ),
    "an escalation where none should be needed": (
        faults_recovered,
        lambda b: b.add(Escalated(alert_id=None, execution_id=None, reason="?", cause="fault:torn"), day(3)),
        "should have healed by itself, but was escalated",
    ),
    "no rest after the fault": (
        faults_recovered,
        lambda b: b.edit(RunEnded, {}, converged_at=None),
        "did not converge",
    ),
    "given up for another reason": (faults_recovered, _terminal("timeout"), "not given up with the expected reason"),
    "a victim that is no transfer": (
        faults_recovered,
        lambda b: [
            _terminal("closed")(b),
            b.edit(FaultInjected, {"fault_id": "slow"}, keys={"payout_transfer_id": "?"}),
        ],
        "not among the transfers",
    ),
    "a failure not escalated": (failures_escalated, _failed, "the execution failed and was not escalated"),
    "an alert without runbook not escalated": (
        failures_escalated,
        _alert("al-2", None),
        "an alert without a runbook was not escalated",
    ),
    "an escalation without need": (failures_escalated, _escalated(), "escalated although a runbook had recovered it"),
    "an escalation at all": (no_escalation, _escalated(), "people beyond operations were needed"),
}


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


@pytest.mark.parametrize(
    ("bundle", "lacking"),
    [
        (None, "anything to begin with"),
        (_bundle(alert=None), "alert"),
        (_bundle(diagnostics={"unavailable": "HTTP 500"}), "diagnostics"),
        (_bundle(audit_trail=[]), "audit trail"),
        (_bundle(affected_contests=None, log=None), "log, affected contests"),
        (_bundle(execution=None), "the steps of the execution and their results"),
        (_bundle(execution={"id": EXECUTION, "steps": []}), "the steps of the execution and their results"),
        (_bundle(execution={"id": "x-2"}), "the steps of the execution and their results"),
    ],
)
def test_an_escalation_lacks_what_engineering_needs(bundle: Any, lacking: str) -> None:
    def spoil(book: Book) -> None:
        _failed(book)
        _escalated(execution_id=EXECUTION, bundle=bundle)(book)

    assert_found(failures_escalated, passing(), spoil, f"escalated without {lacking}")


def test_a_fault_without_a_victim_leaves_its_recovery_unknown() -> None:
    assert_unknown(faults_recovered, passing(), lambda b: b.drop(FaultInjected, fault_id="torn"), "met no victim")


def test_an_alert_that_was_firing_before_the_fault_may_speak_for_it_too():
    book = passing()
    book.edit(ExecutionStarted, {}, cause="fault:other")
    strike = next(event for event in book.history().of(FaultInjected) if event.fault_id == "slow")
    book.edit(AlertFired, {}, at=strike.at)
    assert not run(faults_recovered, book).findings


_REFUND_OPEN, _WEBHOOKS = "refund r-pi_cat2 is pending", "2 webhooks are still to be delivered"


@pytest.mark.parametrize(
    ("keys", "pending", "blamed"),
    [
        ({"payment_intent": "pi_ann"}, (_REFUND_OPEN,), False),
        ({"user_id": "ann"}, (_REFUND_OPEN,), False),
        ({"payment_intent": "pi_cat2"}, (_REFUND_OPEN,), True),
        ({"refund": "re_pi_cat2", "payment_intent": "pi_ann"}, (_REFUND_OPEN,), True),
        ({"user_id": "cat"}, (_REFUND_OPEN,), True),
        ({"service": "backend"}, (_REFUND_OPEN,), True),
        ({"payment_intent": "pi_ann"}, (_REFUND_OPEN, _WEBHOOKS), True),
        ({"payment_intent": "pi_ann"}, (), True),
    ],
)
def test_an_open_refund_is_laid_to_the_faults_that_may_have_struck_it(
    keys: dict[str, str], pending: tuple[str, ...], blamed: bool
) -> None:
    book = passing()
    book.edit(FaultInjected, {"fault_id": "torn"}, keys=keys)
    book.edit(RunEnded, {}, converged_at=None, pending=pending)

    found = [(finding.subject, finding.message) for finding in run(faults_recovered, book).findings]

    assert (("fault torn", "the world did not converge after it") in found) == blamed


def test_a_fault_that_names_nobody_is_not_blamed_for_a_refund_that_another_one_names() -> None:
    book = passing()
    book.edit(FaultInjected, {"fault_id": "torn"}, keys={"service": "backend"})
    book.edit(FaultInjected, {"fault_id": "slow"}, keys={"payment_intent": "pi_cat2"})
    book.edit(RunEnded, {}, converged_at=None, pending=(_REFUND_OPEN,))

    found = {finding.subject for finding in run(faults_recovered, book).findings if "converge" in finding.message}

    assert found == {"fault slow"}
