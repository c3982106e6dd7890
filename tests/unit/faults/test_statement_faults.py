"""Faults at statements strike the transaction they name, where they say, and once."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from simulation.clock import SimulationClock
from simulation.events import FaultInjected
from simulation.faults.injector import PlannedInjector
from simulation.faults.plan import FaultPlan, load_plan
from simulation.faults.statements import Passing, StatementEffect, StatementFaults
from simulation.faults.subjects import Registry
from simulation.history import Recorder
from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.faults.attempts import contests_in_reach, paid_from
from simulation.scenario.faults.expectation import SELF_HEALS
from simulation.scenario.faults.fault import Beyond, Fault
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.registry import KINDS, broken_fault_rules
from simulation.scenario.faults.statement_fault import JOBS, StatementFault
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario
from simulation.staging.jobs import JOBS as PLATFORM_JOBS
from simulation.targets.statements import operation_of
from tests.unit.faults.kinds import fault

START = datetime(2026, 3, 1, tzinfo=UTC)
SMOKE = load_scenario(SCENARIOS_FOLDER / "smoke_2d.yaml")
FOUR = load_scenario(SCENARIOS_FOLDER / "founder_absence_14d.yaml").model_copy(update={"faults": ()})
OF_STATEMENTS = {name: kind for name, kind in KINDS.items() if issubclass(kind, StatementFault)}


class World:
    def __init__(self, kind: str, **changes: Any) -> None:
        self.clock = SimulationClock(start=START)
        self.recorder = Recorder(clock=self.clock)
        values = {
            "fault_id": "f",
            "kind": kind,
            "expect": SELF_HEALS,
            "starts_at": START,
            "over_by": START,
            "transaction": "settlement",
        }
        plan = FaultPlan(window_start=START, faults=(PlannedFault.model_validate(values | changes),))
        injector = PlannedInjector(plan=plan, recorder=self.recorder, clock=self.clock, registry=Registry())
        self.injector = injector
        self.faults = StatementFaults(plan=plan, injector=injector, now=lambda: self.clock.now)

    def passes(self, at: Any = "statement", **changes: Any) -> StatementEffect | None:
        values: dict[str, Any] = {
            "at": at,
            "operation": "settlement",
            "transaction": 1,
            "statement": 1,
            "sql": "SELECT 1 FOR UPDATE",
            "writes": False,
        }
        return self.faults.on_statement(Passing(**values | changes))


def test_the_statement_with_its_number_is_struck_and_written_down() -> None:
    world = World("serialization_failure", statement=2)

    assert world.passes() is None
    effect = world.passes(statement=2)
    assert effect is not None
    assert (effect.deed, effect.after, effect.sqlstate) == ("error", False, "40001")
    assert world.passes(statement=2, transaction=2) is None, "it strikes once"
    (strike,) = world.recorder.events
    assert isinstance(strike, FaultInjected)
    assert strike.keys == {"transaction": "settlement"}
    assert strike.detail == "error at statement 2 of transaction 1 of settlement: SELECT 1 FOR UPDATE"
    assert world.injector.never_met() == []


def test_transactions_that_do_not_come_so_far_are_not_counted() -> None:
    world = World("deadlock_detected", statement=3, nth=2)

    short = [world.passes(transaction=number, statement=1) for number in (1, 2, 3)]
    assert short == [None] * 3
    assert world.passes(transaction=4, statement=3) is None
    assert world.passes(transaction=5, statement=3) is not None


def test_nobody_else_is_struck_and_nobody_before_its_time() -> None:
    world = World("statement_slow", starts_at=START + timedelta(hours=1), seconds=45)

    assert world.passes(operation="payout_scheduler") is None
    assert world.passes() is None
    world.clock.move_to(START + timedelta(hours=1))
    effect = world.passes(transaction=9)
    assert effect is not None
    assert (effect.deed, effect.fault.seconds) == ("slow", 45)


def test_a_full_disk_strikes_the_first_write_from_its_statement_on() -> None:
    world = World("database_disk_full", statement=2, nth=2)

    assert world.passes(statement=1, writes=True) is None
    assert world.passes(statement=2) is None, "it reads"
    assert world.passes(statement=3, writes=True) is None, "the first of two transactions"
    assert world.passes(statement=4, writes=True) is None, "counted already"
    assert world.passes(statement=3, writes=True, transaction=2) is not None


@pytest.mark.parametrize(
    ("kind", "at"),
    [("commit_lost", "commit"), ("too_many_connections", "connection"), ("commit_answer_lost", "commit")],
)
def test_a_commit_a_connection_and_a_call_are_places_of_their_own(kind: str, at: str) -> None:
    world = World(kind)

    assert world.passes() is None
    assert world.passes(at) is not None


def test_calls_are_counted_one_by_one() -> None:
    world = World("platform_killed_after_call", nth=2)

    assert world.passes("call") is None
    assert world.passes("call") is not None, "of the same transaction"


def test_who_waits_for_nothing_is_not_asked() -> None:
    world = World("serialization_failure")
    assert world.faults.armed
    calm = StatementFaults(plan=FaultPlan(window_start=START), injector=world.injector, now=lambda: START)
    assert not calm.armed


@pytest.mark.parametrize("name", OF_STATEMENTS)
def test_a_stored_plan_names_the_place_again(name: str, tmp_path: Path) -> None:
    given = fault(name, at=START, transaction="POST /api/contests/{id}/join", nth=3, expect={"self_heals": True})
    plan = FaultPlan.from_scenario(SMOKE.model_copy(update={"faults": (given,)}), 1)
    file = tmp_path / "faults.json"
    file.write_text(plan.to_json())

    assert load_plan(file, SMOKE) == plan
    assert plan.faults[0].transaction == "POST /api/contests/{id}/join"
    assert plan.scheduled[0].keys["nth"] == "3"


def test_other_faults_are_written_without_a_place() -> None:
    assert '"transaction"' not in FaultPlan.from_scenario(SMOKE, 1).to_json()


def rules(*faults: Fault) -> list[str]:
    return [rule.problem for rule in broken_fault_rules(SMOKE.model_copy(update={"faults": faults}))]


def test_two_faults_do_not_share_a_transaction() -> None:
    first, second = (
        fault(kind, id=kind, at=START, transaction="settlement", expect={"self_heals": True})
        for kind in ("commit_lost", "serialization_failure")
    )
    assert rules(first, second) == ["fault serialization_failure aims at the transaction of commit_lost: settlement 1"]
    assert rules(first) == []


def test_a_fault_that_begins_too_late_is_refused() -> None:
    late = fault("commit_lost", at=SMOKE.end, transaction="settlement", expect={"self_heals": True})
    assert "leaves too little of it" in rules(late)[0]


@pytest.mark.parametrize("transaction", ["Settlement", "POST", "POST api", "settle ment"])
def test_what_is_neither_job_nor_request_is_refused(transaction: str) -> None:
    with pytest.raises(ValueError, match="transaction"):
        fault("commit_lost", at=START, transaction=transaction, expect={"self_heals": True})


@pytest.mark.parametrize(
    ("path", "operation"),
    [
        ("/api/webhooks/stripe", "POST /api/webhooks/stripe"),
        ("/api/contests/0d9b9c1e-6d0a-4c1f-8f4b-0a1b2c3d4e5f/join", "POST /api/contests/{id}/join"),
        ("/api/users/7", "POST /api/users/{id}"),
    ],
)
def test_a_request_is_named_without_its_ids(path: str, operation: str) -> None:
    assert operation_of("POST", path) == operation


def test_the_jobs_that_can_be_named_are_those_of_the_platform_that_comes_along() -> None:
    assert set(JOBS) == set(PLATFORM_JOBS)


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"transaction": "settlment"}, "the platform has no job 'settlment'"),
        ({"nth": 2}, "transaction 2 of settlement, which is sure to have 1 from"),
        ({"at": SMOKE.end - timedelta(hours=7)}, "which is sure to have 0 from"),
        ({"statement": 11}, "whose transactions are sure to have 10"),
    ],
)
def test_what_may_never_come_is_refused(changes: dict[str, Any], problem: str) -> None:
    given = {"at": START, "transaction": "settlement", "expect": {"self_heals": True}}
    assert problem in rules(fault("serialization_failure", **given | changes))[0]


def test_two_at_once_needs_a_job_that_there_is_and_steps_that_ascend() -> None:
    given = {"at": START, "transaction": "settlement", "expect": {"self_heals": True}}
    assert "no job 'payouts'" in rules(fault("two_at_once", **given, other="payouts"))[0]
    assert "do not ascend" in rules(fault("two_at_once", **given, order="4 2"))[0]
    assert rules(fault("two_at_once", **given, order="0 4 11")) == []


def payouts_broken_off(*, nth: int = 1, contest: str = "weekend_classic", **changes: Any) -> StatementFault:
    """From ten minutes before the contest's final board on."""
    at = FOUR.tournaments[next(c.tournament for c in FOUR.contests if c.key == contest)].final_board_at
    values = {
        "id": f"off-{nth}",
        "at": at - timedelta(minutes=10),
        "transaction": "payout_scheduler",
        "nth": nth,
        "expect": SELF_HEALS,
    }
    made = fault("platform_killed_after_commit", **values | changes)
    assert isinstance(made, StatementFault)
    return made


