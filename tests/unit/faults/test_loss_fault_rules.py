"""A loss of rows is refused where no backup can have them all, or nobody brings them back."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from simulation.faults.swarm import swarm
from simulation.paths import RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.scenario.faults.database import ContestRowsLost
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.needs import MET_INSIDE
from simulation.scenario.faults.provider import ProviderCorrection
from simulation.scenario.faults.registry import broken_fault_rules
from simulation.scenario.file import find_scenario, load_scenario
from simulation.scenario.model import Scenario
from simulation.scenario.settings import OperatorTask
from tests.unit.faults.kinds import fault

NAMES = frozenset(file.stem for file in RUNBOOKS_FOLDER.glob("*.md"))
LOSS = load_scenario(SCENARIOS_FOLDER / "runbooks" / "restore_contest.yaml", runbooks=RUNBOOKS_FOLDER)
(GONE,) = (loss for loss in LOSS.faults if isinstance(loss, ContestRowsLost))
(CONTEST,) = (contest for contest in LOSS.contests if contest.key == GONE.contest)
FINAL = LOSS.tournaments[CONTEST.tournament].final_board_at


def problems(*, lost_after: int, backups: tuple[int, ...], corrected: int | None = None) -> list[str]:
    """What is wrong with a loss ``lost_after`` hours after the final board; the rows are brought back 3 hours later."""
    gone = GONE.model_copy(update={"at": FINAL + timedelta(hours=lost_after)})
    correction = fault(
        "provider_correction", id="again", tournament=CONTEST.tournament, delay_hours=corrected or 0,
        expect=Expectation(runbook="score_discrepancy"),
    )  # fmt: skip
    made = [OperatorTask(at=FINAL + timedelta(hours=hours), runbook="backup_contest_data") for hours in backups]
    back = OperatorTask(at=FINAL + timedelta(hours=lost_after + 3), runbook="restore_contest")
    changed = LOSS.model_copy(
        update={
            "days": 6,
            "faults": (gone, *([correction] if corrected else [])),
            "operator": LOSS.operator.model_copy(update={"tasks": (*made, back)}),
        }
    )
    return [broken.problem for broken in broken_fault_rules(changed, runbooks=NAMES)]


def test_a_loss_after_a_backup_of_all_rows_is_taken() -> None:
    assert problems(lost_after=20, backups=(16,)) == []
    assert problems(lost_after=20, backups=(16,), corrected=14) == []


@pytest.mark.parametrize("backups", [(), (1,), (19,)], ids=["none", "before the end", "too short before"])
def test_a_loss_without_a_backup_of_all_rows_is_refused(backups: tuple[int, ...]) -> None:
    (problem,) = problems(lost_after=20, backups=backups)
    assert "no task backup_contest_data between" in problem


@pytest.mark.parametrize("corrected", [15, 19, 21])
def test_scores_that_come_after_the_last_backup_are_in_none(corrected: int) -> None:
    """Seeds 14 and 26 of the swarm drew this: a correction, and a loss of its row an hour and four hours later."""
    (problem,) = problems(lost_after=20, backups=(16,), corrected=corrected)
    assert "after which no score of" in problem


def test_a_later_backup_has_the_correction() -> None:
    assert problems(lost_after=26, backups=(16, 22), corrected=19) == []


def test_a_swarm_draws_none_that_cannot_come_back() -> None:
    scenario = load_scenario(find_scenario("founder_absence_14d"), runbooks=RUNBOOKS_FOLDER)
    losses = [loss for seed in range(1, 101) for loss in _losses(swarm(scenario, seed, met=MET_INSIDE))]
    assert len(losses) > 10
    assert any(corrections for _, corrections in losses)
    for made, corrections in losses:
        assert all(correction + timedelta(hours=1, minutes=10) <= max(made) for correction in corrections)


def _losses(drawn: Scenario) -> list[tuple[list[datetime], list[datetime]]]:
    """For each loss: when backups before it were made, and when the scores of its contest were corrected."""
    found = []
    for loss in (drawn_one for drawn_one in drawn.faults if isinstance(drawn_one, ContestRowsLost)):
        (contest,) = (contest for contest in drawn.contests if contest.key == loss.contest)
        final = drawn.tournaments[contest.tournament].final_board_at
        tasks = drawn.operator.tasks
        made = [task.at for task in tasks if task.runbook == "backup_contest_data" and task.at < loss.at]
        corrections = [
            final + timedelta(hours=other.delay_hours)
            for other in drawn.faults
            if isinstance(other, ProviderCorrection) and other.tournament == contest.tournament
        ]
        found.append((made, corrections))
    return found
