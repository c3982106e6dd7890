"""The poller: what is stored, what is an error, and that nothing fails silently."""

import json
from typing import Any

import pytest
import requests

StagingPlatform = Any


@pytest.fixture
def live(stage: StagingPlatform) -> str:
    contest_id: str = stage.contest()
    stage.pass_time(hours=2)
    stage.tick(3)
    assert stage.status(contest_id) == "LIVE"
    return contest_id


def events(stage: StagingPlatform) -> list[str]:
    rows = stage.sql("SELECT validation_status FROM ingestion_events ORDER BY sequence_number")
    return [row["validation_status"] for row in rows]


def error_codes(stage: StagingPlatform) -> list[str]:
    rows = stage.sql("SELECT error_code FROM ingestion_validation_errors ORDER BY sequence_number")
    return [row["error_code"] for row in rows]


def one_round_on(stage: StagingPlatform) -> str:
    board = json.loads(stage.provider.body)
    holes = [{"period": hole, "value": 4} for hole in range(1, 19)]
    for player in board["events"][0]["competitions"][0]["competitors"]:
        player["linescores"].append({"period": len(player["linescores"]) + 1, "linescores": holes})
    return json.dumps(board)


def test_an_unchanged_board_is_a_success_and_stored_once(stage: StagingPlatform, live: str) -> None:
    assert events(stage) == ["VALID"]
    stage.tick(3)
    assert events(stage) == ["VALID"]
    assert stage.admin_get("diagnostics/ingestion").json["feeds"][0]["lag_seconds"] == 0


def test_a_new_board_is_a_new_event(stage: StagingPlatform, live: str) -> None:
    stage.provider.body = one_round_on(stage)
    stage.tick()
    assert events(stage) == ["VALID", "VALID"]


def test_a_second_contest_of_the_tournament_gets_its_field_though_the_board_is_unchanged(
    stage: StagingPlatform, live: str
) -> None:
    second = stage.contest()
    stage.pass_time(hours=2)
    stage.tick(3)
    assert stage.status(second) == "LIVE"
    per_contest = stage.sql("SELECT count(*) AS n FROM ingestion_events GROUP BY contest_instance_id")
    assert per_contest == [{"n": 1}, {"n": 1}]


@pytest.mark.parametrize(
    ("error", "status", "code", "requests_a_poll"),
    [
        (requests.ReadTimeout("slow"), 200, "PROVIDER_TIMEOUT", 4),
        (requests.ConnectionError("reset"), 200, "NETWORK_ERROR", 4),
        (None, 503, "PROVIDER_ERROR", 4),
        (None, 404, "PROVIDER_NOT_FOUND", 1),
        (None, 403, "PROVIDER_FORBIDDEN", 1),
        (None, 401, "PROVIDER_UNAUTHORIZED", 1),
        (None, 400, "PROVIDER_INVALID_REQUEST", 1),
    ],
)
def test_an_outage_is_recorded_once_logged_each_time_and_shows_as_lag(
    stage: StagingPlatform, live: str, error: Exception | None, status: int, code: str, requests_a_poll: int
) -> None:
    stage.provider.error, stage.provider.status, before = error, status, stage.provider.requests
    stage.tick(3)
    assert error_codes(stage) == [code]
    assert sum(code in line for line in stage.log) == 3
    assert stage.provider.requests - before == 3 * requests_a_poll
    page = stage.admin_get("diagnostics/ingestion").json
    assert page["feeds"][0]["consecutive_failures"] == 3
    assert page["feeds"][0]["last_error"] == code
    assert page["max_lag_seconds"] >= 900
    stage.provider.error, stage.provider.status = None, 200
    assert stage.admin_post("diagnostics/run-ingestion-poller").json["result"] == {
        "feeds_polled": 1, "feeds_failed": 0, "events_stored": 0,
    }  # fmt: skip
    assert stage.admin_get("diagnostics/ingestion").json["max_lag_seconds"] == 0


