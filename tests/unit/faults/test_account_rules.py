"""What Stripe does to winners' accounts before payday is refused where nobody is paid, or what is due cannot wait."""

from __future__ import annotations

import pytest

from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import KINDS, broken_fault_rules
from simulation.scenario.file import load_scenario
from tests.unit.faults.kinds import fault

PLAIN = load_scenario(SCENARIOS_FOLDER / "accounts_6d.yaml").model_copy(update={"faults": ()})
FINAL = PLAIN.tournaments["two_day_masters"].final_board_at
BOTH = ("accounts_paused", "accounts_restricted")


def problems(*faults: Fault) -> list[str]:
    changed = PLAIN.model_copy(update={"faults": faults})
    return [broken.problem for broken in broken_fault_rules(changed, usual_platform=True)]


def of_accounts(kind: str, hours: int, *, id: str = "mine", contest: str = "duel") -> Fault:
    return fault(kind, id=id, contest=contest, delay_hours=hours, expect=KINDS[kind].expects)


@pytest.mark.parametrize("kind", BOTH)
def test_accounts_that_are_in_order_again_in_time_are_taken(kind: str) -> None:
    assert problems(of_accounts(kind, 7)) == []


def test_transfers_wait_for_eight_hours_only() -> None:
    (problem,) = problems(of_accounts("accounts_restricted", 8))
    assert "a transfer waits for 8 hours for its account" in problem
    assert problems(of_accounts("accounts_paused", 8)) == []


@pytest.mark.parametrize("kind", BOTH)
def test_a_contest_has_one_of_a_kind(kind: str) -> None:
    (problem,) = problems(of_accounts(kind, 3, id="first"), of_accounts(kind, 3))
    assert problem == "fault first meets the accounts of the entrants of duel already"


@pytest.mark.parametrize("kind", BOTH)
def test_a_contest_without_prizes_has_no_winners(kind: str) -> None:
    free = tuple(contest.model_copy(update={"entry_fee_cents": 0}) for contest in PLAIN.contests)
    changed = PLAIN.model_copy(update={"contests": free, "faults": (of_accounts(kind, 3),)})
    (problem,) = [broken.problem for broken in broken_fault_rules(changed)]
    assert "which is sure to have none" in problem


@pytest.mark.parametrize("kind", BOTH)
def test_what_is_over_too_late_is_refused(kind: str) -> None:
    found = problems(of_accounts(kind, 120))
    assert any("too late before the end" in problem for problem in found)


def test_no_outage_holds_up_what_waits_for_accounts() -> None:
    outage = fault("stripe_outage", id="outage", at=FINAL, minutes=60, expect=KINDS["stripe_outage"].expects)
    assert any(
        "no runbook waits for both" in problem for problem in problems(outage, of_accounts("accounts_restricted", 3))
    )
