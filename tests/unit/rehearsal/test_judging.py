"""Each of the three ways: a run that holds, and one for each way in which it does not."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from pydantic import JsonValue

from simulation.checks.catalogue import CHECKS
from simulation.events import Escalated, ExecutionEnded, ExecutionStarted, RunbookStep
from simulation.rehearsal.judging import EXCUSED, failed_safely, recovered, rolled_back
from simulation.rehearsal.observed_run import Lived
from simulation.run_directory import RunDirectory
from simulation.world.operator.parser import load_runbook
from simulation.world.operator.runbook import Runbook
from tests.unit.checks.builder import RELATIONS, Book, Break, day
from tests.unit.checks.story import passing
from tests.unit.checks.story_runbook import EXECUTION, exchange
from tests.unit.operator.books import MINI, write

AT = day(5, 10, 0, 50)
Way = Callable[[Lived], Iterator[str]]


@pytest.fixture(scope="module")
def mini(tmp_path_factory: pytest.TempPathFactory) -> Runbook:
    """The runbook of the story's execution."""
    return replace(load_runbook(write(tmp_path_factory.mktemp("mini"), MINI)), name="stuck")


def lived(book: Book, runbook: Runbook, *, settings: int = 1) -> Lived:
    return Lived(
        runbook,
        RunDirectory(path=Path("unused")),
        book.history(),
        {relation: f"SELECT * FROM {relation}" for relation in RELATIONS},
        [{"port": str(number)} for number in range(settings)],
        0,
    )


def step(section: str, number: int, *, matched: bool = True, writes: bool = False) -> Break:
    def add(book: Book) -> None:
        event = next(item for item in book.entries if isinstance(item, RunbookStep))
        updates = {"section": section, "step": number, "matched": matched, "writes": writes, "request_ids": ()}
        note = {"execution_id": EXECUTION, "phase": section, "step": number}
        exchange(book, "/api/admin/runbooks/step", AT, body={**note, "outcome": "started"})
        book.add(event.model_copy(update=updates), AT)
        exchange(book, "/api/admin/runbooks/step", AT, body={**note, "outcome": "passed" if matched else "failed"})

    return add


def story() -> Book:
    """An execution that recovered, verification included."""
    book = passing()
    step("verification", 1)(book)
    return book


def failed_story() -> Book:
    """The writing step was refused; rolled back, escalated with what was collected."""
    book = passing()
    for item in book.writes:
        if item.audit is not None and item.audit["request_id"] == "exec-1-req-1":
            item.audit["request_id"] = "job:payout"
    book.edit(RunbookStep, {"writes": True}, matched=False)
    note = {"execution_id": EXECUTION, "phase": "recovery", "step": 1, "outcome": "failed"}
    exchange(book, "/api/admin/runbooks/step", day(5, 10, 0, 45), body=note)
    step("rollback", 1)(book)
    step("escalation", 1)(book)
    book.edit(ExecutionEnded, {}, status="failed", error="recovery step 1")
    final = book.write_of("runbook_executions", status="completed").rows("runbook_executions")[0]
    final.update(status="failed", error_reason="recovery step 1")
    book.add(Escalated(alert_id="al-1", execution_id=EXECUTION, reason="recovery step 1", bundle=_bundle()), AT)
    return book


def _bundle() -> dict[str, JsonValue]:
    """What the escalation is sent with: the four steps of this execution, the second of which failed."""
    typed = (("detection", "passed"), ("recovery", "failed"), ("rollback", "passed"), ("escalation", "passed"))
    steps: list[JsonValue] = [{"phase": phase, "step": 1, "outcome": outcome} for phase, outcome in typed]
    return {
        "alert": "the alert TransfersStuck",
        "execution": {"id": EXECUTION, "steps": steps},
        "diagnostics": {"health": {"status": "ok"}},
        "metrics": ["up 1"],
        "log": [],
        "audit_trail": [{"action": "runbook_step"}],
        "affected_contests": [],
    }


def _nobody(book: Book) -> None:
    for kind in (ExecutionStarted, ExecutionEnded, RunbookStep):
        book.drop(kind)


def _changed(book: Book) -> None:
    book.write(AT, ("users", {"id": "u-1"}), actor="ops", request_id="exec-1-req-1")


