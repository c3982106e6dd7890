"""A plan is what the seed made of a scenario's faults."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from simulation.faults.plan import FaultPlan
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.model import Scenario

START = datetime(2026, 3, 1, tzinfo=UTC)
FIRST_TEE = START + timedelta(days=3)
FINAL_BOARD = FIRST_TEE + timedelta(days=3, hours=7)
HEALS = {"self_heals": True}


def scenario(*faults: dict[str, Any]) -> Scenario:
    cup = {
        "key": "cup",
        "name": "Cup",
        "tournament": "open",
        "entry_fee_cents": 1000,
        "payout_percent": {1: 100},
        "entrants": 5,
        "created": START + timedelta(hours=1),
        "lock": FIRST_TEE,
        "start": FIRST_TEE,
        "end": FINAL_BOARD,
    }
    return Scenario.model_validate(
        {
            "name": "test",
            "description": "",
            "start": START,
            "days": 10,
            "tournaments": {"open": {"first_round": FIRST_TEE}},
            "contests": [cup],
            "faults": list(faults),
        }
    )


OUTAGE = {
    "id": "outage",
    "kind": "provider_outage",
    "tournament": "open",
    "at": FIRST_TEE,
    "minutes": 90,
    "expect": {"runbook": "ingestion_lag"},
}
LATE = {"id": "late", "kind": "webhook_delayed", "contest": "cup", "nth": 2, "delay_hours": 26, "expect": HEALS}
TWICE = {"id": "twice", "kind": "webhook_duplicated", "contest": "cup", "expect": HEALS}
CLOSED = {
    "id": "closed",
    "kind": "destination_invalid",
    "contest": "cup",
    "expect": {"terminal": "DESTINATION_ACCOUNT_INVALID", "runbook": "destination_account_invalid"},
}
LACKING = {
    "id": "lacking",
    "kind": "provider_incomplete_final",
    "tournament": "open",
    "minutes": 30,
    "expect": HEALS,
}
ALL = (OUTAGE, LATE, TWICE, CLOSED, LACKING)


def plan(*faults: dict[str, Any], seed: int = 1) -> FaultPlan:
    return FaultPlan.from_scenario(scenario(*faults), seed)


def only(*faults: dict[str, Any]) -> PlannedFault:
    (fault,) = plan(*faults).faults
    return fault


def test_window_of_an_outage_is_its_minutes():
    assert (only(OUTAGE).starts_at, only(OUTAGE).ends_at) == (FIRST_TEE, FIRST_TEE + timedelta(minutes=90))


def test_a_card_late_for_the_final_board_is_late_from_the_end_of_the_round_on():
    fault = only(LACKING)
    assert (fault.starts_at, fault.ends_at) == (FINAL_BOARD - timedelta(hours=1), FINAL_BOARD + timedelta(minutes=30))


def test_payments_are_met_from_creation_on_and_transfers_after_the_tournament():
    assert only(LATE).starts_at == START + timedelta(hours=1)
    assert only(CLOSED).starts_at == FINAL_BOARD


def test_delay_is_the_scenarios_and_the_gap_of_a_duplicate_the_seeds():
    assert only(LATE).delay_seconds == 26 * 3600
    gaps = {plan(TWICE, seed=seed).faults[0].delay_seconds for seed in range(10)}
    assert len(gaps) > 1
    assert all(60 <= gap <= 600 for gap in gaps)


def test_a_delivery_that_is_reset_is_over_with_the_one_that_is_answered():
    reset = {"id": "reset", "kind": "webhook_reset", "contest": "cup", "times": 2, "expect": HEALS}
    waits = scenario().stripe.webhook_retry_seconds
    assert only(reset).delay_seconds == waits[0] + waits[1]
    assert only(reset).over_by == FIRST_TEE + timedelta(seconds=waits[0] + waits[1])


def test_same_seed_same_plan():
    assert plan(*ALL, seed=5) == plan(*ALL, seed=5)
    assert plan(*ALL, seed=5) != plan(*ALL, seed=6)


def test_plan_is_ordered_by_time():
    starts = [fault.starts_at for fault in plan(*ALL).faults]
    assert starts == sorted(starts)


def test_announcement_states_what_is_expected():
    by_id = {event.fault_id: event for event in plan(*ALL).scheduled}
    closed, outage, late = by_id["closed"], by_id["outage"], by_id["late"]
    assert (closed.expectation, closed.runbook, closed.reason) == (
        "terminal",
        "destination_account_invalid",
        "DESTINATION_ACCOUNT_INVALID",
    )
    assert (outage.expectation, outage.runbook, outage.keys) == ("runbook", "ingestion_lag", {"tournament": "open"})
    assert (late.expectation, late.runbook, late.keys) == ("self_heals", None, {"contest": "cup", "nth": "2"})


def test_world_is_healthy_once_the_last_fault_should_be_over():
    assert plan().healthy_at() == START
    assert plan(OUTAGE).healthy_at() == FIRST_TEE + timedelta(minutes=90)
    assert plan(LATE).healthy_at() == FIRST_TEE + timedelta(hours=26), "the last payment may be made until the start"
    assert plan(CLOSED).healthy_at() == FINAL_BOARD
    assert plan(*ALL).healthy_at() == FINAL_BOARD + timedelta(minutes=30)
