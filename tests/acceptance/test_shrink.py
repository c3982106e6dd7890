"""A run that failed for a planted defect is shrunk to the fault that it takes, and the story that is written runs."""

from __future__ import annotations

import json
from pathlib import Path

from simulation.cli.commands import carry_out
from simulation.sabotage.catalogue import CATALOGUE
from simulation.sabotage.trial import attempt
from simulation.scenario.file import load_scenario

DEFECT = "duplicate-event-counted-twice"
_MOST_RUNS = 12
"""Enough for the faults; contests and people are left as they are."""


def test_of_three_faults_the_one_that_shows_the_defect_stays(tmp_path: Path) -> None:
    failed = attempt(CATALOGUE[DEFECT], scenario="../smoke_2d", seed=1, out=tmp_path / "failed")
    assert failed.outcome == "fail"

    command = ["shrink", str(failed.directory), "--most-runs", str(_MOST_RUNS), "--jobs", "1", "--out", str(tmp_path)]
    code = carry_out(command)

    found = json.loads((tmp_path / "shrink" / "latest" / "shrink.json").read_text(encoding="utf-8"))
    (file,) = (tmp_path / "shrink" / "latest").glob("*.yaml")
    assert code in (0, 2)
    assert found["defect"] == DEFECT
    assert found["check"] in CATALOGUE[DEFECT].caught_by
    assert found["faults"] == ["webhook_duplicated"]
    assert found["made"] <= _MOST_RUNS
    assert found["since"] is not None, found["inevitable"]
    assert [fault.kind for fault in load_scenario(file).faults] == ["webhook_duplicated"]