def transfer_error(contest: str, times: int = 2) -> Fault:
    return fault("transfer_error", id=f"error-{contest}", contest=contest, nth=1, times=times, expect=SELF_HEALS)


@pytest.mark.parametrize("order", [1, -1])
def test_no_attempt_is_broken_off_of_a_transfer_that_has_few_left(order: int) -> None:
    faults = (payouts_broken_off(), transfer_error("weekend_classic"))[::order]
    problems = [rule.problem for rule in broken_fault_rules(_with(faults))]
    assert problems == [
        "fault off-1 may break off an attempt at a transfer which error-weekend_classic strikes, too: it may have none "
        "left"
    ]


@pytest.mark.parametrize(
    "faults",
    [
        (payouts_broken_off(), transfer_error("club_night")),
        (payouts_broken_off(), payouts_broken_off(nth=2, contest="club_night")),
        (payouts_broken_off(transaction="settlement"), transfer_error("weekend_classic")),
        (
            payouts_broken_off(),
            fault("destination_invalid", id="gone", contest="club_night", nth=1, expect=SELF_HEALS),
        ),
    ],
    ids=["of another contest", "two, of two contests", "another job's", "of one given up in another contest"],
)
def test_attempts_of_others_may_be_broken_off(faults: tuple[Fault, ...]) -> None:
    assert not list(broken_fault_rules(_with(faults)))


