"""Faults drawn by seed from the whole catalogue."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from functools import cache

import pytest

from simulation.faults import swarm as drawing
from simulation.paths import RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.scenario.faults.needs import MET_INSIDE, USUAL_RULES, Need, met_by_processes
from simulation.scenario.faults.payments import PaymentFault
from simulation.scenario.faults.registry import KINDS, drawn_kinds
from simulation.scenario.faults.statement_fault import StatementFault
from simulation.scenario.faults.transfers import TransferFault
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario
from simulation.scenario.rules import broken_rules

RUNBOOKS = frozenset(file.stem for file in RUNBOOKS_FOLDER.glob("*.md"))
SEEDS = range(1, 101)
PROCESSES = met_by_processes(["scores"], key_file=True, standby=True)
CONDITIONS = {
    *("cancelled", "moved_days", "rounds_held", "second_cut", "suspended_round", "playoff_holes"),
    *("alternates", "disqualified", "withdrawals", "renamed", "namesakes"),
}
NEEDS_DAYS = frozenset({"webhook_endpoint_disabled"})
"""Needs four days without another fault of payments: a swarm of a month leaves them now and then."""


@cache
def _drawn(name: str, seed: int, met: frozenset[Need]) -> Scenario:
    return drawing.swarm(load_scenario(SCENARIOS_FOLDER / f"{name}.yaml"), seed, met=met)


def swarm(scenario: Scenario, seed: int, *, met: Collection[Need]) -> Scenario:
    """What the seed draws for a stored scenario; drawn once for all tests, since a draw tries every rule many times."""
    return _drawn(scenario.name, seed, frozenset(met))


def names(met: Collection[Need]) -> set[str]:
    return {kind.name() for kind in drawn_kinds(met)}


@pytest.fixture(params=["founder_absence_14d", "quiet_14d", "month_30d"])
def scenario(request: pytest.FixtureRequest) -> Scenario:
    return load_scenario(SCENARIOS_FOLDER / f"{request.param}.yaml")


def coming_up(scenario: Scenario, met: Collection[Need]) -> set[str]:
    """The kinds that a hundred seeds are sure to draw."""
    return names(met) - (NEEDS_DAYS if scenario.days < 30 else frozenset())


def test_every_kind_can_be_drawn_for_one_target_or_another() -> None:
    assert names(MET_INSIDE) | names(PROCESSES) == set(KINDS)
    assert names(PROCESSES) - names(MET_INSIDE) == {"transfer_then_killed", "webhook_then_killed", "backend_killed"}
    at_statements = {name for name, kind in KINDS.items() if issubclass(kind, StatementFault)}
    assert names(MET_INSIDE) - names(PROCESSES) == {"payout_timer_stopped"} | at_statements


def test_a_target_that_does_not_say_where_scores_are_loses_none(scenario: Scenario) -> None:
    drawn = {
        fault.kind
        for seed in SEEDS
        for fault in swarm(scenario, seed, met=met_by_processes([], key_file=True, standby=True)).faults
    }
    assert coming_up(scenario, PROCESSES) - drawn == {"contest_rows_lost"}


def test_kinds_that_kill_are_drawn_for_a_target_in_processes_of_its_own_only(scenario: Scenario) -> None:
    drawn = [swarm(scenario, seed, met=PROCESSES) for seed in SEEDS]

    assert {fault.kind for one in drawn for fault in one.faults} == coming_up(scenario, PROCESSES)
    for one in drawn:
        assert not broken_rules(Scenario.model_validate(one.model_dump()), runbooks=RUNBOOKS)


def test_what_is_drawn_keeps_every_rule_of_a_scenario(scenario: Scenario) -> None:
    for seed in SEEDS:
        drawn = swarm(scenario, seed, met=MET_INSIDE)
        assert not broken_rules(Scenario.model_validate(drawn.model_dump()), runbooks=RUNBOOKS), seed


def test_equal_seeds_draw_equal_faults_and_others_do_not(scenario: Scenario) -> None:
    assert drawing.swarm(scenario, 7, met=MET_INSIDE) == drawing.swarm(scenario, 7, met=MET_INSIDE)
    assert len({swarm(scenario, seed, met=MET_INSIDE).model_dump_json() for seed in SEEDS}) > len(SEEDS) * 0.9


def test_every_seed_switches_kinds_off_and_every_kind_comes_up(scenario: Scenario) -> None:
    kinds = [{fault.kind for fault in swarm(scenario, seed, met=MET_INSIDE).faults} for seed in SEEDS]

    assert set().union(*kinds) == coming_up(scenario, MET_INSIDE)
    assert all(len(drawn) < len(names(MET_INSIDE)) for drawn in kinds)


def test_no_two_faults_strike_the_same_victim(scenario: Scenario) -> None:
    for seed in SEEDS:
        victims = [
            (isinstance(fault, TransferFault), fault.contest, fault.nth)
            for fault in swarm(scenario, seed, met=MET_INSIDE).faults
            if isinstance(fault, TransferFault | PaymentFault)
        ]
        assert len(victims) == len(set(victims)), seed


def test_conditions_of_tournaments_come_up_and_leave_every_fault_its_own() -> None:
    calm = load_scenario(SCENARIOS_FOLDER / "month_30d.yaml")
    found: Counter[str] = Counter()
    for seed in SEEDS:
        drawn = swarm(calm, seed, met=MET_INSIDE)
        assert not broken_rules(drawn, runbooks=RUNBOOKS), seed
        changed = {
            name
            for key, tournament in drawn.tournaments.items()
            for name, value in tournament
            if value != getattr(calm.tournaments[key], name)
        }
        found.update(changed)
        if "cancelled" not in changed:
            assert drawn.faults == swarm(calm, seed, met=MET_INSIDE - {USUAL_RULES}).faults, seed
    assert set(found) == CONDITIONS
    assert max(found.values()) < len(SEEDS), "each seed switches conditions off"


def test_a_target_with_rules_of_its_own_has_tournaments_as_planned(scenario: Scenario) -> None:
    for seed in SEEDS:
        assert swarm(scenario, seed, met=PROCESSES).tournaments == scenario.tournaments
