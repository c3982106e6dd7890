"""Faults drawn by seed from the whole catalogue."""

from __future__ import annotations

from typing import get_args

import pytest

from simulation.faults.swarm import KINDS, swarm
from simulation.paths import RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.scenario.faults import INSIDE_KINDS, PROCESS_KINDS, WORLD_NEEDS, FaultKind
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario
from simulation.scenario.rules import broken_rules

RUNBOOKS = frozenset(file.stem for file in RUNBOOKS_FOLDER.glob("*.md"))
SEEDS = range(1, 101)


@pytest.fixture(params=["founder_absence_14d", "quiet_14d", "month_30d"])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return load_scenario(SCENARIOS_FOLDER / f"{request.param}.yaml")


def test_every_kind_of_the_catalogue_can_be_drawn() -> None:
    assert set(KINDS) == set(get_args(FaultKind)) - PROCESS_KINDS, "those would need a target of their own"


def test_kinds_that_kill_are_drawn_for_a_target_in_processes_of_its_own_only(scenario: Scenario) -> None:
    drawn = [swarm(scenario, seed, processes=True) for seed in SEEDS]

    assert {fault.kind for one in drawn for fault in one.faults} == set(KINDS) - INSIDE_KINDS | PROCESS_KINDS
    for one in drawn:
        assert not broken_rules(Scenario.model_validate(one.model_dump()), runbooks=RUNBOOKS)


def test_what_is_drawn_keeps_every_rule_of_a_scenario(scenario: Scenario) -> None:
    for seed in SEEDS:
        drawn = swarm(scenario, seed)
        assert not broken_rules(Scenario.model_validate(drawn.model_dump()), runbooks=RUNBOOKS), seed


def test_equal_seeds_draw_equal_faults_and_others_do_not(scenario: Scenario) -> None:
    assert swarm(scenario, 7) == swarm(scenario, 7)
    assert len({swarm(scenario, seed).model_dump_json() for seed in SEEDS}) > len(SEEDS) * 0.9


def test_every_seed_switches_kinds_off_and_every_kind_comes_up(scenario: Scenario) -> None:
    kinds = [{fault.kind for fault in swarm(scenario, seed).faults} for seed in SEEDS]

    assert set().union(*kinds) == set(KINDS)
    assert all(len(drawn) < len(KINDS) for drawn in kinds)


def test_no_two_faults_strike_the_same_victim(scenario: Scenario) -> None:
    for seed in SEEDS:
        victims = [
            (fault.kind.startswith(("transfer", "destination")), fault.contest, fault.nth)
            for fault in swarm(scenario, seed).faults
            if fault.contest is not None and fault.kind not in WORLD_NEEDS
        ]
        assert len(victims) == len(set(victims)), seed