def test_each_kind_of_failure_in_an_outage_is_recorded(stage: StagingPlatform, live: str) -> None:
    for stage.provider.status in (503, 503, 404, 503):
        stage.tick()
    assert error_codes(stage) == ["PROVIDER_ERROR", "PROVIDER_NOT_FOUND", "PROVIDER_ERROR"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ("{bad", "MALFORMED_JSON"),
        ('{"events": NaN}', "MALFORMED_JSON"),
        ('{"events": null}', "SCHEMA_MISMATCH"),
        ('{"events": [{"label": "Op\\u0000en"}]}', "MALFORMED_JSON"),
        ('{"events": [{"Op\\u0000en": 1}]}', "MALFORMED_JSON"),
        ('{"events": [{"label": "Op\\ud800en"}]}', "MALFORMED_JSON"),
        ('{"events": "\x00"}', "MALFORMED_JSON"),
    ],
)
def test_a_bad_payload_is_stored_once_as_invalid_and_the_good_one_after_it_is_taken(
    stage: StagingPlatform, live: str, body: str, code: str
) -> None:
    good, stage.provider.body = stage.provider.body, body
    stage.tick(2)
    assert events(stage) == ["VALID", "INVALID"]
    assert error_codes(stage) == [code]
    assert sum(code in line for line in stage.log) == 2
    stage.provider.body = good
    stage.tick()
    assert events(stage) == ["VALID", "INVALID", "VALID"]
    listed = stage.admin_get(f"contests/{live}/validation-errors").json["validation_errors"]
    assert [row["error_code"] for row in listed] == [code]
    assert len(stage.admin_get(f"contests/{live}/ingestion-events").json["ingestion_events"]) == 3


def test_a_whole_surrogate_pair_is_a_character_like_any_other(stage: StagingPlatform, live: str) -> None:
    board = json.loads(stage.provider.body)
    board["events"][0]["label"] = "Open \U0001f3cc"
    stage.provider.body = json.dumps(board)
    assert "\\ud83c" in stage.provider.body
    stage.tick()
    assert events(stage) == ["VALID", "VALID"]


@pytest.mark.parametrize("body", ["", '{"events": [{"label": "Op\\u0000en"}]}'])
def test_scores_that_never_came_are_late_from_the_lock_on(stage: StagingPlatform, body: str) -> None:
    contest_id = stage.contest()
    stage.provider.body, stage.provider.status = body, 200 if body else 503
    assert "ingestion_lag_seconds" not in stage.client.get("/metrics").text, "nobody waits for scores yet"
    stage.pass_time(hours=1)
    stage.tick(13)
    assert stage.status(contest_id) == "LOCKED"
    (line,) = [line for line in stage.client.get("/metrics").text.splitlines() if line.startswith("ingestion_lag")]
    assert float(line.split()[-1]) == pytest.approx(65 * 60, abs=120), "13 polls with their back-offs"
    (feed,) = stage.admin_get("diagnostics/ingestion").json["feeds"]
    assert (feed["last_success_at"], feed["consecutive_failures"]) == (None, 13)
    assert feed["lag_seconds"] == pytest.approx(65 * 60, abs=120)


def test_a_contest_is_not_late_for_what_was_before_its_lock(stage: StagingPlatform) -> None:
    stage.sql(
        "INSERT INTO ingestion_feeds (provider_event_id, last_success_at, last_attempt_at)"
        " VALUES ('E1', now() - interval '3 days', now() - interval '3 days')"
    )
    stage.contest()
    stage.pass_time(hours=1)
    stage.jobs["lifecycle_reconciler"].run()
    stage.pass_time(hours=1)
    (line,) = [line for line in stage.client.get("/metrics").text.splitlines() if line.startswith("ingestion_lag")]
    assert float(line.split()[-1]) == pytest.approx(3600, abs=2)


def test_a_board_that_lost_a_player_is_refused(stage: StagingPlatform, live: str) -> None:
    board = json.loads(stage.provider.body)
    board["events"][0]["competitions"][0]["competitors"].pop()
    stage.provider.body = json.dumps(board)
    stage.tick()
    assert events(stage) == ["VALID", "INVALID"]


def test_a_contest_does_not_end_by_silence(stage: StagingPlatform, live: str) -> None:
    stage.provider.error = requests.ConnectionError("gone")
    stage.tick(48)
    assert stage.status(live) == "LIVE"


def test_a_contest_without_field_does_not_start(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    stage.provider.body = '{"events": null}'
    stage.pass_time(hours=3)
    stage.tick(13)
    assert stage.status(contest_id) == "LOCKED"
    page = stage.client.get("/metrics").text
    assert "contest_status_transitions_failed 0\n" in page, "it waits for scores, and that is told as lag"
    (lag,) = [line for line in page.splitlines() if line.startswith("ingestion_lag")]
    assert float(lag.split()[-1]) > 3 * 3600
