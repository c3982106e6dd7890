"""Faults that together are more than a platform survives, or of which one hides the other, are refused with words."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from simulation.errors import UsageError
from simulation.faults.swarm import swarm
from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.needs import MET_INSIDE
from simulation.scenario.faults.registry import broken_fault_rules
from simulation.scenario.faults.transfers import TransferFault
from simulation.scenario.faults.victims import prompt_payers, sure_payments
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario
from tests.unit.faults.kinds import fault

SMOKE = load_scenario(SCENARIOS_FOLDER / "smoke_2d.yaml")
CALM = SMOKE.model_copy(update={"faults": ()})
(CONTEST,) = CALM.contests
FINAL = CALM.tournaments[CONTEST.tournament].final_board_at
SELF_HEALS = {"self_heals": True}
SHORTAGE, LOCKED_OUT = {"runbook": "database_connection_failure"}, {"runbook": "authentication_service_unavailable"}


def after(**of_start: float) -> datetime:
    return SMOKE.start + timedelta(**of_start)


def full(at: datetime, minutes: int = 60) -> Fault:
    return fault("database_connections_exhausted", id="full", at=at, minutes=minutes, expect=SHORTAGE)


def killed(at: datetime = SMOKE.start, transaction: str = "lifecycle_reconciler", nth: int = 1, **of: Any) -> Fault:
    return fault(
        "platform_killed_before_statement",
        **{"id": "kill", "expect": SELF_HEALS, **of, "at": at, "transaction": transaction, "nth": nth},
    )


def with_faults(*faults: Fault) -> Scenario:
    return CALM.model_copy(update={"faults": faults})


def problems(*faults: Fault, usual_platform: bool = True) -> list[str]:
    rules = broken_fault_rules(with_faults(*faults), usual_platform=usual_platform)
    return [f"{'.'.join(map(str, rule.path))}: {rule.problem}" for rule in rules]


@pytest.mark.parametrize("order", [1, -1])
def test_a_kill_that_may_come_while_no_connection_is_granted_is_refused(order: int) -> None:
    """The first of the reconciler's transactions is sure to have come with the lock only."""
    before_the_lock = full(CONTEST.lock - timedelta(hours=2))

    (problem,) = problems(*(before_the_lock, killed())[::order])

    assert problem.startswith("faults.1.at: ")
    assert "kill kills the platform between" in problem
    assert "it cannot start again" in problem
    assert not problems(before_the_lock, killed(), usual_platform=False)


def test_a_kill_that_is_sure_to_be_over_by_then_or_to_come_later_is_not() -> None:
    a_while_later = full(CONTEST.lock + timedelta(hours=1))

    assert not problems(a_while_later, killed())
    assert not problems(a_while_later, killed(FINAL - timedelta(hours=1), "settlement"))
    assert problems(a_while_later, killed(nth=3))


def test_what_keeps_a_transaction_back_counts() -> None:
    """The row is held until an hour after the lock, and with it the transaction with which the platform is killed."""
    held = fault(
        "contest_row_held", id="held", contest=CONTEST.key, minutes=60, expect={"runbook": "contest_lock_failed"}
    )
    soon = full(CONTEST.lock + timedelta(minutes=40))

    assert not problems(soon, killed())
    assert any("kill kills the platform" in problem for problem in problems(held, soon, killed()))


def test_a_lock_that_a_held_row_fails_must_not_fail_for_another_cause_meanwhile() -> None:
    """Seed 2 of several on smoke_2d: the runbook read the deadlock, and called people."""
    held = fault(
        "contest_row_held", id="held", contest=CONTEST.key, minutes=180, expect={"runbook": "contest_lock_failed"}
    )

    def deadlock(at: datetime) -> Fault:
        return fault("deadlock_detected", at=at, transaction="lifecycle_reconciler", expect=SELF_HEALS)

    (problem,) = problems(held, deadlock(SMOKE.start))

    assert "fail the same lock for another cause" in problem
    assert not problems(held, deadlock(FINAL - timedelta(hours=1)))
    assert not problems(held, killed())


def test_of_two_that_may_count_to_one_transaction_the_later_is_refused() -> None:
    first = killed(nth=2)
    between = killed(CONTEST.lock, id="between")

    (problem,) = problems(first, between)

    assert "fault between may come to the transaction of kill" in problem
    assert not problems(killed(), killed(CONTEST.start + timedelta(hours=1), id="later"))


def test_a_fault_that_may_outlast_the_run_is_refused() -> None:
    late = fault("webhook_delayed", contest=CONTEST.key, delay_hours=60, expect={"runbook": "payment_webhook_missing"})

    assert any("the run ends" in problem for problem in problems(late, usual_platform=False))


def test_a_second_outage_of_the_identity_service_is_refused() -> None:
    first, second = (
        fault("authentication_outage", id=name, at=after(hours=hours), minutes=60, expect=LOCKED_OUT)
        for name, hours in (("one", 10), ("two", 20))
    )

    assert not problems(first)
    (problem,) = problems(first, second)
    assert "fails over to the replica's key" in problem


