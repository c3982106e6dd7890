"""A stored schedule is read back as it was; one that does not fit is refused with file, line, value and remedy."""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.errors import UsageError
from simulation.faults.plan import FaultPlan, load_plan
from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario


@pytest.fixture(scope="module")
def month() -> Scenario:
    return load_scenario(SCENARIOS_FOLDER / "month_30d.yaml")


@pytest.fixture
def stored(tmp_path: Path, month: Scenario) -> Path:
    file = tmp_path / "faults.json"
    file.write_text(FaultPlan.from_scenario(month, 7).to_json())
    return file


def test_plan_survives_its_file(stored: Path, month: Scenario):
    assert load_plan(stored, month) == FaultPlan.from_scenario(month, 7)


@pytest.mark.parametrize(
    ("old", "new", "problem", "remedy"),
    [
        ('"contest": "club_night"', '"contest": "club_knight"', "no contest 'club_knight'", "'club_night'"),
        ('"tournament": "spring_open"', '"tournament": "open"', "no tournament 'open'", "spring_open"),
        ('"kind": "webhook_lost"', '"kind": "webhook_loss"', "'webhook_loss' is none", "'webhook_lost'"),
        ('"times": 3', '"times": "thrice"', "'thrice' is not accepted", "whole number"),
        ('"nth": 5', '"nths": 5', "nths: unknown key", "'nth'"),
    ],
)
def test_a_changed_plan_is_refused_at_its_line(
    stored: Path, month: Scenario, old: str, new: str, problem: str, remedy: str
):
    text = stored.read_text(encoding="utf-8").replace(old, new, 1)
    stored.write_text(text, encoding="utf-8")
    line = next(number for number, line in enumerate(text.splitlines(), start=1) if new in line)
    with pytest.raises(UsageError) as caught:
        load_plan(stored, month)
    assert caught.value.place == f"{stored}:{line}"
    assert problem in caught.value.problem
    assert remedy in caught.value.remedy


@pytest.mark.parametrize("text", ["", "[]", "{", '{"window_start": "yesterday"}', '{"faults": []}'])
def test_a_file_that_is_no_plan_is_refused(stored: Path, month: Scenario, text: str):
    stored.write_text(text, encoding="utf-8")
    with pytest.raises(UsageError) as caught:
        load_plan(stored, month)
    assert caught.value.place.startswith(f"{stored}:1")


def test_a_missing_plan_is_refused(tmp_path: Path, month: Scenario):
    with pytest.raises(UsageError, match="cannot be read"):
        load_plan(tmp_path / "faults.json", month)
