"""Tasks that the scenario promised: carried out in time, and legitimate as nothing else without an alert is."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from simulation.checks.base import Check
from simulation.checks.interventions import no_manual_endpoints
from simulation.checks.promises import promised_events
from simulation.checks.runbooks import runbooks_rehearsed
from simulation.events import ExecutionEnded, ExecutionStarted, RunStarted, TaskDue
from tests.unit.checks.builder import Book, Break, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_contest import SCENARIO
from tests.unit.checks.story_runbook import BEGIN


def planned(at: datetime = BEGIN, runbook: str = "stuck") -> Book:
    """The story, in which the execution is for a task of the scenario."""
    book = passing()
    tasks = [{"at": at.isoformat(), "runbook": runbook}]
    book.edit(RunStarted, {}, scenario_document={**SCENARIO, "operator": {"tasks": tasks}})
    book.edit(ExecutionStarted, {}, alert_id=None, task_id="task-1")
    book.add(TaskDue(task_id="task-1", runbook="stuck"), BEGIN)
    return book


@pytest.mark.parametrize("check", [no_manual_endpoints, promised_events, runbooks_rehearsed], ids=lambda c: c.name)
def test_a_promised_task_is_no_intervention(check: Check) -> None:
    assert not run(check, planned()).findings


BREAKS: dict[str, tuple[Check, Book, Break, str]] = {
    "a task nobody promised": (
        no_manual_endpoints,
        planned(),
        lambda b: b.edit(ExecutionStarted, {}, task_id="task-2"),
        "outside an open runbook execution",
    ),
    "another runbook under the task's name": (
        no_manual_endpoints,
        planned(runbook="other"),
        lambda b: None,
        "outside an open runbook execution",
    ),
    "before its time": (
        no_manual_endpoints,
        planned(BEGIN + timedelta(minutes=1)),
        lambda b: None,
        "outside an open runbook execution",
    ),
    "a second execution for one task": (
        no_manual_endpoints,
        planned(),
        lambda b: b.add(_again(b), day(5, 9, 58)),
        "outside an open runbook execution",
    ),
    "never due": (promised_events, planned(), lambda b: b.drop(TaskDue), "did not come due at its time"),
    "never done": (
        promised_events,
        planned(),
        lambda b: b.edit(ExecutionStarted, {}, task_id=None),
        "nobody carried the task out",
    ),
    "too late": (
        promised_events,
        planned(BEGIN - timedelta(hours=2)),
        lambda b: b.edit(TaskDue, {}, at=BEGIN - timedelta(hours=2)),
        "taken up too late",
    ),
    "not completed": (
        promised_events,
        planned(),
        lambda b: b.edit(ExecutionEnded, {}, status="failed", error="?"),
        "the task was not completed",
    ),
    "not rehearsed": (runbooks_rehearsed, planned(runbook="other"), lambda b: None, "not carried out to its end"),
}


def _again(book: Book) -> Any:
    started = next(event for event in book.entries if isinstance(event, ExecutionStarted))
    book.edit(ExecutionStarted, {}, at=BEGIN - timedelta(minutes=1))
    book.edit(RunStarted, {}, scenario_document={**SCENARIO, "operator": {"tasks": [_early()]}})
    book.edit(TaskDue, {}, at=day(5, 9, 58))
    return started.model_copy(update={"execution_id": "x-0"})


def _early() -> dict[str, str]:
    return {"at": day(5, 9, 58).isoformat(), "runbook": "stuck"}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, book, spoil, message = BREAKS[case]
    assert not run(check, planned()).findings
    spoil(book)
    found = run(check, book).findings
    assert [finding for finding in found if message in finding.message], found
