"""Prizes: which failures are tried again, how often, with which key, and what the ledger says of each attempt."""

from typing import Any
from uuid import UUID

import pytest

StagingPlatform = Any


@pytest.fixture
def won(stage: StagingPlatform) -> str:
    """A contest whose only entrant waits for 7.00; the next tick settles it and makes the first attempt."""
    contest_id: str = stage.contest()
    stage.entrant(contest_id, "1")
    stage.play(contest_id)
    return contest_id


def transfer(stage: StagingPlatform) -> Any:
    return stage.sql("SELECT status, attempt_count, failure_reason, stripe_transfer_id FROM payout_transfers")[0]


def attempts(stage: StagingPlatform) -> list[str]:
    rows = stage.sql(
        "SELECT entry_type FROM ledger WHERE reference_type = 'payout_transfer' AND direction = 'DEBIT' "
        "ORDER BY sequence_number"
    )
    return [row["entry_type"].removeprefix("PAYOUT_ATTEMPT_") for row in rows]


@pytest.mark.parametrize("failure", ["before", "after", "429", "500", "503", "409"])
def test_a_transient_failure_is_retried_at_the_next_tick_and_pays_once(
    stage: StagingPlatform, won: str, failure: str
) -> None:
    stage.stripe.failures["transfers"] = [failure]
    stage.tick()
    assert transfer(stage)["status"] == "retryable"
    stage.tick()
    assert transfer(stage) == {
        "status": "completed", "attempt_count": 2, "failure_reason": None, "stripe_transfer_id": "tr_1",
    }  # fmt: skip
    assert len(stage.stripe.objects["transfers"]) == 1
    assert attempts(stage) == ["RETRYABLE", "COMPLETED"]
    assert stage.balances()["winnings_payable"] == 0


def test_an_attempt_that_moved_no_money_moves_no_balance(stage: StagingPlatform, won: str) -> None:
    stage.stripe.failures["transfers"] = ["before"]
    stage.tick()
    assert stage.balances()["winnings_payable"] == -700
    entry = stage.sql("SELECT amount_cents, metadata_json FROM ledger WHERE entry_type = 'PAYOUT_ATTEMPT_RETRYABLE'")[0]
    assert entry["amount_cents"] == 0
    assert entry["metadata_json"]["attempted_amount_cents"] == 700


@pytest.mark.parametrize(
    ("failure", "reason"), [("400", "DESTINATION_ACCOUNT_INVALID"), ("402", "API_ERROR"), ("403", "API_ERROR")]
)
def test_another_refusal_is_terminal_at_once(stage: StagingPlatform, won: str, failure: str, reason: str) -> None:
    stage.stripe.failures["transfers"] = [failure]
    stage.tick(2)
    assert (transfer(stage)["status"], transfer(stage)["failure_reason"]) == ("failed_terminal", reason)
    assert attempts(stage) == ["FAILED_TERMINAL"]
    assert stage.sql("SELECT status, failed_count FROM payout_jobs") == [{"status": "complete", "failed_count": 1}]


