"""A prize that Stripe takes back: booked once for each reversal, owed again, and somebody has to see to it."""

from __future__ import annotations

from typing import Any

import psycopg
import pytest

from tests.integration.staging.conftest import StagingPlatform

REASON = {"reason": "a test says so"}
METRIC = "payout_transfers_reversed_unacknowledged"


@pytest.fixture
def paid(stage: StagingPlatform) -> dict[str, Any]:
    """The row of a prize of 7.00 that was paid."""
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.play(contest_id)
    stage.tick()
    (row,) = stage.admin_get("payout-transfers").json["payout_transfers"]
    assert (row["status"], row["owed_cents"], row["reversed_cents"]) == ("completed", 0, 0)
    return dict(row)


def told(stage: StagingPlatform, *cents: int, id_: str, transfer: str = "tr_1") -> int:
    """The status of the answer to an event that shows the reversals ``cents`` so far."""
    reversals = [{"id": f"trr_{number}", "amount": amount} for number, amount in enumerate(cents, start=1)]
    newest_first = {"object": "list", "data": reversals[::-1]}
    subject = {"id": transfer, "object": "transfer", "amount_reversed": sum(cents), "reversals": newest_first}
    return int(stage.deliver(stage.stripe.event("transfer.reversed", subject, id_=id_)).status_code)


def test_reversals_are_booked_once_each_whatever_the_order_and_the_prize_is_owed_again(
    stage: StagingPlatform, paid: dict[str, Any]
) -> None:
    before = stage.balances()
    for number, cents in enumerate(((300, 200), (300,), (300, 200))):
        assert told(stage, *cents, id_=f"evt_back_{number}") == 200
    assert stage.balances() == before | {"stripe": before["stripe"] + 500, "winnings_payable": -500}
    (row,) = stage.admin_get("payout-transfers").json["payout_transfers"]
    assert (row["status"], row["reversed_cents"], row["owed_cents"]) == ("completed", 500, 500)
    stage.pass_time(hours=3)
    stage.tick(3)
    assert len(stage.stripe.objects["transfers"]) == 1
    assert len(stage.admin_get(f"payout-transfers/{row['id']}").json["attempts"]) == 1


def test_each_reversal_waits_for_an_admin_who_may_withdraw(stage: StagingPlatform, paid: dict[str, Any]) -> None:
    acknowledge = f"payout-transfers/{paid['id']}/acknowledge"
    assert stage.admin_post(acknowledge, REASON | {"acknowledged": True}).json["error"] == "transfer_not_failed"
    for cents, waiting in (((300,), 1), ((300, 400), 1)):
        assert told(stage, *cents, id_=f"evt_{sum(cents)}") == 200
        assert f"{METRIC} {waiting}\n" in stage.client.get("/metrics").text
        assert stage.admin_post(acknowledge, REASON | {"acknowledged": True}).status_code == 200
        assert f"{METRIC} 0\n" in stage.client.get("/metrics").text
    assert stage.admin_post(acknowledge, REASON | {"acknowledged": False}).status_code == 200
    assert f"{METRIC} 1\n" in stage.client.get("/metrics").text


def test_a_reversal_of_a_transfer_that_is_not_recorded_yet_waits(stage: StagingPlatform) -> None:
    assert told(stage, 300, id_="evt_early", transfer="tr_9") == 500
    assert stage.sql("SELECT id FROM stripe_events WHERE stripe_event_id = 'evt_early'") == []


def test_no_more_can_be_taken_back_than_was_paid(stage: StagingPlatform, paid: dict[str, Any]) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        stage.sql("UPDATE payout_transfers SET reversed_cents = 701")
