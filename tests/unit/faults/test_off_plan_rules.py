"""Contests that are called off: nothing that they never come to can be struck, and one at least is played."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from simulation.errors import UsageError
from simulation.faults.swarm import swarm
from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.contest import Contest
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.needs import MET_INSIDE
from simulation.scenario.faults.registry import broken_fault_rules
from simulation.scenario.faults.victims import called_off, early_payers, played, sure_transfers
from simulation.scenario.file import load_scenario
from simulation.scenario.funds import broken_fund_rules
from simulation.scenario.model import Scenario
from simulation.scenario.rules import broken_rules
from tests.unit.faults.kinds import fault
from tests.unit.test_scenario_file import GOOD, line_of, written

BASE = load_scenario(SCENARIOS_FOLDER / "founder_absence_14d.yaml").model_copy(update={"faults": ()})
SELF_HEALS = {"self_heals": True}
CONTEST = next(contest for contest in BASE.contests if contest.key == "weekend_classic")
OFF = fault("contest_called_off", id="off", contest=CONTEST.key, minutes_before=20, expect=SELF_HEALS)


def problems(*faults: Fault, scenario: Scenario = BASE) -> list[str]:
    rules = broken_fault_rules(scenario.model_copy(update={"faults": faults}), usual_platform=True)
    return [f"{'.'.join(map(str, rule.path))}: {rule.problem}" for rule in rules]


def with_contest(**changes: Any) -> Scenario:
    changed = CONTEST.model_copy(update=changes)
    return BASE.model_copy(update={"contests": tuple(changed if one == CONTEST else one for one in BASE.contests)})


def aimed(kind: str, **fields: Any) -> Fault:
    return fault(kind, **{"id": kind, "contest": CONTEST.key, "expect": SELF_HEALS, **fields})


@pytest.mark.parametrize("order", [1, -1])
def test_a_prize_of_a_contest_that_is_called_off_cannot_be_struck(order: int) -> None:
    told = problems(*(OFF, aimed("transfer_timeout_before"))[::order])
    assert len(told) == 1
    assert "is aimed at a contest that is called off before its lock" in told[0]
    assert not problems(OFF, aimed("transfer_timeout_before", contest="high_roller"))


def test_a_payment_that_comes_before_it_is_called_off_can_be_struck_by_what_heals_by_itself() -> None:
    early = early_payers(CONTEST)
    assert early > 2
    assert not problems(OFF, aimed("webhook_duplicated", nth=early - 1), aimed("payment_slow", nth=1, delay_hours=30))
    assert problems(OFF, aimed("webhook_duplicated", nth=early + 1))
    assert problems(OFF, aimed("chargeback", delay_hours=3, expect={"runbook": "chargeback"}))


def test_what_other_contests_are_sure_to_have_does_not_count_those_that_are_called_off() -> None:
    """Payout transactions of the others are fewer than all."""
    everything = sum(1 + 2 * sure_transfers(one, BASE) for one in BASE.contests)
    kill = fault(
        "platform_killed_before_statement",
        id="kill",
        at=BASE.start,
        transaction="lifecycle_reconciler",
        nth=3 * len(BASE.contests),
        expect=SELF_HEALS,
    )
    assert everything > 0
    assert not problems(kill)
    assert "without the contests that are called off" in problems(kill, OFF)[0]


def test_a_tournament_that_nobody_polls_cannot_be_struck() -> None:
    alone = BASE.model_copy(
        update={
            "contests": tuple(one for one in BASE.contests if one.tournament != CONTEST.tournament or one == CONTEST)
        }
    )
    torn = fault("provider_malformed", id="torn", tournament=CONTEST.tournament, at=CONTEST.start, expect=SELF_HEALS)
    assert "strikes a tournament whose contests are all called off" in problems(OFF, torn, scenario=alone)[0]
    assert not problems(OFF, torn)


def test_one_contest_must_be_played() -> None:
    off = [
        fault("contest_called_off", id=one.key, contest=one.key, minutes_before=20, expect=SELF_HEALS)
        for one in BASE.contests
    ]
    assert "leaves no contest that is played" in " ".join(problems(*off))
    none = BASE.model_copy(
        update={"contests": tuple(one.model_copy(update={"min_entries": one.max_entries}) for one in BASE.contests)}
    )
    assert called_off(none) >= {"weekend_classic", "club_night"}
    empty = none.model_copy(update={"contests": (next(one for one in none.contests if one.key == "club_night"),)})
    assert "every contest is called off" in " ".join(rule.problem for rule in broken_rules(empty, runbooks=frozenset()))


@pytest.mark.parametrize("minutes", [9, 30])
def test_it_is_called_off_shortly_before_the_lock_and_not_too_shortly(minutes: int) -> None:
    assert problems(OFF.model_copy(update={"minutes_before": minutes}))


def test_a_contest_that_too_few_enter_is_called_off_and_one_of_its_faults_refused() -> None:
    few = with_contest(min_entries=CONTEST.entrants + 1)
    assert called_off(few) == {CONTEST.key}
    assert CONTEST.key not in {one.key for one in played(few).contests}
    assert problems(aimed("transfer_timeout_before"), scenario=few)
    assert not called_off(with_contest(min_entries=CONTEST.entrants))


def test_who_leaves_must_leave_enough() -> None:
    leaves = aimed("entrant_leaves")
    assert not problems(leaves)
    told = problems(leaves, scenario=with_contest(min_entries=CONTEST.entrants))
    assert "is cancelled with fewer than" in told[0]


def test_a_guaranteed_pool_must_be_at_stripe_in_time() -> None:
    """And what a contest that is called off takes in goes back, and none of it is a prize."""
    guaranteed = with_contest(guaranteed_pool_cents=10_000_000)
    (rule,) = broken_fund_rules(guaranteed)
    assert rule.path == ("stripe", "opening_balance_cents")
    assert not list(broken_fund_rules(guaranteed.model_copy(update={"faults": (OFF,)})))


def test_prizes_of_a_free_contest_are_sure_where_the_pool_is_guaranteed() -> None:
    free = {"entry_fee_cents": 0, "double_payers": 0, "non_payers": 0, "late_payers": 0}
    assert sure_transfers(*_only(with_contest(**free))) == 0
    assert sure_transfers(*_only(with_contest(**free, guaranteed_pool_cents=50_000))) == 3


def _only(scenario: Scenario) -> tuple[Contest, Scenario]:
    return next(one for one in scenario.contests if one.key == CONTEST.key), scenario


def test_swarms_have_them() -> None:
    kinds = {one.kind for seed in range(60) for one in swarm(BASE, seed, met=MET_INSIDE).faults}
    assert {"contest_called_off", "entrant_leaves"} <= kinds


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"payout_percent": {1: 60.00001, 2: 30}}, "more than four decimals"),
        ({"payout_percent": {1: 60.5, 2: 39.6}}, "adds up to 100.1"),
        ({"guaranteed_pool_cents": -1}, "greater than or equal to 0"),
    ],
)
def test_terms_that_cannot_be_are_refused(changes: dict[str, Any], problem: str) -> None:
    with pytest.raises((UsageError, ValueError), match=problem):
        Contest.model_validate({**CONTEST.model_dump(), **changes})


def test_shares_keep_their_decimals_and_what_is_not_said_is_not_written() -> None:
    share = Contest.model_validate({**CONTEST.model_dump(), "payout_percent": {1: 33.3333, 2: 12}})
    assert share.payout_percent == {1: 33.3333, 2: 12}
    assert type(share.payout_percent[2]) is int
    written = set(share.model_dump())
    assert not written & {"guaranteed_pool_cents", "min_entries", "same_rosters"}
    promised = Contest.model_validate({**CONTEST.model_dump(), "guaranteed_pool_cents": 5})
    assert promised.model_dump()["guaranteed_pool_cents"] == 5


@pytest.mark.parametrize(
    ("wrong", "problem"),
    [("min_entries: 9", "exceeds max_entries 8"), ("same_rosters: 6", "6 choose the same golfers, of 5 entrants")],
)
def test_more_than_there_can_be_is_refused_at_its_line(tmp_path: Path, wrong: str, problem: str) -> None:
    text = GOOD.replace("    entrants: 5\n", f"    entrants: 5\n    {wrong}\n")
    with pytest.raises(UsageError, match=problem) as caught:
        load_scenario(written(tmp_path, text))
    assert caught.value.place.endswith(f":{line_of(text, wrong)}")
