"""Contests that do not go as planned: called off, entered by too few, paid by the house, and left."""

from __future__ import annotations

from typing import Any

import pytest

from tests.integration.staging.conftest import StagingPlatform, leaderboard

REASON = {"reason": "a test says so"}


def organizer(stage: StagingPlatform, contest_id: str) -> str:
    return str(stage.sql("SELECT organizer_id FROM contest_instances WHERE id = %s", contest_id)[0]["organizer_id"])


def call_off(stage: StagingPlatform, contest_id: str) -> Any:
    path = f"/api/custom-contests/{contest_id}/cancel"
    return stage.post(path, REASON, user=organizer(stage, contest_id))


def leave(stage: StagingPlatform, contest_id: str, user: str) -> Any:
    return stage.post(f"/api/custom-contests/{contest_id}/leave", user=user)


def refunds(stage: StagingPlatform) -> list[tuple[str, str]]:
    return [
        (row["reason"], row["status"]) for row in stage.sql("SELECT reason, status FROM refunds ORDER BY created_at")
    ]


def test_who_paid_for_a_contest_that_is_called_off_gets_the_fee_back_also_one_that_comes_later(
    stage: StagingPlatform,
) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    slow = stage.user()
    stage.join(contest_id, slow, "2")
    debit = stage.intend(contest_id, slow, key="debit")

    answer = call_off(stage, contest_id)
    assert (answer.json["status"], answer.json["refunds_requested"]) == ("CANCELLED", 1)
    assert stage.deliver(stage.stripe.succeed(debit)).status_code == 200
    stage.tick()

    assert refunds(stage) == [("contest_cancelled", "completed")] * 2
    assert stage.balances() == {"contest_pool": 0, "stripe": 0}
    assert stage.status(contest_id) == "CANCELLED"


