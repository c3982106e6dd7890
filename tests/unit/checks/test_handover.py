"""An operator who is gone: the way on that is documented is accepted, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulation.checks.base import Check
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.handover import handed_over
from simulation.checks.faults import failures_escalated
from simulation.checks.runbooks import runbook_steps_exact
from simulation.events import (
    ExecutionEnded,
    ExecutionStarted,
    ExecutionTakenOver,
    FaultInjected,
    FaultScheduled,
    RunbookStep,
)
from tests.unit.checks.builder import GOVERNANCE, Book, Break, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_runbook import BEGIN, EXECUTION

GONE, TAKEN, UNDONE = (BEGIN + timedelta(seconds=seconds) for seconds in (42, 50, 55))


def handover() -> Book:
    """The story's operator is gone after the writing step; another one winds the execution up and starts anew."""
    book = passing()
    book.edit(ExecutionEnded, {}, status="failed", error="its operator was gone")
    keys = {"runbook": "stuck", "handover_minutes": "1"}
    book.add(
        FaultScheduled(
            fault_id="gone",
            fault_kind="operator_crash",
            starts_at=BEGIN,
            ends_at=None,
            keys=keys,
            expectation="runbook",
            runbook="stuck",
        ),
        BEGIN - timedelta(days=1),
    )
    struck = {"execution_id": EXECUTION}
    book.add(FaultInjected(fault_id="gone", fault_kind="operator_crash", keys=struck, detail="after step 2"), GONE)
    book.add(ExecutionTakenOver(execution_id=EXECUTION, operator="ops-2"), TAKEN)
    step = next(event for event in book.entries if isinstance(event, RunbookStep))
    undo = {"section": "rollback", "step": 1, "writes": False, "request_ids": ()}
    book.add(step.model_copy(update=undo), UNDONE)
    started = next(event for event in book.entries if isinstance(event, ExecutionStarted))
    anew = {"execution_id": "x-2", "operator": "ops-2"}
    book.add(started.model_copy(update=anew), BEGIN + timedelta(seconds=61))
    again = {"execution_id": "x-2", "section": "detection", "writes": False, "request_ids": ()}
    book.add(step.model_copy(update=again), BEGIN + timedelta(seconds=70))
    ended = next(event for event in book.entries if isinstance(event, ExecutionEnded))
    final = {"execution_id": "x-2", "status": "completed", "error": None}
    book.add(ended.model_copy(update=final), BEGIN + timedelta(seconds=80))
    return book


def _step_after(section: str, *, matched: bool = True) -> Break:
    def add(book: Book) -> None:
        step = next(event for event in book.entries if isinstance(event, RunbookStep))
        updates = {"section": section, "step": 1, "matched": matched, "request_ids": ()}
        book.add(step.model_copy(update=updates), UNDONE)

    return add


OTHERWISE: dict[str, Break] = {
    "nobody struck the operator": lambda b: b.drop(FaultInjected, fault_id="gone"),
    "another fault": lambda b: b.edit(FaultInjected, {"fault_id": "gone"}, fault_kind="transfer_error"),
    "nobody took over": lambda b: b.drop(ExecutionTakenOver),
    "the one who was gone": lambda b: b.edit(ExecutionTakenOver, {}, operator="ops"),
    "hours later": lambda b: b.edit(ExecutionTakenOver, {}, at=GONE + timedelta(minutes=7)),
    "left in progress": lambda b: b.drop(ExecutionEnded, execution_id=EXECUTION),
    "without a reason": lambda b: b.edit(ExecutionEnded, {"execution_id": EXECUTION}, error=None),
    "as partial": lambda b: b.edit(ExecutionEnded, {"execution_id": EXECUTION}, status="partial"),
    "without rollback": lambda b: b.drop(RunbookStep, section="rollback"),
    "a rollback that failed": _step_after("rollback", matched=False),
    "gone on where it was left": _step_after("verification"),
    "not carried out anew": lambda b: b.drop(ExecutionStarted, execution_id="x-2"),
    "anew and not to its end": lambda b: b.drop(ExecutionEnded, execution_id="x-2"),
    "anew for something else": lambda b: b.edit(ExecutionStarted, {"execution_id": "x-2"}, alert_id="al-9"),
}


def test_the_documented_way_on_is_accepted() -> None:
    book = handover()
    assert handed_over(Case(book.history(), GOVERNANCE)) == {EXECUTION}
    for check in (runbook_steps_exact, failures_escalated):
        assert not run(check, book).findings


@pytest.mark.parametrize("otherwise", OTHERWISE)
@pytest.mark.parametrize("check", [runbook_steps_exact, failures_escalated], ids=lambda check: check.name)
def test_any_other_is_found(check: Check, otherwise: str) -> None:
    book = handover()
    OTHERWISE[otherwise](book)
    assert handed_over(Case(book.history(), GOVERNANCE)) == frozenset()
    assert run(check, book).findings


def test_an_execution_that_only_read_needs_no_rollback() -> None:
    book = handover()
    book.drop(RunbookStep, section="rollback")
    book.edit(RunbookStep, {"writes": True}, writes=False)
    assert handed_over(Case(book.history(), GOVERNANCE)) == {EXECUTION}
