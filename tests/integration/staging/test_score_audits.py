"""A correction after the settlement: found, answered by a replay, and without effect on what was settled and paid."""

from typing import Any

import pytest

from tests.integration.staging.conftest import leaderboard

StagingPlatform = Any
REASON = {"reason": "counted again"}
NOBODY = "00000000-0000-0000-0000-000000000001"


@pytest.fixture
def settled(stage: StagingPlatform) -> str:
    """A contest that was settled and paid: player 1 with 12 strokes fewer than player 2."""
    contest_id: str = stage.contest()
    stage.entrant(contest_id, "1")
    stage.entrant(contest_id, "2")
    stage.play(contest_id, strokes={"1": 3, "2": 6})
    stage.tick(3)
    assert stage.sql("SELECT DISTINCT status FROM payout_transfers") == [{"status": "completed"}]
    return contest_id


def correct(stage: StagingPlatform, *, hours: float = 3, **strokes: int) -> None:
    stage.pass_time(hours=hours)
    stage.provider.body = leaderboard(rounds=4, final=True, strokes={"1": 3, "2": 6} | strokes)
    stage.tick()


def open_findings(stage: StagingPlatform) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = stage.admin_get("score-audits?open=true").json["score_audits"]
    return rows


def mismatches(stage: StagingPlatform) -> str:
    page = stage.client.get("/metrics").text
    return next(line.split()[1] for line in page.splitlines() if line.startswith("score_audit_mismatches "))


def settled_and_paid(stage: StagingPlatform) -> list[Any]:
    return [
        stage.sql("SELECT results, results_sha256 FROM settlement_records"),
        stage.sql("SELECT user_id, amount_cents, status FROM payout_transfers ORDER BY user_id"),
        stage.balances(),
    ]


def test_a_correction_is_a_new_event_and_a_finding_and_changes_nothing_settled(
    stage: StagingPlatform, settled: str
) -> None:
    before = settled_and_paid(stage)
    events = len(stage.sql("SELECT id FROM ingestion_events"))
    correct(stage, **{"1": 9})
    assert len(stage.sql("SELECT id FROM ingestion_events")) == events + 1
    (finding,) = open_findings(stage)
    assert [(d["settled"], d["corrected"]) for d in finding["differences"]] == [(284, 308)]
    assert (finding["settlement_runs_complete"], finding["prizes_open"]) == (1, 0)
    assert mismatches(stage) == "1"
    assert settled_and_paid(stage) == before


def test_without_a_correction_nobody_finds_anything(stage: StagingPlatform, settled: str) -> None:
    stage.pass_time(hours=3)
    stage.tick(2)
    assert stage.sql("SELECT id FROM score_audits") == []
    assert mismatches(stage) == "0"


def test_a_correction_that_touches_no_entrants_player_is_kept_and_is_no_finding(
    stage: StagingPlatform, settled: str
) -> None:
    correct(stage, **{"5": 9})
    assert len(stage.sql("SELECT id FROM score_audits")) == 1
    assert open_findings(stage) == []
    assert mismatches(stage) == "0"


def test_the_provider_is_asked_once_an_hour_for_a_day_and_not_after_it(stage: StagingPlatform, settled: str) -> None:
    asked = stage.provider.requests
    stage.tick(8)
    assert stage.provider.requests == asked
    stage.tick(12)
    assert stage.provider.requests == asked + 1
    correct(stage, hours=25, **{"1": 9})
    assert open_findings(stage) == []


def test_a_replay_proves_the_settlement_and_changes_nothing(stage: StagingPlatform, settled: str) -> None:
    correct(stage, **{"1": 9})
    before = settled_and_paid(stage)
    answer = stage.admin_post(f"contests/{settled}/settlement-replay", REASON).json
    assert answer["follows"] is True
    assert answer["replay"]["settled_results_sha256"] == answer["replay"]["replayed_results_sha256"]
    assert settled_and_paid(stage) == before
    (last,) = stage.sql("SELECT action, reason, payload FROM admin_contest_audit ORDER BY sequence_number DESC LIMIT 1")
    assert (last["action"], last["reason"], last["payload"]["follows"]) == (
        "settlement_replayed",
        "counted again",
        True,
    )


def test_a_finding_is_resolved_with_a_reason_and_can_be_opened_again(stage: StagingPlatform, settled: str) -> None:
    correct(stage, **{"1": 9})
    path = f"score-audits/{open_findings(stage)[0]['id']}/resolve"
    assert stage.admin_post(path, {"resolved": True}).status_code == 400
    assert stage.admin_post(path, REASON | {"resolved": True}).json == {"success": True, "resolved": True}
    assert (open_findings(stage), mismatches(stage)) == ([], "0")
    (kept,) = stage.admin_get("score-audits?open=false").json["score_audits"]
    assert kept["resolution_reason"] == "counted again"
    assert stage.admin_post(path, REASON | {"resolved": False}).json["resolved"] is False
    assert (len(open_findings(stage)), mismatches(stage)) == (1, "1")


@pytest.mark.parametrize(
    "tampering",
    [
        "UPDATE settlement_records SET results_sha256 = repeat('0', 64)",
        "UPDATE score_history SET scores_hash = repeat('0', 64)",
        "UPDATE payout_transfers SET amount_cents = amount_cents + 1",
    ],
)
def test_what_does_not_follow_from_its_checkpoint_is_said_and_cannot_be_resolved(
    stage: StagingPlatform, settled: str, tampering: str
) -> None:
    correct(stage, **{"1": 9})
    stage.sql("SET session_replication_role = replica; " + tampering)
    assert stage.admin_post(f"contests/{settled}/settlement-replay", REASON).json["follows"] is False
    refused = stage.admin_post(f"score-audits/{open_findings(stage)[0]['id']}/resolve", REASON | {"resolved": True})
    assert (refused.status_code, refused.json["error"]) == (409, "settlement_not_proven")
    assert mismatches(stage) == "1"


def test_what_is_not_there_is_refused(stage: StagingPlatform, settled: str) -> None:
    other = stage.contest()
    assert stage.admin_post(f"contests/{other}/settlement-replay", REASON).json["error"] == "settlement_not_found"
    assert stage.admin_post(f"score-audits/{NOBODY}/resolve", REASON | {"resolved": True}).status_code == 404
    assert stage.admin_get("score-audits?open=perhaps").status_code == 400
    assert stage.client.get("/api/admin/score-audits").status_code == 401
    assert stage.client.post(f"/api/admin/score-audits/{NOBODY}/resolve", json=REASON).status_code == 401
    assert stage.client.post(f"/api/admin/contests/{settled}/settlement-replay", json=REASON).status_code == 401
