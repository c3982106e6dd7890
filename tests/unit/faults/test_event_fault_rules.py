"""Faults of events are refused where no event is sure to meet them, or where a payment would be seen missing."""

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

STORM, ROLLED = Expectation(runbook="duplicate_payment_webhook"), Expectation(runbook="webhook_signature_failure")


@pytest.fixture(scope="module")
def order() -> Scenario:
    """Two contests that people pay for on day 0 and on day 3."""
    return load_scenario(SCENARIOS_FOLDER / "event_order_6d.yaml", runbooks=RUNBOOKS_FOLDER)


def window(order: Scenario, kind: str, *, minutes: int = 600, after: float = -10, **fields: Any) -> Fault:
    at = order.contests[0].created + timedelta(minutes=after)
    return fault(kind, at=at, minutes=minutes, expect=SELF_HEALS, **fields)


def problems(order: Scenario, *faults: Fault) -> list[str]:
    changed = order.model_copy(update={"faults": faults})
    return [broken.problem for broken in broken_fault_rules(changed, usual_platform=True)]


@pytest.mark.parametrize(
    ("kind", "fields"),
    [("events_reordered", {"spread_minutes": 90}), ("events_of_older_version", {}), ("endpoints_both_enabled", {})],
)
def test_a_window_over_all_payments_of_a_contest_is_taken_and_one_that_begins_later_is_not(
    order: Scenario, kind: str, fields: dict[str, int]
) -> None:
    assert problems(order, window(order, kind, **fields)) == []
    (problem,) = problems(order, window(order, kind, after=1, **fields))
    assert "no contest is sure to have" in problem


def test_a_payment_that_may_be_kept_back_while_the_books_are_compared_is_refused(order: Scenario) -> None:
    for spread, refused in ((14, False), (15, True)):
        found = problems(order, window(order, "events_reordered", after=-40, spread_minutes=spread))
        assert [("seen missing" in problem) for problem in found] == [True] * refused


def test_an_endpoint_has_one_version_at_a_time(order: Scenario) -> None:
    first = window(order, "events_of_older_version")
    again = first.model_copy(update={"id": "again"})
    assert any("would hide the other" in problem for problem in problems(order, first, again))


def test_both_endpoints_are_enabled_where_nothing_else_is_about_deliveries(order: Scenario) -> None:
    both = window(order, "endpoints_both_enabled")
    inside = both.model_dump()["at"] + timedelta(hours=1)
    again = both.model_copy(update={"id": "again"})
    storm = fault("webhook_duplicated", contest="early_birds", nth=1, times=4, expect=STORM)
    few = fault("webhook_duplicated", contest="early_birds", nth=1, times=3, expect=SELF_HEALS)
    slow = {"kind": "statement_slow", "at": inside, "seconds": 5, "expect": SELF_HEALS}
    delivery = fault(**slow, transaction="POST /api/webhooks/stripe")
    for rival, refused in ((again, True), (storm, True), (few, False), (delivery, True)):
        found = problems(order, both, rival.model_copy(update={"id": "rival"}))
        assert any("one would hide the other" in problem for problem in found) == refused, rival


def test_the_standby_is_not_taken_away_from_where_a_rolled_secret_made_it_the_only_one(order: Scenario) -> None:
    both = window(order, "endpoints_both_enabled")
    for hours, refused in ((-1, True), (9, True), (11, False)):
        at = both.model_dump()["at"] + timedelta(hours=hours)
        rolled = fault("signing_secret_rolled", id="rolled", at=at, expect=ROLLED)
        found = [problem for problem in problems(order, both, rolled) if f"{both.id} and rolled" in problem]
        assert bool(found) == refused, hours


def test_endpoints_do_not_change_about_when_they_are_looked_at(order: Scenario) -> None:
    for after, refused in ((-29, True), (-14, False)):  # the contest is created at 02:30
        found = problems(order, window(order, "endpoints_both_enabled", after=after))
        assert [("endpoints are looked at" in problem) for problem in found] == [True] * refused


def test_what_is_sent_again_after_the_end_of_the_run_is_refused(order: Scenario) -> None:
    resent = fault("webhook_resent", contest="early_birds", nth=1, delay_hours=200, expect=SELF_HEALS)
    (problem,) = problems(order, resent)
    assert "nobody sees how it ends" in problem
