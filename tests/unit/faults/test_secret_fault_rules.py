"""A rolled signing secret is refused where nobody is sure to pay, or where another fault is about the same."""

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
def quiet() -> Scenario:
    """One contest of the quiet run, alone."""
    loaded = load_scenario(find_scenario("quiet_14d"), runbooks=RUNBOOKS_FOLDER)
    contest = next(contest for contest in loaded.contests if contest.entry_fee_cents)
    return loaded.model_copy(update={"contests": (contest.model_copy(update={"late_joiners": 0}),), "faults": ()})


def rolled(quiet: Scenario, *, name: str = "rolled", **after_creation: float) -> Fault:
    at = quiet.contests[0].created + timedelta(**after_creation)
    return fault("signing_secret_rolled", id=name, at=at, expect=Expectation(runbook="webhook_signature_failure"))


def problems(quiet: Scenario, *faults: Fault) -> list[str]:
    changed = quiet.model_copy(update={"faults": faults})
    return [broken.problem for broken in broken_fault_rules(changed, runbooks=NAMES)]


def test_one_before_a_contest_is_created_is_taken(quiet: Scenario) -> None:
    assert problems(quiet, rolled(quiet, minutes=-10)) == []


def test_one_after_which_nobody_is_sure_to_pay_is_refused(quiet: Scenario) -> None:
    (problem,) = problems(quiet, rolled(quiet, minutes=10))
    assert "nobody is sure to pay" in problem


def test_late_joiners_are_sure_to_pay_before_the_lock(quiet: Scenario) -> None:
    late = quiet.model_copy(update={"contests": (quiet.contests[0].model_copy(update={"late_joiners": 1}),)})
    assert problems(late, rolled(late, minutes=10)) == []


@pytest.mark.parametrize("kind", ["webhook_lost", "refund_requested"])
def test_one_beside_a_fault_of_the_same_payments_is_refused(quiet: Scenario, kind: str) -> None:
    runbook = "payment_webhook_missing" if kind == "webhook_lost" else "refund_request"
    rival = fault(kind, id="rival", contest=quiet.contests[0].key, expect=Expectation(runbook=runbook))
    assert any("rolled and rival" in problem for problem in problems(quiet, rival, rolled(quiet, minutes=-10)))


def test_a_second_one_is_refused(quiet: Scenario) -> None:
    found = problems(quiet, rolled(quiet, minutes=-10), rolled(quiet, name="again", minutes=-5))
    assert any("rolled and again" in problem for problem in found)
