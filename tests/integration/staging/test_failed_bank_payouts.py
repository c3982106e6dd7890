"""A winner's bank that does not take the prize: noted once, nothing is booked, and an admin has the winner told."""

from __future__ import annotations

from typing import Any

from tests.integration.staging.conftest import StagingPlatform

REASON = {"reason": "a test says so"}
METRIC = "bank_payouts_failed_unacknowledged"


def failed(stage: StagingPlatform, account: str | None, *, payout: str = "po_1") -> Any:
    """The answer to an event about a payout of 7.00 that failed."""
    subject = {
        "id": payout,
        "object": "payout",
        "amount": 700,
        "currency": "usd",
        "failure_code": "no_account",
        "status": "failed",
    }
    event = stage.stripe.event("payout.failed", subject) | ({"account": account} if account else {})
    return stage.deliver(event)


def paid(stage: StagingPlatform) -> str:
    """The account of a winner to which 7.00 were paid."""
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.play(contest_id)
    stage.tick()
    return list(stage.stripe.objects["accounts"])[-1]


def test_it_is_noted_once_and_nothing_is_booked(stage: StagingPlatform) -> None:
    account = paid(stage)
    before = stage.balances()
    for _ in range(2):
        assert failed(stage, account).status_code == 200
    (row,) = stage.admin_get("failed-bank-payouts?acknowledged=false").json["failed_bank_payouts"]
    told = (row["stripe_payout_id"], row["amount_cents"], row["currency"], row["failure_code"])
    assert told == ("po_1", 700, "USD", "NO_ACCOUNT")
    assert row["prizes_cents"] == 700
    assert stage.balances() == before
    assert f"{METRIC} 1\n" in stage.client.get("/metrics").text


def test_an_admin_has_the_winner_told_and_may_withdraw_that(stage: StagingPlatform) -> None:
    failed(stage, paid(stage))
    (row,) = stage.admin_get("failed-bank-payouts").json["failed_bank_payouts"]
    path = f"failed-bank-payouts/{row['id']}/acknowledge"
    for acknowledged, waiting in ((True, 0), (False, 1)):
        assert stage.admin_post(path, REASON | {"acknowledged": acknowledged}).status_code == 200
        assert f"{METRIC} {waiting}\n" in stage.client.get("/metrics").text
    nobody = "failed-bank-payouts/00000000-0000-0000-0000-000000000001/acknowledge"
    answer = stage.admin_post(nobody, REASON | {"acknowledged": True})
    assert answer.json["error"] == "failed_bank_payout_not_found"


def test_a_payout_of_nobody_here_has_no_effect(stage: StagingPlatform) -> None:
    for account in ("acct_of_somebody_else", None):
        assert failed(stage, account, payout=f"po_of_{account}").status_code == 200
    assert stage.admin_get("failed-bank-payouts").json["failed_bank_payouts"] == []