def test_calling_off_again_is_answered_as_the_first_time_and_changes_nothing(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    first = call_off(stage, contest_id)
    trail = stage.sql("SELECT id FROM audit_log")
    again = call_off(stage, contest_id)
    assert (again.status_code, again.json) == (200, first.json)
    assert stage.sql("SELECT id FROM audit_log") == trail


def test_too_few_entries_at_the_lock_cancel_the_contest_and_refund_whoever_paid(stage: StagingPlatform) -> None:
    contest_id = stage.contest(min_entries=3)
    stage.entrant(contest_id, "1")
    stage.join(contest_id, stage.user(), "2")
    stage.pass_time(hours=1)
    assert stage.admin_post(f"contests/{contest_id}/force-lock", REASON).json["error"] == "too_few_entries"
    stage.tick(2)
    assert stage.status(contest_id) == "CANCELLED"
    assert refunds(stage) == [("contest_cancelled", "completed")]
    (row,) = stage.sql("SELECT reason, payload FROM audit_log WHERE action = 'contest_cancelled'")
    assert row == {
        "reason": "fewer than 3 entries at the lock",
        "payload": {"entries": 2, "refunds_requested": 1},
    }


def test_enough_entries_lock_it(stage: StagingPlatform) -> None:
    contest_id = stage.contest(min_entries=2)
    for player in ("1", "2"):
        stage.entrant(contest_id, player)
    stage.pass_time(hours=1)
    stage.tick()
    assert stage.status(contest_id) == "LOCKED"


def test_who_leaves_gets_the_fee_back_frees_the_place_and_takes_no_part(stage: StagingPlatform) -> None:
    contest_id = stage.contest(max_entries=2)
    leaving, staying = stage.entrant(contest_id, "1"), stage.entrant(contest_id, "2")

    first, again = leave(stage, contest_id, leaving), leave(stage, contest_id, leaving)
    assert first.json["refunds_requested"] == 1
    assert again.json == first.json
    stage.entrant(contest_id, "3")

    back = stage.post(f"/api/custom-contests/{contest_id}/join", {"roster": ["1"]}, user=leaving)
    assert (back.status_code, back.json["error"]) == (409, "contest_left")
    stage.play(contest_id)
    stage.tick()
    (settled,) = stage.sql("SELECT participant_count, total_pool_cents, results FROM settlement_records")
    assert (settled["participant_count"], settled["total_pool_cents"]) == (2, 2000)
    assert staying in {ranking["user_id"] for ranking in settled["results"]["rankings"]}
    assert refunds(stage) == [("left_contest", "completed")]


def test_a_payment_of_somebody_who_has_left_goes_back(stage: StagingPlatform) -> None:
    contest_id, user = stage.contest(), stage.user()
    stage.join(contest_id, user, "1")
    intent = stage.intend(contest_id, user, key="late")
    assert leave(stage, contest_id, user).json["refunds_requested"] == 0
    assert stage.deliver(stage.stripe.succeed(intent)).status_code == 200
    body = {"contest_instance_id": contest_id, "amount_cents": 1000}
    assert stage.post("/api/payments/intents", body, user=user, Idempotency_Key="k").json["error"] == "contest_left"
    stage.tick()
    assert refunds(stage) == [("left_contest", "completed")]
    assert stage.balances() == {"contest_pool": 0, "stripe": 0}


def test_nobody_leaves_after_the_lock_and_no_stranger_does(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    user = stage.entrant(contest_id, "1")
    assert leave(stage, contest_id, stage.user()).json["error"] == "not_a_participant"
    stage.pass_time(hours=1)
    assert leave(stage, contest_id, user).json["error"] == "contest_not_open"


@pytest.mark.parametrize(("guaranteed", "top_up"), [(5_000, 3_000), (2_000, 0), (0, 0)])
def test_the_platform_adds_what_the_fees_lack_of_a_guaranteed_pool(
    stage: StagingPlatform, guaranteed: int, top_up: int
) -> None:
    contest_id = stage.contest(guaranteed_pool_cents=guaranteed, payout_structure={"1": 70, "2": 12.5})
    for player in ("1", "2"):
        stage.entrant(contest_id, player)
    stage.play(contest_id, strokes={"1": 3})
    stage.tick()

    pool = 2_000 + top_up
    (settled,) = stage.sql("SELECT results, total_pool_cents FROM settlement_records")
    prizes = [ranking["payout_cents"] for ranking in settled["results"]["rankings"]]
    assert (settled["total_pool_cents"], prizes) == (pool, [pool * 70 // 100, pool * 125 // 1000])
    entries = stage.sql("SELECT account, direction, amount_cents FROM ledger WHERE entry_type = 'POOL_TOP_UP'")
    assert [(row["account"].split(":")[0], row["direction"], row["amount_cents"]) for row in entries] == (
        [("platform", "DEBIT", top_up), ("contest_pool", "CREDIT", top_up)] if top_up else []
    )
    assert stage.balances()["contest_pool"] == 0
    assert stage.balances()["platform"] == top_up - (pool - sum(prizes))


def test_a_free_contest_pays_its_guaranteed_prizes_and_none_without(stage: StagingPlatform) -> None:
    paid = stage.contest(entry_fee_cents=0, guaranteed_pool_cents=1_000, contest_name="With prizes")
    honour = stage.contest(entry_fee_cents=0, contest_name="For honour")
    for contest_id in (paid, honour):
        stage.join(contest_id, stage.user(), "1")
    stage.play(paid)
    stage.tick(2)
    transfers = stage.sql("SELECT contest_id, amount_cents, status FROM payout_transfers")
    assert [(str(row["contest_id"]), row["amount_cents"], row["status"]) for row in transfers] == [
        (paid, 700, "completed")
    ]
    for contest_id in (paid, honour):
        assert stage.admin_get(f"contests/{contest_id}").json["stage"] == "PAID_OUT"


def test_a_contest_without_prizes_is_paid_out_without_asking_stripe_for_its_balance(stage: StagingPlatform) -> None:
    contest_id = stage.contest(entry_fee_cents=0)
    stage.join(contest_id, stage.user(), "1")
    stage.play(contest_id)
    stage.stripe.failures["GET balance"] = ["503"]
    stage.tick()
    assert stage.sql("SELECT status, total_payouts FROM payout_jobs") == [{"status": "complete", "total_payouts": 0}]
    assert stage.stripe.failures["GET balance"] == ["503"], "nobody asked"


@pytest.mark.parametrize("before", ["LOCKED", "LIVE"])
def test_a_contest_is_cancelled_with_its_tournament_and_everybody_gets_the_fee_back(
    stage: StagingPlatform, before: str
) -> None:
    contest_id = stage.contest()
    for player in ("1", "2"):
        stage.entrant(contest_id, player)
    stage.pass_time(hours=1)
    stage.tick()
    if before == "LIVE":
        stage.pass_time(hours=1)
        stage.tick(2)
    assert stage.status(contest_id) == before

    stage.provider.body = leaderboard(rounds=0, cancelled=True)
    stage.tick(3)
    assert stage.status(contest_id) == "CANCELLED"
    assert refunds(stage) == [("contest_cancelled", "completed")] * 2
    (moved,) = stage.sql("SELECT from_status, to_status, reason FROM admin_contest_audit WHERE action = 'cancel'")
    assert moved == {
        "from_status": before,
        "to_status": "CANCELLED",
        "reason": "the provider cancelled the tournament",
    }
    assert stage.balances()["contest_pool"] == 0


def test_a_contest_that_could_never_be_played_is_not_created(stage: StagingPlatform) -> None:
    with pytest.raises(AssertionError, match="invalid_entries"):
        stage.contest(min_entries=11)