@pytest.mark.parametrize("order", [1, -1])
def test_a_refusal_is_not_kept_from_being_written_down(order: int) -> None:
    """The platform would not know of it, and ask once more."""
    gone = fault("destination_invalid", id="gone", contest="weekend_classic", nth=1, expect=SELF_HEALS)
    problems = [rule.problem for rule in broken_fault_rules(_with((payouts_broken_off(), gone)[::order]))]

    assert problems == [
        "fault off-1 may keep the platform from writing down the refusal of gone, which it then does not know"
    ]


def test_no_transaction_of_payouts_is_waited_for_whose_timer_is_stopped() -> None:
    struck = payouts_broken_off()
    stopped = fault("payout_timer_stopped", id="stopped", at=struck.at, minutes=120, expect=SELF_HEALS)
    (problem,) = [rule.problem for rule in broken_fault_rules(_with((struck, stopped)))]

    assert "whose timer stopped stops" in problem


def test_attempts_are_broken_off_once_for_each_contest() -> None:
    twice = (payouts_broken_off(), payouts_broken_off(nth=5))
    assert any("off-5 may break off" in rule.problem for rule in broken_fault_rules(_with(twice)))


def test_a_number_may_be_that_of_any_contest_until_as_many_are_sure_to_have_come() -> None:
    everybody = frozenset(contest.key for contest in FOUR.contests)
    paid = {contest.key: paid_from(contest, FOUR) for contest in FOUR.contests}
    first = min(paid.values())
    at_first = {key for key, moment in paid.items() if moment == first}
    assert at_first < everybody
    assert contests_in_reach(FOUR, FOUR.start, 1) == at_first
    assert contests_in_reach(FOUR, FOUR.start, 1_000) == everybody
    assert contests_in_reach(FOUR, FOUR.end, 1) == frozenset()


def test_faults_of_one_transfer_use_up_its_attempts_together() -> None:
    reset = fault("transfer_reset", id="reset", contest="club_night", nth=1, times=1, expect=SELF_HEALS)
    with_both = _with((transfer_error("club_night", times=2), reset))
    assert isinstance(reset.ending(with_both), Beyond)
    assert reset.ending(_with((reset,))) == SELF_HEALS
    once_more = _with((transfer_error("club_night", times=1), reset))
    assert str(reset.ending(once_more)) == "runbook payout_transfer_stuck_in_retryable"


def _with(faults: tuple[Fault, ...]) -> Scenario:
    return FOUR.model_copy(update={"faults": faults})