def test_a_winner_without_account_is_terminal_and_stripe_is_not_called(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1", account=False)
    stage.play(contest_id)
    stage.tick()
    assert transfer(stage)["failure_reason"] == "DESTINATION_ACCOUNT_MISSING"
    assert ("POST", "transfers") not in stage.stripe.requests


def test_the_third_attempt_comes_two_hours_later_and_is_the_last(stage: StagingPlatform, won: str) -> None:
    stage.stripe.failures["transfers"] = ["before", "500", "before"]
    stage.tick(3)
    assert transfer(stage)["attempt_count"] == 2
    stage.tick(21)
    assert transfer(stage)["attempt_count"] == 2
    assert "payout_transfers_stuck_retryable 1\n" in stage.client.get("/metrics").text
    stage.tick(2)
    assert transfer(stage) == {
        "status": "failed_terminal", "attempt_count": 3, "failure_reason": "STRIPE_TIMEOUT", "stripe_transfer_id": None,
    }  # fmt: skip
    assert attempts(stage) == ["RETRYABLE", "RETRYABLE", "FAILED_TERMINAL"]


def test_a_last_attempt_that_took_effect_unheard_is_found_at_stripe(stage: StagingPlatform, won: str) -> None:
    stage.stripe.failures["transfers"] = ["before", "before", "after"]
    stage.tick(30)
    assert transfer(stage)["status"] == "completed"
    assert attempts(stage) == ["RETRYABLE", "RETRYABLE", "COMPLETED"]


def test_nothing_is_called_failed_while_stripe_cannot_say(stage: StagingPlatform, won: str) -> None:
    stage.stripe.failures["transfers"] = ["before", "before", "after"]
    stage.stripe.failures["GET transfers"] = ["500", "500"]
    stage.tick(26)
    assert (transfer(stage)["status"], transfer(stage)["attempt_count"]) == ("retryable", 3)
    stage.tick(2)
    assert transfer(stage)["status"] == "completed"
    assert len(stage.stripe.objects["transfers"]) == 1
    assert stage.balances()["winnings_payable"] == 0


@pytest.mark.parametrize(("failure", "status"), [("before", "failed_terminal"), ("after", "completed")])
def test_a_key_older_than_23_hours_is_never_sent_again(
    stage: StagingPlatform, won: str, failure: str, status: str
) -> None:
    stage.stripe.failures["transfers"] = [failure]
    stage.tick()
    stage.pass_time(hours=23)
    stage.tick()
    assert transfer(stage)["status"] == status
    assert stage.stripe.requests.count(("POST", "transfers")) == 1
    if status == "failed_terminal":
        assert transfer(stage)["failure_reason"] == "IDEMPOTENCY_KEY_EXPIRED"


class Killed(BaseException):
    """The process is gone."""


def test_a_crash_between_stripe_and_commit_is_recovered_with_the_same_key(
    stage: StagingPlatform, won: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from simulation.staging.money import outbox

    def killed(*_: object) -> None:
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(outbox, "_record", killed)
        with pytest.raises(Killed):
            stage.tick()
    assert transfer(stage)["status"] == "processing"
    stage.tick()
    assert transfer(stage)["status"] == "completed"
    assert len(stage.stripe.objects["transfers"]) == 1
    assert attempts(stage) == ["RETRYABLE", "COMPLETED"]


def test_running_the_scheduler_by_hand_ignores_the_back_off_but_not_the_limit(stage: StagingPlatform, won: str) -> None:
    stage.stripe.failures["transfers"] = ["before"] * 5
    stage.tick()
    results = [stage.admin_post("diagnostics/run-payout-scheduler").json["result"] for _ in range(3)]
    assert [r["transfers_retryable"] for r in results] == [1, 0, 0]
    assert [r["transfers_failed_terminal"] for r in results] == [0, 1, 0]
    assert transfer(stage)["attempt_count"] == 3


def test_a_failed_transfer_can_be_acknowledged_and_taken_back(stage: StagingPlatform, won: str) -> None:
    stage.stripe.failures["transfers"] = ["400"]
    stage.tick()
    listed = stage.admin_get("payout-transfers?status=failed_terminal").json["payout_transfers"]
    path = f"payout-transfers/{listed[0]['id']}"
    unacknowledged = 'payout_transfers_failed_terminal_unacknowledged{failure_reason="DESTINATION_ACCOUNT_INVALID",'
    assert f'{unacknowledged}winner="active"}} 1\n' in stage.client.get("/metrics").text
    assert stage.admin_post(f"{path}/acknowledge", {"acknowledged": True, "reason": "told"}).status_code == 200
    assert f"{unacknowledged}winner" not in stage.client.get("/metrics").text
    assert stage.admin_post(f"{path}/acknowledge", {"acknowledged": False, "reason": "undo"}).status_code == 200
    shown = stage.admin_get(path).json
    assert shown["acknowledged_at"] is None
    assert [attempt["entry_type"] for attempt in shown["attempts"]] == ["PAYOUT_ATTEMPT_FAILED_TERMINAL"]


def test_what_stripe_has_of_a_prize_is_shown_whoever_sent_it(stage: StagingPlatform, won: str) -> None:
    stage.stripe.failures["transfers"] = ["400"]
    stage.tick()
    row = stage.admin_get("payout-transfers").json["payout_transfers"][0]
    path = f"payout-transfers/{row['id']}/at-stripe"
    assert stage.admin_get(path).json == {"payout_transfer_id": row["id"], "stripe_transfers": []}
    by_somebody_else = {"id": "tr_9", "object": "transfer", "amount": 650, "created": 0, "destination": "acct_1"}
    by_somebody_else["currency"] = "usd"
    by_somebody_else |= {"transfer_group": f"contest:{won}", "metadata": {"user_id": row["user_id"]}}
    to_another_winner = by_somebody_else | {"id": "tr_8", "metadata": {"user_id": str(UUID(int=5))}}
    stage.stripe.objects["transfers"] |= {"tr_8": to_another_winner, "tr_9": by_somebody_else}
    (made,) = stage.admin_get(path).json["stripe_transfers"]
    assert (made["stripe_id"], made["amount_cents"], made["currency"]) == ("tr_9", 650, "USD")
    assert made["payout_transfer_id"] is None
    stage.stripe.failures["GET transfers"] = ["503"]
    assert (
        stage.admin_get(path).status_code,
        stage.admin_get(f"payout-transfers/{UUID(int=1)}/at-stripe").status_code,
    ) == (
        502,
        404,
    )


def test_a_user_deleted_after_the_settlement_is_still_paid(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    user = stage.entrant(contest_id, "1")
    stage.play(contest_id)
    stage.stripe.failures["transfers"] = ["before"]
    stage.tick()
    assert stage.client.delete(f"/api/users/{user}", headers={"X-User-Id": user}).status_code == 200
    stage.tick()
    assert transfer(stage)["status"] == "completed"


@pytest.mark.parametrize("failure", ["before", "after", "500"])
def test_a_refund_is_retried_like_a_prize(stage: StagingPlatform, failure: str) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    assert stage.admin_post(f"contests/{contest_id}/cancel", {"reason": "rain"}).json["refunds_requested"] == 1
    stage.stripe.failures["refunds"] = [failure]
    stage.tick()
    assert stage.sql("SELECT status FROM refunds") == [{"status": "retryable"}]
    stage.tick()
    assert stage.sql("SELECT status, attempt_count FROM refunds") == [{"status": "completed", "attempt_count": 2}]
    assert len(stage.stripe.objects["refunds"]) == 1
    assert stage.balances() == {"contest_pool": 0, "stripe": 0}


def holds(stage: StagingPlatform) -> list[str | None]:
    return [row["held_reason"] for row in stage.sql("SELECT held_reason FROM payout_transfers ORDER BY amount_cents")]


def test_without_an_answer_from_stripe_no_attempt_is_spent_and_the_prize_goes_out_when_it_answers(
    stage: StagingPlatform, won: str
) -> None:
    stage.stripe.failures["GET balance"] = ["before", "503"]
    stage.tick(2)
    assert (transfer(stage)["status"], transfer(stage)["attempt_count"]) == ("pending", 0)
    assert holds(stage) == ["STRIPE_UNAVAILABLE"]
    assert 'payout_transfers_held{reason="STRIPE_UNAVAILABLE"} 1\n' in stage.client.get("/metrics").text
    assert len(stage.sql("SELECT 1 AS one FROM audit_log WHERE action = 'payouts_held'")) == 1
    stage.tick()
    assert (transfer(stage)["status"], transfer(stage)["attempt_count"]) == ("completed", 1)
    assert holds(stage) == [None]
    assert 'payout_transfers_held{reason="STRIPE_UNAVAILABLE"} 0\n' in stage.client.get("/metrics").text


def test_a_prize_above_the_available_balance_waits_with_its_key_unused_while_smaller_ones_go_out(
    stage: StagingPlatform,
) -> None:
    contest_id = stage.contest()
    for player in ("1", "2"):
        stage.entrant(contest_id, player)
    stage.play(contest_id, strokes={"2": 5})
    stage.stripe.available_cents = 500
    stage.tick()
    assert holds(stage) == [None, "BALANCE_INSUFFICIENT"]
    assert stage.sql("SELECT amount_cents FROM payout_transfers WHERE status = 'completed'") == [{"amount_cents": 400}]
    assert [made["amount"] for made in stage.stripe.objects["transfers"].values()] == [400]
    page = stage.admin_get("diagnostics/stripe").json
    assert (page["status"], page["held_transfers"]) == ("ok", 1)
    assert (page["available_cents"], page["due_cents"]) == ({"USD": 500}, {"USD": 1400})
    stage.stripe.available_cents = 1400
    stage.tick()
    assert holds(stage) == [None, None]
    assert stage.balances()["winnings_payable"] == 0


def test_a_transfer_that_took_effect_unheard_is_not_held_for_want_of_the_money_it_took(
    stage: StagingPlatform, won: str
) -> None:
    stage.stripe.failures["transfers"] = ["after"]
    stage.tick()
    stage.stripe.available_cents = 0
    stage.tick()
    assert (transfer(stage)["status"], holds(stage)) == ("completed", [None])


@pytest.mark.parametrize("listing", [[], ["503"]])
def test_a_transfer_that_did_not_reach_stripe_is_held_when_the_money_is_gone(
    stage: StagingPlatform, won: str, listing: list[str]
) -> None:
    stage.stripe.failures["transfers"] = ["before"]
    stage.tick()
    stage.stripe.available_cents = 0
    stage.stripe.failures["GET transfers"] = listing
    stage.tick()
    assert (transfer(stage)["status"], transfer(stage)["attempt_count"]) == ("retryable", 1)
    assert holds(stage) == ["BALANCE_INSUFFICIENT"]


@pytest.mark.parametrize(("failure", "status"), [("before", "unreachable"), ("503", "unreachable"), ("403", "refused")])
def test_the_page_about_stripe_says_how_it_answers(stage: StagingPlatform, failure: str, status: str) -> None:
    stage.stripe.failures["GET balance"] = [failure]
    page = stage.admin_get("diagnostics/stripe").json
    assert (page["status"], page["available_cents"], page["transfers_due"]) == (status, None, 0)


def test_a_batch_paid_in_part_is_reviewed_once_its_failures_are_acknowledged_and_the_review_can_be_withdrawn(
    stage: StagingPlatform,
) -> None:
    contest_id = stage.contest()
    for player in ("1", "2"):
        stage.entrant(contest_id, player)
    stage.play(contest_id, strokes={"2": 5})
    stage.stripe.failures["transfers"] = ["400"]
    stage.tick()
    (batch,) = stage.admin_get("payout-jobs?state=partial").json["payout_jobs"]
    assert (batch["completed_count"], batch["failed_count"], batch["unacknowledged"]) == (1, 1, 1)
    assert batch["completed_cents"] + batch["failed_cents"] == batch["settled_cents"] == 1800
    assert "payout_jobs_partial 1\n" in stage.client.get("/metrics").text
    review = f"payout-jobs/{batch['id']}/review"
    refused = stage.admin_post(review, {"reviewed": True, "reason": "seen"})
    assert (refused.status_code, refused.json["error"]) == (409, "transfers_not_acknowledged")
    failed = stage.admin_get("payout-transfers?status=failed_terminal").json["payout_transfers"][0]["id"]
    stage.admin_post(f"payout-transfers/{failed}/acknowledge", {"acknowledged": True, "reason": "told"})
    assert stage.admin_post(review, {"reviewed": True, "reason": "seen"}).status_code == 200
    assert "payout_jobs_partial 0\n" in stage.client.get("/metrics").text
    assert stage.admin_post(review, {"reviewed": False, "reason": "undo"}).status_code == 200
    assert stage.admin_get("payout-jobs?state=partial").json["payout_jobs"] == [batch | {"unacknowledged": 0}]
    assert [row["action"] for row in stage.sql("SELECT action FROM audit_log WHERE action LIKE 'payout_batch%%'")] == [
        "payout_batch_reviewed",
        "payout_batch_review_withdrawn",
    ]


def test_a_batch_that_is_whole_or_unknown_cannot_be_reviewed(stage: StagingPlatform, won: str) -> None:
    stage.tick()
    (batch,) = stage.admin_get("payout-jobs").json["payout_jobs"]
    given = {"reviewed": True, "reason": "seen"}
    whole, unknown = (stage.admin_post(f"payout-jobs/{id_}/review", given) for id_ in (batch["id"], UUID(int=1)))
    assert (whole.status_code, whole.json["error"]) == (409, "batch_not_partial")
    assert (unknown.status_code, unknown.json["error"]) == (404, "payout_job_not_found")
    assert stage.admin_get("payout-jobs?state=odd").status_code == 400


def test_payouts_that_nobody_has_begun_with_15_minutes_after_the_settlement_are_counted(
    stage: StagingPlatform, won: str
) -> None:
    for name in ("lifecycle_reconciler", "ingestion_poller", "settlement"):
        stage.jobs[name].run()
    stage.pass_time(minutes=14)
    assert "payout_jobs_not_started 0\n" in stage.client.get("/metrics").text
    stage.pass_time(minutes=2)
    assert "payout_jobs_not_started 1\n" in stage.client.get("/metrics").text
    (batch,) = stage.admin_get("payout-jobs?state=not_started").json["payout_jobs"]
    assert (batch["contest_id"], batch["status"]) == (won, "pending")
    stage.stripe.failures["GET balance"] = ["503"]
    stage.jobs["payout_scheduler"].run()
    assert "payout_jobs_not_started 0\n" in stage.client.get("/metrics").text, "it is held, which is another matter"
