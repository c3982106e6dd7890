"""What is due to an account that Stripe restricted waits for it, and goes out once Stripe lets it; never for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.integration.staging.conftest import StagingPlatform

DUE = {"disabled_reason": "requirements.past_due"}
CLOSED = {"disabled_reason": "rejected.other"}


@pytest.fixture
def won(stage: StagingPlatform) -> str:
    """The account of the winner of a contest; the next tick settles it and pays 7.00."""
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.play(contest_id)
    return list(stage.stripe.objects["accounts"])[-1]


def told(stage: StagingPlatform, account: str, *, active: bool, ago: timedelta = timedelta(), **why: str) -> None:
    """Stripe has the account so, and its event of that moment arrives."""
    state = {
        "capabilities": {"transfers": "active" if active else "inactive"},
        "requirements": {"disabled_reason": None, **why},
        "payouts_enabled": active,
    }
    if not ago:
        stage.stripe.objects["accounts"][account] |= state
    event = stage.stripe.event("account.updated", {"id": account, "object": "account", **state})
    event["created"] -= int(ago.total_seconds())
    assert stage.deliver(event).status_code == 200


def prize(stage: StagingPlatform) -> tuple[str, int, str | None]:
    (row,) = stage.admin_get("payout-transfers").json["payout_transfers"]
    return row["status"], row["attempt_count"], row["held_reason"]


def test_a_prize_is_held_without_an_attempt_and_sent_once_the_account_is_active_again(
    stage: StagingPlatform, won: str
) -> None:
    told(stage, won, active=False, **DUE)
    stage.tick(3)
    assert prize(stage) == ("pending", 0, "DESTINATION_RESTRICTED")
    assert 'payout_transfers_held{reason="DESTINATION_RESTRICTED"} 1\n' in stage.client.get("/metrics").text
    told(stage, won, active=True)
    stage.tick()
    assert prize(stage) == ("completed", 1, None)


def test_stripe_is_asked_before_a_prize_waits_for_a_release_that_nobody_told(stage: StagingPlatform, won: str) -> None:
    told(stage, won, active=False, **DUE)
    stage.stripe.objects["accounts"][won]["capabilities"] = {"transfers": "active"}
    stage.tick()
    assert prize(stage) == ("completed", 1, None)
    assert stage.sql("SELECT active_at IS NOT NULL AS released FROM restricted_accounts") == [{"released": True}]


def test_an_older_release_does_not_outrank_a_restriction(stage: StagingPlatform, won: str) -> None:
    told(stage, won, active=False, **DUE)
    told(stage, won, active=True, ago=timedelta(hours=1))
    stage.tick()
    assert prize(stage) == ("pending", 0, "DESTINATION_RESTRICTED")


def test_no_prize_waits_for_ever(stage: StagingPlatform, won: str) -> None:
    told(stage, won, active=False, **DUE)
    stage.tick()
    stage.pass_time(hours=8)
    stage.stripe.failures["transfers"] = ["400"]
    stage.tick()
    assert prize(stage)[:2] == ("failed_terminal", 1)


@pytest.mark.parametrize("state", [{"active": False, **CLOSED}, {"active": True}])
def test_for_an_account_that_is_closed_or_active_nothing_waits(
    stage: StagingPlatform, won: str, state: dict[str, Any]
) -> None:
    told(stage, won, **state)
    assert stage.sql("SELECT * FROM restricted_accounts") == []
    stage.tick()
    assert prize(stage) == ("completed", 1, None)


def test_an_attempt_that_got_no_answer_is_repeated_whatever_the_account(stage: StagingPlatform, won: str) -> None:
    stage.stripe.failures["transfers"] = ["after"]
    stage.tick()
    told(stage, won, active=False, **DUE)
    stage.tick()
    assert prize(stage) == ("completed", 2, None)
