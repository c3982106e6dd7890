"""How a fault ends follows from its fields; an ending that nobody can reach, or know beforehand, is refused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest

from simulation.paths import RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.scenario.faults.alerting import alerted
from simulation.scenario.faults.expectation import SELF_HEALS, Expectation
from simulation.scenario.faults.fault import Beyond
from simulation.scenario.faults.registry import broken_fault_rules
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario
from tests.unit.faults.kinds import fault

GROUND = load_scenario(SCENARIOS_FOLDER / "sweep" / "ground.yaml")
"""Contest early_birds: created day 0 02:30, locked 05:30, started 06:00; its final board comes on day 1 at 13:00."""
LAG, STUCK, STORM = "ingestion_lag", "payout_transfer_stuck_in_retryable", "duplicate_payment_webhook"
LOCK, MISSING, OUTAGE, RESERVE = (
    "contest_lock_failed",
    "payment_webhook_missing",
    "stripe_outage",
    "payout_balance_insufficient",
)
HEALS = "heals by itself"
OF_CONTEST = {"contest": "early_birds"}
OF_FEED = {"tournament": "two_day_masters"}


def after(hours: float) -> Any:
    return GROUND.start + timedelta(hours=hours)


FEED = {**OF_FEED, "at": after(17)}
FINAL = {"at": after(36.75)}
"""A quarter of an hour before the final board."""


@pytest.mark.parametrize(
    ("kind", "fields", "ends"),
    [
        ("provider_outage", {**FEED, "minutes": 50}, HEALS),
        ("provider_outage", {**FEED, "minutes": 51}, None),
        ("provider_outage", {**FEED, "minutes": 69}, None),
        ("provider_outage", {**FEED, "minutes": 70}, LAG),
        ("provider_outage", {**FEED, "minutes": 720, "status": 404}, LAG),
        ("provider_outage", {**FEED, "minutes": 721}, None),
        ("provider_malformed", {**FEED, "times": 10}, HEALS),
        ("provider_malformed", {**FEED, "times": 11}, None),
        ("provider_malformed", {**FEED, "times": 14}, LAG),
        ("provider_malformed", {**FEED, "times": 61}, None),
        ("provider_incomplete_final", {**OF_FEED, "minutes": 5}, None),
        ("provider_incomplete_final", {**OF_FEED, "minutes": 360}, "settlement_failed_mid_run"),
        ("provider_incomplete_final", {**OF_FEED, "minutes": 361}, None),
        ("provider_incomplete_final", {**FEED, "minutes": 60}, HEALS),
        ("transfer_error", {**OF_CONTEST}, HEALS),
        ("transfer_error", {**OF_CONTEST, "times": 2, "status": 401}, STUCK),
        ("transfer_error", {**OF_CONTEST, "times": 3}, None),
        ("transfer_error", {**OF_CONTEST, "status": 402}, None),
        ("transfer_timeout_after", {**OF_CONTEST, "times": 40}, STUCK),
        ("webhook_duplicated", {**OF_CONTEST, "times": 3}, HEALS),
        ("webhook_duplicated", {**OF_CONTEST, "times": 4}, STORM),
        ("webhook_duplicated", {**OF_CONTEST, "times": 16}, None),
        ("webhook_reset", {**OF_CONTEST, "times": 10}, HEALS),
        ("webhook_delayed", {**OF_CONTEST, "delay_hours": 20}, HEALS),
        ("webhook_delayed", {**OF_CONTEST, "delay_hours": 22}, None),
        ("webhook_delayed", {**OF_CONTEST, "delay_hours": 24}, MISSING),
        ("contest_row_held", {**OF_CONTEST, "minutes": 9}, HEALS),
        ("contest_row_held", {**OF_CONTEST, "minutes": 15}, None),
        ("contest_row_held", {**OF_CONTEST, "minutes": 25}, LOCK),
        ("stripe_outage", {**FINAL, "minutes": 45}, None),
        ("stripe_outage", {**FINAL, "minutes": 50, "status": 503}, OUTAGE),
        ("stripe_outage", {**FINAL, "minutes": 50, "status": 403}, None),
        ("stripe_outage", {**FINAL, "minutes": 736}, None),
        ("stripe_reserve", {**FINAL, "minutes": 40}, RESERVE),
        ("payout_timer_stopped", {**FINAL, "minutes": 44}, None),
        ("payout_timer_stopped", {**FINAL, "minutes": 60}, "payout_not_triggered"),
    ],
)
def test_an_ending_follows_from_the_fields(kind: str, fields: Mapping[str, Any], ends: str | None) -> None:
    ending = fault(kind, id="x", expect=SELF_HEALS, **fields).ending(GROUND)
    assert (None if isinstance(ending, Beyond) else str(ending)) == (
        ends if ends in (None, HEALS) else f"runbook {ends}"
    )


_WAIT = re.compile(r"in \$\(seq 1 (\d+)\); do\n(?:(?!> done).*\n)*?.*\bsleep (\d+)")


def longest_wait(runbook: str) -> timedelta:
    """Of the loops of a runbook."""
    text = (RUNBOOKS_FOLDER / f"{runbook}.md").read_text(encoding="utf-8")
    return max(timedelta(seconds=(int(looks) - 1) * int(pause)) for looks, pause in _WAIT.findall(text))


@pytest.mark.parametrize(
    ("kind", "fields", "before", "runbook"),
    [
        ("provider_outage", FEED, timedelta(0), LAG),
        ("provider_incomplete_final", OF_FEED, timedelta(0), "settlement_failed_mid_run"),
        ("stripe_outage", FINAL, timedelta(minutes=15), OUTAGE),
        ("stripe_reserve", FINAL, timedelta(minutes=15), RESERVE),
        ("payout_timer_stopped", FINAL, timedelta(minutes=30), "payout_not_triggered"),
    ],
)
def test_a_fault_may_last_as_long_as_its_runbook_waits(
    kind: str, fields: Mapping[str, Any], before: timedelta, runbook: str
) -> None:
    """``before``: from the fault's beginning to that of what the runbook waits for the end of."""
    longest = (longest_wait(runbook) + before) // timedelta(minutes=1)
    within, beyond = (
        fault(kind, id="x", expect=SELF_HEALS, minutes=minutes, **fields) for minutes in (longest, longest + 1)
    )
    assert str(within.ending(GROUND)) == f"runbook {runbook}"
    assert isinstance(beyond.ending(GROUND), Beyond)


