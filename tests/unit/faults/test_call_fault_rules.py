"""Partial trouble at Stripe is refused where an attempt, a runbook or the night's comparison would fail by it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simulation.paths import RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.scenario.faults.expectation import SELF_HEALS, Expectation
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import broken_fault_rules
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario
from tests.unit.faults.kinds import fault

PARTIAL = ("stripe_slow", "stripe_flaky", "stripe_rate_limited")


@pytest.fixture(scope="module")
def trouble() -> Scenario:
    return load_scenario(SCENARIOS_FOLDER / "partial_trouble_6d.yaml", runbooks=RUNBOOKS_FOLDER)


def at_payout(trouble: Scenario, kind: str, *, minutes: int = 75, before: float = 10, **fields: Any) -> Fault:
    final = trouble.tournaments["two_day_masters"].final_board_at
    return fault(kind, at=final - timedelta(minutes=before), minutes=minutes, expect=SELF_HEALS, **fields)


def problems(trouble: Scenario, *faults: Fault) -> list[str]:
    changed = trouble.model_copy(update={"faults": faults})
    return [broken.problem for broken in broken_fault_rules(changed, usual_platform=True)]


@pytest.mark.parametrize("kind", PARTIAL)
def test_one_at_a_payout_is_taken_and_one_after_it_is_not(trouble: Scenario, kind: str) -> None:
    assert problems(trouble, at_payout(trouble, kind)) == []
    (problem,) = problems(trouble, at_payout(trouble, kind, before=-60))
    assert "no prize is sure to be due" in problem


@pytest.mark.parametrize(("kind", "refused"), [("stripe_slow", False), ("stripe_flaky", True)])
def test_a_runbook_at_the_same_time_goes_with_slow_answers_only(trouble: Scenario, kind: str, refused: bool) -> None:
    closed = Expectation(runbook="destination_account_invalid", terminal="DESTINATION_ACCOUNT_INVALID")
    rival = fault("destination_invalid", id="closed", contest="early_birds", nth=1, expect=closed)
    found = problems(trouble, rival, at_payout(trouble, kind))
    assert ["may fail a call" in problem for problem in found] == [True] * refused


@pytest.mark.parametrize("kind", ["stripe_flaky", "stripe_rate_limited"])
def test_what_may_fail_the_comparison_of_the_books_is_refused(trouble: Scenario, kind: str) -> None:
    found = problems(trouble, at_payout(trouble, kind, minutes=700))
    assert any("on at 02:00" in problem for problem in found)


def test_a_share_of_definite_refusals_is_refused(trouble: Scenario) -> None:
    (problem,) = problems(trouble, at_payout(trouble, "stripe_flaky", status=400))
    assert "no use to try again" in problem


def test_a_key_is_rolled_once(trouble: Scenario) -> None:
    (first,) = (one for one in trouble.faults if one.kind == "api_key_rolled")
    again = first.model_copy(update={"id": "again", "at": at_payout(trouble, "stripe_slow").at})  # type: ignore[attr-defined]
    assert any("both roll the key" in problem for problem in problems(trouble, first, again))