def test_two_of_a_kind_are_refused_where_one_alert_would_stand_for_both() -> None:
    scenario = load_scenario(SCENARIOS_FOLDER / "founder_absence_14d.yaml").model_copy(update={"faults": ()})

    def found(hours: int) -> list[str]:
        two = [
            fault(
                "database_connections_exhausted",
                id=f"full-{number}",
                at=scenario.start + timedelta(hours=50 + number * hours),
                minutes=60,
                expect=SHORTAGE,
            )
            for number in range(2)
        ]
        rules = broken_fault_rules(scenario.model_copy(update={"faults": tuple(two)}), usual_platform=True)
        return [rule.problem for rule in rules]

    assert any("one alert and one runbook" in problem for problem in found(3))
    assert not found(8)


def test_a_storm_of_deliveries_beside_a_payment_that_is_missing_is_refused() -> None:
    lost = fault("webhook_lost", id="lost", contest=CONTEST.key, nth=1, expect={"runbook": "payment_webhook_missing"})
    twice = [
        fault("webhook_reset", id=f"again-{nth}", contest=CONTEST.key, nth=nth, times=2, expect=SELF_HEALS)
        for nth in (2, 3)
    ]

    assert not problems(lost, twice[0])
    (problem,) = problems(lost, *twice)
    assert "again-2, again-3" in problem


def test_two_faults_of_one_feed_do_not_come_at_once() -> None:
    at = after(hours=17, minutes=15)
    outage = fault("provider_outage", id="out", tournament=CONTEST.tournament, at=at, minutes=25, expect=SELF_HEALS)

    def beside(minutes: int) -> list[str]:
        when = at + timedelta(minutes=minutes)
        bad = fault("provider_malformed", id="bad", tournament=CONTEST.tournament, at=when, expect=SELF_HEALS)
        return problems(outage, bad, usual_platform=False)

    assert any("polls of two_day_masters" in problem for problem in beside(10))
    assert not beside(120)


def gone(nth: int) -> Fault:
    ending = {"terminal": "DESTINATION_ACCOUNT_INVALID", "runbook": "destination_account_invalid"}
    return fault("destination_invalid", id=f"gone-{nth}", contest=CONTEST.key, nth=nth, expect=ending)


def test_not_every_prize_is_given_up() -> None:
    assert not problems(gone(1))
    (problem,) = problems(gone(1), gone(2), usual_platform=False)
    assert "no payout to judge" in problem


def test_a_contest_that_costs_nothing_needs_no_prize() -> None:
    free = CONTEST.model_copy(update={"entry_fee_cents": 0, "late_payers": 0, "double_payers": 0, "non_payers": 0})

    assert not list(broken_fault_rules(CALM.model_copy(update={"contests": (free,)}), usual_platform=True))


def test_the_loader_names_line_and_remedy(tmp_path) -> None:
    file = tmp_path / "scenario.yaml"
    file.write_text(with_faults(full(CONTEST.lock - timedelta(hours=2)), killed()).to_yaml(), encoding="utf-8")
    lines = file.read_text(encoding="utf-8").splitlines()

    with pytest.raises(UsageError) as refused:
        load_scenario(file)

    place = str(refused.value).split(": ", 1)[0]
    assert lines[int(place.rpartition(":")[2]) - 1].strip().startswith("at:")
    assert "remedy: move one of them" in str(refused.value)


def test_a_swarm_draws_nothing_that_does_not_go_together() -> None:
    """Of the smoke scenario's two sure prizes every other seed used to give both up."""
    for seed in range(1, 31):
        drawn = swarm(SMOKE, seed, met=MET_INSIDE)

        assert not list(broken_fault_rules(drawn, usual_platform=True)), seed
        assert sum(isinstance(one, TransferFault) and one.given_up for one in drawn.faults) <= 1, seed


def test_a_payment_that_may_never_come_is_not_counted_on() -> None:
    """The last payment that a contest is sure to have is nobody's victim where another one may come late or never."""
    last = sure_payments(CONTEST)
    lost = [
        fault("webhook_duplicated", id="twice", contest=CONTEST.key, nth=nth, expect=SELF_HEALS)
        for nth in (last, last - 1)
    ]
    slow = fault("payment_slow", id="slow", contest=CONTEST.key, nth=1, delay_hours=5, expect=SELF_HEALS)

    assert problems(lost[0]) == problems(slow) == problems(lost[1], slow) == []
    for order in ((lost[0], slow), (slow, lost[0])):
        (problem,) = problems(*order)
        assert problem.startswith(f"faults.1.nth: fault {order[1].id} leaves twice without its victim: ")


def test_a_contest_keeps_people_who_pay_in_good_time() -> None:
    nth = prompt_payers(CONTEST) + 1
    (problem,) = problems(fault("payment_abandoned", id="left", contest=CONTEST.key, nth=nth, expect=SELF_HEALS))
    assert problem.startswith(f"faults.0.nth: fault left waits for prompt payer {nth} of {CONTEST.key}")
