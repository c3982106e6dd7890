"""Settlement: who is paid, what is refused, and that a refusal is recorded and not repeated by itself."""

import json
from typing import Any

import pytest

StagingPlatform = Any


def results(stage: StagingPlatform) -> Any:
    return stage.sql("SELECT results, participant_count, total_pool_cents FROM settlement_records")[0]


def test_ties_share_and_the_remainder_goes_to_the_platform(stage: StagingPlatform) -> None:
    contest_id = stage.contest(payout_structure={"1": 50, "2": 17, "3": 16})
    for player in ("1", "2", "3"):
        stage.entrant(contest_id, player)
    stage.play(contest_id)
    stage.tick()
    found = results(stage)
    assert [(r["rank"], r["score"], r["payout_cents"]) for r in found["results"]["rankings"]] == [(1, 288, 830)] * 3
    assert (found["results"]["pool_cents"], found["results"]["platform_cents"]) == (3000, 510)
    adjustment = stage.sql("SELECT account, amount_cents, metadata_json FROM ledger WHERE entry_type = 'ADJUSTMENT'")
    assert {(row["account"].split(":")[0], row["amount_cents"]) for row in adjustment} == {
        ("contest_pool", 510),
        ("platform", 510),
    }
    assert adjustment[0]["metadata_json"] == {"reason": "rake_and_remainder"}


def test_only_who_paid_is_scored(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    payer, spectator = stage.entrant(contest_id, "1"), stage.user()
    stage.join(contest_id, spectator, "2")
    stage.play(contest_id)
    stage.tick()
    assert [r["user_id"] for r in results(stage)["results"]["rankings"]] == [payer]
    assert results(stage)["total_pool_cents"] == 1000


def test_a_contest_nobody_paid_for_is_settled_empty_and_paid_out(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.play(contest_id)
    stage.tick()
    assert results(stage)["results"] == {"rankings": [], "pool_cents": 0, "platform_cents": 0}
    assert stage.admin_get(f"contests/{contest_id}").json["stage"] == "PAID_OUT"


def test_a_missed_round_costs_the_agreed_strokes(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.pass_time(hours=2)
    stage.tick(3)
    board = json.loads(_final_board(stage))
    player = board["events"][0]["competitions"][0]["competitors"][0]
    player["status"]["type"]["name"] = "STATUS_CUT"
    player["linescores"] = player["linescores"][:2]
    stage.provider.body = json.dumps(board)
    stage.tick(2)
    stage.pass_time(hours=1)
    stage.tick()
    assert results(stage)["results"]["rankings"][0]["score"] == 72 + 72 + 80 + 80


def test_incomplete_scores_are_refused_recorded_and_settled_by_a_run_after_the_correction(
    stage: StagingPlatform,
) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.pass_time(hours=2)
    stage.tick(3)
    complete = stage.provider.body = _final_board(stage)
    board = json.loads(complete)
    board["events"][0]["competitions"][0]["competitors"][4]["linescores"].pop()
    stage.provider.body = json.dumps(board)
    stage.tick(2)
    stage.pass_time(hours=1)
    stage.tick(3)
    runs = stage.sql("SELECT status, error_json ->> 'error_code' AS code FROM settlement_audit")
    assert runs == [{"status": "FAILED", "code": "SETTLEMENT_INCOMPLETE_SCORES"}]
    failed = stage.admin_get("diagnostics/settlements").json["failed"]
    assert [(f["contest_id"], f["error_code"]) for f in failed] == [(contest_id, "SETTLEMENT_INCOMPLETE_SCORES")]
    assert f'settlement_status{{contest_id="{contest_id}",status="FAILED"}} 1\n' in stage.client.get("/metrics").text
    again = stage.admin_post(f"contests/{contest_id}/settlement-run", {"reason": "too early"})
    assert (again.status_code, again.json["error"]) == (409, "SETTLEMENT_INCOMPLETE_SCORES")
    stage.provider.body = complete
    assert stage.admin_post("diagnostics/run-ingestion-poller").json["result"]["events_stored"] == 1
    done = stage.admin_post(f"contests/{contest_id}/settlement-run", {"reason": "scores are complete"})
    assert (done.status_code, done.json["success"]) == (200, True)
    stage.tick()
    assert stage.admin_get(f"contests/{contest_id}").json["stage"] == "PAID_OUT"


def _final_board(stage: StagingPlatform) -> str:
    board = json.loads(stage.provider.body)
    event = board["events"][0]
    event["status"]["type"] = {"name": "STATUS_FINAL", "completed": True}
    holes = [{"period": hole, "value": 4} for hole in range(1, 19)]
    for player in event["competitions"][0]["competitors"]:
        player["linescores"] = [{"period": period, "linescores": holes} for period in range(1, 5)]
    return json.dumps(board)


def test_a_pool_the_ledger_does_not_hold_is_refused(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.sql("SET session_replication_role = replica; UPDATE ledger SET amount_cents = 999")
    stage.play(contest_id)
    stage.tick()
    runs = stage.sql("SELECT status, error_json ->> 'error_code' AS code FROM settlement_audit")
    assert runs == [{"status": "FAILED", "code": "SETTLEMENT_INCONSISTENT_STATE"}]


@pytest.mark.parametrize("hours", [0, 2])
def test_a_contest_that_is_not_complete_cannot_be_settled(stage: StagingPlatform, hours: int) -> None:
    contest_id = stage.contest()
    stage.pass_time(hours=hours)
    stage.tick(2)
    answer = stage.admin_post(f"contests/{contest_id}/settle", {"reason": "impatience"})
    assert (answer.status_code, answer.json["error"]) == (409, "contest_not_complete")
    assert stage.sql("SELECT status FROM settlement_audit") == []


def test_settlement_waits_for_the_end_time(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.pass_time(hours=2)
    stage.tick(3)
    stage.provider.body = _final_board(stage)
    stage.tick(3)
    assert stage.status(contest_id) == "COMPLETE"
    assert stage.sql("SELECT id FROM settlement_records") == []
    stage.pass_time(hours=1)
    stage.tick()
    assert len(stage.sql("SELECT id FROM settlement_records")) == 1


def test_a_database_error_that_may_pass_is_tried_again(stage: StagingPlatform, monkeypatch: pytest.MonkeyPatch) -> None:
    from sqlalchemy.exc import OperationalError

    from simulation.staging.settlement import prizes

    contest_id = stage.contest()
    stage.entrant(contest_id, "1")
    stage.play(contest_id)

    def dropped(*_: object, **_named: object) -> None:
        raise OperationalError("SELECT", {}, Exception("connection lost"))

    with monkeypatch.context() as patched:
        patched.setattr(prizes, "rankings", dropped)
        stage.tick()
    assert stage.sql("SELECT status FROM settlement_audit") == []
    stage.tick()
    assert stage.sql("SELECT status FROM settlement_audit") == [{"status": "COMPLETE"}]
