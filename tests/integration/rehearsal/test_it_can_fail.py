"""A rehearsal names what is wrong with a runbook: a wrong answer, a rollback that undoes nothing, a deaf operator."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest

from simulation.assembly import RunRequest
from simulation.assembly.request import prepare
from simulation.paths import RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.rehearsal.rehearse import Rehearsed, rehearse
from simulation.world.operator.execution import Execution
from simulation.world.operator.parser import load_runbook

NAME = "destination_account_invalid"
TEXT = (RUNBOOKS_FOLDER / f"{NAME}.md").read_text()
RehearsedWith = Callable[[str], Rehearsed]


@pytest.fixture
def rehearsed(tmp_path: Path) -> RehearsedWith:
    """Rehearse the runbook with another text."""

    def with_text(text: str) -> Rehearsed:
        file = tmp_path / f"{NAME}.md"
        file.write_text(text)

        def prepared(name: str) -> RunRequest:
            scenario = SCENARIOS_FOLDER / "runbooks" / f"{name}.yaml"
            request = prepare(scenario=str(scenario), seed=1, environment="embedded", out=tmp_path / "runs")
            others = [runbook for runbook in request.runbooks if runbook.name != NAME]
            return replace(request, runbooks=[*others, load_runbook(file)])

        return rehearse(NAME, prepared)

    return with_text


def test_a_runbook_that_is_whole_holds_in_all_three_ways_and_keeps_no_run(
    rehearsed: RehearsedWith, tmp_path: Path
) -> None:
    result = rehearsed(TEXT)
    assert {way: outcome.problems for way, outcome in result.ways.items()} == {
        "recovered": (),
        "rolled back": (),
        "failed safely": (),
    }
    assert result.sim_seconds is not None
    assert result.sim_seconds > 0
    assert list((tmp_path / "runs").rglob("history.jsonl")) == []


def test_a_wrong_answer_is_named_and_its_run_kept(rehearsed: RehearsedWith) -> None:
    result = rehearsed(_replaced("failed for good, acknowledged, still owed: [COUNT]\n", "all is well: [COUNT]\n"))
    recovered = result.ways["recovered"]
    assert "all is well" in recovered.problems[0]
    assert recovered.directory is not None
    assert (recovered.directory / "report.html").is_file()


def test_a_rollback_that_undoes_nothing_is_named_by_what_it_left(rehearsed: RehearsedWith) -> None:
    result = rehearsed(_replaced('--data \'{"acknowledged": false,', '--data \'{"acknowledged": true,'))
    problems = result.ways["rolled back"].problems
    assert any("transfers" in problem and "acknowledged_at was None" in problem for problem in problems), problems


def test_an_execution_that_completes_although_a_step_failed_is_named(
    rehearsed: RehearsedWith, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Execution, "_difference", lambda self, step, answer: _deaf(self, step, answer))
    problems = rehearsed(TEXT).ways["failed safely"].problems
    assert "a step failed, and the execution completed" in problems


_HEARS = Execution._difference


def _deaf(execution: Execution, step: object, answer: object) -> None:
    """Compares, keeps the captures, and takes every answer for the right one."""
    _HEARS(execution, step, answer)  # type: ignore[arg-type]


def _replaced(old: str, new: str) -> str:
    assert TEXT.count(old) == 1
    return TEXT.replace(old, new)
