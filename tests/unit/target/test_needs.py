"""What a scenario asks of its target is refused before anything is started, with the remedy."""

from __future__ import annotations

import pytest

from simulation.errors import UsageError
from simulation.project import SCENARIOS_FOLDER
from simulation.scenario_file import load_scenario
from simulation.target.needs import refuse_losses

LOSS = load_scenario(SCENARIOS_FOLDER / "runbooks" / "restore_contest.yaml")
QUIET = load_scenario(SCENARIOS_FOLDER / "quiet_14d.yaml")


def test_a_loss_of_scores_needs_a_target_that_says_where_they_are() -> None:
    with pytest.raises(UsageError, match="which tables hold the scores"):
        refuse_losses(LOSS, tables={}, place="x.yaml")


def test_a_target_that_says_so_and_a_scenario_without_a_loss_are_taken() -> None:
    refuse_losses(LOSS, tables={"scores": "contest_id"}, place="x.yaml")
    refuse_losses(QUIET, tables={}, place="x.yaml")
    assert not any(fault.kind == "contest_rows_lost" for fault in QUIET.faults)