RECOVERED: dict[str, Break] = {
    "was never started": _nobody,
    "the execution failed: step 1": lambda b: b.edit(ExecutionEnded, {}, status="failed", error="step 1"),
    "the execution never ended": lambda b: b.drop(ExecutionEnded),
    "no step of Verification was carried out": lambda b: b.drop(RunbookStep, section="verification"),
    "the way it took left every writing step out": lambda b: b.drop(RunbookStep, writes=True),
}
FAILED: dict[str, Break] = {
    "was never started": _nobody,
    "a step failed, and the execution completed": lambda b: b.edit(ExecutionEnded, {}, status="completed"),
    "record does not say failed": lambda b: b.amend("runbook_executions", EXECUTION, error_reason=None),
    "was not escalated": lambda b: b.drop(Escalated),
    "without what its steps collect": lambda b: b.drop(RunbookStep, section="escalation"),
    "Rollback was not carried out": lambda b: b.drop(RunbookStep, section="rollback"),
    "Rollback step 1 (line 10) did not go": lambda b: b.edit(RunbookStep, {"section": "rollback"}, matched=False),
    "not as it was before the first writing step: users": _changed,
}
SAFELY: dict[str, Break] = {
    "every step passed, although one was made to fail": lambda b: b.edit(RunbookStep, {"writes": True}, matched=True),
    "went on after the failed step: verification": lambda b: _verify_after(b),
    "not in the platform's audit trail": lambda b: _forget_note(b),
    "half done: transfer tr-bob is processing": lambda b: b.amend("transfers", "tr-bob", status="processing"),
}


def _verify_after(book: Book) -> None:
    step("verification", 1)(book)


def _forget_note(book: Book) -> None:
    book.entries = [
        event
        for event in book.entries
        if not (isinstance(body := getattr(event, "request_body", None), dict) and body.get("outcome") == "failed")
    ]


def test_a_recovery_holds(mini: Runbook) -> None:
    assert [problem for problem in recovered(lived(story(), mini)) if "the jury" not in problem] == []


@pytest.mark.parametrize("says", RECOVERED)
def test_a_recovery_that_does_not_hold_is_named(mini: Runbook, says: str) -> None:
    book = story()
    RECOVERED[says](book)
    assert [problem for problem in recovered(lived(book, mini)) if says in problem]


def test_what_the_jury_finds_in_a_recovery_is_a_reason(mini: Runbook) -> None:
    book = story()
    book.amend("transfers", "tr-ann", amount_cents=1)
    assert any(problem.startswith("the jury: ") for problem in recovered(lived(book, mini)))


@pytest.mark.parametrize("way", [rolled_back, failed_safely], ids=lambda way: way.__name__)
def test_a_failure_that_is_undone_and_told_holds(mini: Runbook, way: Way) -> None:
    assert list(way(lived(failed_story(), mini))) == []


@pytest.mark.parametrize("says", FAILED)
@pytest.mark.parametrize("way", [rolled_back, failed_safely], ids=lambda way: way.__name__)
def test_a_failure_that_is_not_is_named(mini: Runbook, way: Way, says: str) -> None:
    book = failed_story()
    FAILED[says](book)
    assert [problem for problem in way(lived(book, mini)) if says in problem]


@pytest.mark.parametrize("says", SAFELY)
def test_what_is_left_half_done_or_silent_is_named(mini: Runbook, says: str) -> None:
    book = failed_story()
    SAFELY[says](book)
    assert [problem for problem in failed_safely(lived(book, mini)) if says in problem]


def test_what_rightly_stays_is_excused(mini: Runbook) -> None:
    book = failed_story()
    _changed(book)
    assert list(rolled_back(lived(book, replace(mini, irreversible={"users": "people stay"})))) == []


def test_a_changed_configuration_is_named(mini: Runbook) -> None:
    (problem,) = rolled_back(lived(failed_story(), mini, settings=2))
    assert "configuration" in problem


def test_harm_that_a_failed_runbook_does_is_named_by_the_jury(mini: Runbook) -> None:
    book = failed_story()
    book.undo("postings", next(str(row["id"]) for item in book.writes for row in item.rows("postings")))
    assert any("the jury: double_entry" in problem for problem in failed_safely(lived(book, mini)))


def test_only_checks_that_there_are_can_be_excused() -> None:
    assert set(EXCUSED) <= {check.name for check in CHECKS}
    assert all(EXCUSED.values())
