"""A correction of scores is refused where no contest is sure to be settled, or nobody asks any more."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulation.paths import RUNBOOKS_FOLDER
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import broken_fault_rules
from simulation.scenario.file import find_scenario, load_scenario
from simulation.scenario.model import Scenario
from tests.unit.faults.kinds import fault

NAMES = frozenset(file.stem for file in RUNBOOKS_FOLDER.glob("*.md"))


@pytest.fixture(scope="module")
def smoke() -> Scenario:
    return load_scenario(find_scenario("smoke_2d"), runbooks=RUNBOOKS_FOLDER)


def correction(hours: int, *, name: str = "again", tournament: str | None = None, smoke: Scenario) -> Fault:
    key = tournament or smoke.contests[0].tournament
    expect = Expectation(runbook="score_discrepancy")
    return fault("provider_correction", id=name, tournament=key, delay_hours=hours, expect=expect)


def problems(smoke: Scenario, *faults: Fault, days: int = 4) -> list[str]:
    changed = smoke.model_copy(update={"faults": faults, "days": days})
    return [broken.problem for broken in broken_fault_rules(changed, runbooks=NAMES)]


def test_one_in_the_day_after_the_settlement_is_taken(smoke: Scenario) -> None:
    assert problems(smoke, correction(4, smoke=smoke)) == []
    assert problems(smoke, correction(22, smoke=smoke)) == []


@pytest.mark.parametrize("hours", [1, 23])
def test_one_before_the_settlement_or_when_nobody_asks_any_more_is_refused(smoke: Scenario, hours: int) -> None:
    (problem,) = problems(smoke, correction(hours, smoke=smoke))
    assert "sure to be settled by" in problem


def test_one_that_leaves_no_time_for_an_answer_is_refused(smoke: Scenario) -> None:
    (problem,) = problems(smoke, correction(22, smoke=smoke), days=2)
    assert "too late before the end" in problem


def test_one_while_other_troubles_may_delay_the_settlement_is_refused(smoke: Scenario) -> None:
    key = smoke.contests[0].tournament
    late = fault(
        "provider_incomplete_final",
        id="card",
        tournament=key,
        minutes=240,
        expect=Expectation(runbook="settlement_failed_mid_run"),
    )
    assert any("sure to be settled by" in problem for problem in problems(smoke, late, correction(5, smoke=smoke)))
    assert problems(smoke, late, correction(7, smoke=smoke)) == []


def test_a_card_that_was_on_the_board_a_day_before_is_not_missing_from_the_final_one(smoke: Scenario) -> None:
    key = smoke.contests[0].tournament
    expect = Expectation(runbook="settlement_failed_mid_run")
    late = fault("provider_incomplete_final", id="card", tournament=key, minutes=60, expect=expect)
    shortened = smoke.tournaments[key].model_copy(update={"rounds_held": 3})
    rained = smoke.model_copy(update={"tournaments": {**smoke.tournaments, key: shortened}})
    assert problems(smoke, late) == []
    (problem,) = problems(rained, late)
    assert "takes a card of round 3" in problem


def test_a_second_one_and_one_that_nobody_follows_are_refused(smoke: Scenario) -> None:
    (problem,) = problems(smoke, correction(4, smoke=smoke), correction(5, name="once-more", smoke=smoke))
    assert "already" in problem
    final = smoke.tournaments[smoke.contests[0].tournament]
    lonely = smoke.model_copy(
        update={
            "tournaments": {**smoke.tournaments, "lonely": final},
            "faults": (correction(4, tournament="lonely", smoke=smoke),),
            "days": 4,
        }
    )
    found = [broken.problem for broken in broken_fault_rules(lonely, runbooks=NAMES)]
    assert ["no contest with a paying entrant" in problem for problem in found] == [True]
    assert lonely.end - smoke.start == timedelta(days=4)
