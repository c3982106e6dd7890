"""What a campaign draws depends on scenario, seed and way alone, and keeps every rule of a scenario."""

from __future__ import annotations

from collections import Counter
from datetime import timedelta

import pytest

from simulation.faults.conditions import fits
from simulation.paths import SCENARIOS_FOLDER
from simulation.proof.campaign.covering import PHASES, covering_array, phase_at
from simulation.proof.campaign.draws import WAYS, Way, drawn
from simulation.scenario.faults.fault import VictimFault
from simulation.scenario.faults.needs import MET_INSIDE
from simulation.scenario.faults.registry import drawn_kinds
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario

SMOKE = load_scenario(SCENARIOS_FOLDER / "smoke_2d.yaml")
CALM = SMOKE.model_copy(update={"faults": ()})
KINDS = drawn_kinds(MET_INSIDE)
_FURTHER: tuple[Way, ...] = ("several", "meeting", "covering")


def _drawn(seed: int, way: Way) -> Scenario:
    return drawn(SMOKE, seed, way, met=MET_INSIDE)


@pytest.mark.parametrize("way", WAYS)
def test_a_seed_draws_the_same_again_and_another_seed_something_else(way: Way) -> None:
    assert _drawn(3, way) == _drawn(3, way)
    assert _drawn(3, way).faults != _drawn(4, way).faults


@pytest.mark.parametrize("way", _FURTHER)
def test_what_is_drawn_keeps_the_rules_and_loads_as_a_file(way: Way, tmp_path) -> None:
    for seed in range(1, 5):
        scenario = _drawn(seed, way)
        file = tmp_path / f"{seed}.yaml"
        file.write_text(scenario.to_yaml(), encoding="utf-8")

        assert scenario.faults
        assert fits(scenario)
        assert load_scenario(file).faults == scenario.faults


def test_several_has_more_than_one_of_a_kind_and_more_than_the_usual_strength() -> None:
    faults = [fault for seed in range(1, 9) for fault in _drawn(seed, "several").faults]
    of_a_kind = max(
        max(Counter(fault.kind for fault in _drawn(seed, "several").faults).values()) for seed in range(1, 9)
    )

    assert 2 <= of_a_kind <= 3
    assert max(getattr(fault, "times", 1) for fault in faults) > 2


def test_faults_that_meet_have_one_contest_and_victims_of_one_number() -> None:
    for seed in range(1, 5):
        faults = [fault for fault in _drawn(seed, "meeting").faults if isinstance(fault, VictimFault)]
        contests = {fault.contest for fault in faults}
        payments = {fault.nth for fault in faults if fault.victim == "payment"}

        assert len(faults) >= 2
        assert len(contests) == 1
        assert len(payments) <= 1


def test_the_array_has_every_pair_that_there_can_be() -> None:
    """Pairs are taken from all rows of another array, which has them all, too."""
    rows, others = (_rows(salt) for salt in ("0", "1"))

    assert _pairs(rows) == _pairs(others)
    assert {row[0] for row in rows} >= {"webhook_lost", "transfer_error", "provider_outage", "database_restarted"}
    assert {row[1] for row in rows} == set(PHASES)
    assert len(rows) < 3 * len({row[0] for row in rows}) * 2


def _rows(salt: str) -> list[tuple[str, str, str]]:
    array = covering_array(CALM, KINDS, fits, salt=salt)
    return [(kind.name(), str(aim.phase), f"{aim.contest}:{aim.victim}") for aim, kind in array]


def _pairs(rows: list[tuple[str, str, str]]) -> set[tuple[str, str]]:
    return {(row[one], row[other]) for row in rows for one, other in ((0, 1), (0, 2), (1, 2))}


def test_a_phase_is_told_by_the_contests_times() -> None:
    (contest,) = CALM.contests
    final = CALM.tournaments[contest.tournament].final_board_at

    assert phase_at(contest.created, contest, CALM) == "joining"
    assert phase_at(contest.lock, contest, CALM) == "locked"
    assert phase_at(contest.start, contest, CALM) == "playing"
    assert phase_at(final, contest, CALM) == "paying"
    assert phase_at(final + timedelta(hours=12), contest, CALM) is None
    assert phase_at(contest.created - timedelta(seconds=1), contest, CALM) is None