def test_another_ending_than_the_fields_make_is_refused_with_the_right_one() -> None:
    unheard = fault("transfer_error", id="unheard", expect=SELF_HEALS, times=2, **OF_CONTEST)
    (rule,) = broken_fault_rules(_with(unheard), usual_platform=True)
    assert rule.path == ("faults", 0, "expect")
    assert rule.problem.startswith("fault unheard is expected to end so: heals by itself; as it stands here it ends so")
    assert rule.remedy == f"expect: {{runbook: {STUCK}}}"
    assert not list(broken_fault_rules(_with(unheard))), "a backend with its own rules may heal it"


def test_a_value_that_is_beyond_is_refused_at_its_field() -> None:
    long = fault("provider_outage", id="long", expect=Expectation(runbook=LAG), minutes=721, **FEED)
    (rule,) = broken_fault_rules(_with(long), usual_platform=True)
    assert rule.path == ("faults", 0, "minutes")
    assert rule.problem == "fault long, minutes 721: the runbook ingestion_lag waits 720 minutes, then escalates"


def test_who_expects_a_part_of_the_ending_is_not_refused() -> None:
    closed = {"id": "closed", **OF_CONTEST}
    for expect in (
        {"terminal": "DESTINATION_ACCOUNT_INVALID"},
        {"runbook": "destination_account_invalid"},
        {"terminal": "DESTINATION_ACCOUNT_INVALID", "runbook": "payout_batch_partial"},
    ):
        one = fault("destination_invalid", expect=Expectation.model_validate(expect), **closed)
        assert not list(broken_fault_rules(_with(one), usual_platform=True))


def test_a_payment_that_is_missed_after_the_settlement_is_refused() -> None:
    contest, tournament = GROUND.contests[0], GROUND.tournaments["two_day_masters"]
    just_before_two = after(24 + 11 / 6)
    played_in_a_day = tournament.model_copy(update={"round_interval_hours": 6, "first_round": just_before_two})
    late = contest.model_copy(update={"lock": just_before_two, "start": just_before_two, "end": after(50)})
    scenario = GROUND.model_copy(update={"tournaments": {"two_day_masters": played_in_a_day}, "contests": (late,)})
    lost = fault("webhook_lost", id="lost", expect=Expectation(runbook=MISSING), **OF_CONTEST)
    assert not list(broken_fault_rules(_with(lost)))
    (rule,) = broken_fault_rules(_with(lost, scenario))
    assert "may not be booked by" in rule.problem


@pytest.mark.parametrize(
    ("least", "most", "held_for", "ends"),
    [
        (10, 15, 0, STUCK),
        (9, 15, 0, None),
        (-5, 0, 0, HEALS),
        (20, 30, 10, STUCK),
        (19, 30, 10, None),
        (1, 9, 10, HEALS),
    ],
)
def test_an_alert_is_sure_when_it_is_looked_at_often_enough(
    least: int, most: int, held_for: int, ends: str | None
) -> None:
    """The monitoring looks every ten minutes."""
    ending = alerted(
        GROUND,
        least=timedelta(minutes=least),
        most=timedelta(minutes=most),
        held_for=timedelta(minutes=held_for),
        field="minutes",
        runbook=Expectation(runbook=STUCK),
    )
    assert (None if isinstance(ending, Beyond) else str(ending)) == (f"runbook {STUCK}" if ends == STUCK else ends)


def _with(one: Any, scenario: Scenario = GROUND) -> Scenario:
    return scenario.model_copy(update={"faults": (one,)})
