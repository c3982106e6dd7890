"""A contest that is over is exported, its archive is tried, and lost rows come back from it, and only they."""

from __future__ import annotations

import copy
import json
from typing import Any

import psycopg
import pytest

from simulation.staging.canonical import sha256_of
from simulation.staging.contests.archive import TABLES

StagingPlatform = Any


@pytest.fixture
def over(stage: StagingPlatform) -> str:
    """A contest that is settled and paid out."""
    contest_id: str = stage.contest()
    for player in ("1", "2", "3"):
        stage.entrant(contest_id, player)
    stage.play(contest_id, strokes={"1": 3})
    stage.tick(3)
    assert stage.sql("SELECT status FROM payout_jobs")[0]["status"] == "complete"
    return contest_id


def archive_of(stage: StagingPlatform, contest_id: str) -> dict[str, Any]:
    answer = stage.admin_post(f"contests/{contest_id}/export", {"reason": "weekly backup"})
    assert answer.status_code == 200, answer.text
    archive: dict[str, Any] = json.loads(answer.text)
    return archive


def lose(stage: StagingPlatform, table: str, where: str = "true") -> int:
    """Rows vanish past every trigger, as a damaged disk takes them."""
    statement = f"WITH gone AS (DELETE FROM {table} WHERE {where} RETURNING 1) SELECT count(*) FROM gone"
    with psycopg.connect(stage.conninfo("superuser"), autocommit=True) as connection:
        connection.execute("SET session_replication_role = replica")
        (row,) = connection.execute(statement.encode()).fetchall()
    return int(row[0])


def checked(stage: StagingPlatform, contest_id: str, archive: object) -> Any:
    return stage.admin_post(f"contests/{contest_id}/archive-check", archive)


def restored(stage: StagingPlatform, contest_id: str, archive: object, *, missing: int) -> Any:
    body = {"archive": archive, "reason": "rows lost", "confirmed_missing_rows": missing}
    return stage.admin_post(f"contests/{contest_id}/restore", body)


def test_an_export_has_every_row_of_the_contest_and_stands_in_its_trail(stage: StagingPlatform, over: str) -> None:
    archive = archive_of(stage, over)
    counts = {name: table["count"] for name, table in archive["tables"].items()}
    for name, column in (("ledger", "contest_instance_id"), ("payout_transfers", "contest_id")):
        assert counts[name] == stage.sql(f"SELECT count(*) FROM {name} WHERE {column} = %s", over)[0]["count"] > 0
    assert (archive["contest_id"], archive["status"]) == (over, "COMPLETE")
    (trail,) = stage.sql("SELECT * FROM admin_contest_audit WHERE action = 'contest_exported'")
    assert (trail["reason"], trail["payload"]) == ("weekly backup", {"sha256": archive["sha256"]})
    (record,) = stage.sql("SELECT * FROM audit_log WHERE action = 'contest_exported'")
    assert record["actor"] == str(stage.admin_id)


def test_an_archive_has_every_table_whose_rows_belong_to_a_contest(stage: StagingPlatform) -> None:
    owned = stage.sql(
        "SELECT DISTINCT table_name FROM information_schema.columns WHERE table_schema = 'public'"
        " AND column_name IN ('contest_id', 'contest_instance_id')"
    )
    assert {row["table_name"] for row in owned} | {"contest_instances"} == {table.name for table in TABLES}


def test_a_contest_that_is_not_over_is_not_exported(stage: StagingPlatform) -> None:
    answer = stage.admin_post(f"contests/{stage.contest()}/export", {"reason": "too early"})
    assert (answer.status_code, answer.json["error"]) == (409, "contest_not_over")
    assert stage.sql("SELECT * FROM admin_contest_audit WHERE action = 'contest_exported'") == []


def test_an_export_without_a_reason_is_refused(stage: StagingPlatform, over: str) -> None:
    answer = stage.admin_post(f"contests/{over}/export")
    assert (answer.status_code, answer.json["error"]) == (400, "missing_required_fields")


def test_a_fresh_archive_can_be_restored_and_nothing_is_missing(stage: StagingPlatform, over: str) -> None:
    archive = archive_of(stage, over)
    answer = checked(stage, over, archive).json
    assert (answer["restorable"], answer["missing"], answer["differing"]) == (True, 0, 0)
    assert answer["newer"] == 1, "the export itself, in the contest's trail"
    assert answer["archived"] == sum(table["count"] for table in archive["tables"].values())


def test_a_lost_refund_request_comes_back(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    leaving, *_ = [stage.entrant(contest_id, player) for player in ("1", "2", "3")]
    reason = {"reason": "a test says so"}
    asked = stage.post(f"/api/custom-contests/{contest_id}/refund-request", reason, user=leaving)
    assert asked.status_code == 201, asked.text
    stage.play(contest_id, strokes={"1": 3})
    stage.tick(3)
    archive, before = archive_of(stage, contest_id), stage.sql("SELECT * FROM refund_requests")
    assert restored(stage, contest_id, archive, missing=lose(stage, "refund_requests")).status_code == 200
    assert stage.sql("SELECT * FROM refund_requests") == before != []


def test_the_dry_run_counts_what_was_lost_and_changes_nothing(stage: StagingPlatform, over: str) -> None:
    archive = archive_of(stage, over)
    lost = lose(stage, "score_history") + lose(stage, "ingestion_events")
    assert checked(stage, over, archive).json["missing"] == lost > 1
    assert stage.sql("SELECT * FROM score_history") == []


def test_lost_rows_come_back_as_they_were(stage: StagingPlatform, over: str) -> None:
    archive = archive_of(stage, over)
    before = {name: stage.sql(f"SELECT * FROM {name} ORDER BY id") for name in ("ingestion_events", "ledger")}
    lost = lose(stage, "ingestion_events") + lose(stage, "ledger")
    answer = restored(stage, over, archive, missing=lost)
    assert (answer.status_code, answer.json["missing"], answer.json["differing"]) == (200, 0, 0)
    assert {name: stage.sql(f"SELECT * FROM {name} ORDER BY id") for name in before} == before
    (trail,) = stage.sql("SELECT * FROM admin_contest_audit WHERE action = 'contest_restored'")
    assert sum(trail["payload"]["restored"].values()) == lost
    assert len(stage.sql("SELECT * FROM audit_log WHERE action = 'contest_restored'")) == 1


def test_a_whole_contest_comes_back(stage: StagingPlatform, over: str) -> None:
    archive = archive_of(stage, over)
    lost = sum(lose(stage, name) for name in archive["tables"])
    assert stage.sql("SELECT * FROM contest_instances") == []
    kept = archive["tables"]["admin_contest_audit"]["count"]
    assert restored(stage, over, archive, missing=lost - 1).status_code == 200, "all but the export's own entry"
    assert stage.sql("SELECT count(*) FROM admin_contest_audit")[0]["count"] == kept + 1
    assert stage.status(over) == "COMPLETE"


@pytest.mark.parametrize(
    ("confirmed", "lost", "error"), [(1, False, "nothing_to_restore"), (1, True, "data_loss_not_confirmed")]
)
def test_a_restore_that_nobody_needs_or_confirmed_is_refused(
    stage: StagingPlatform, over: str, confirmed: int, lost: bool, error: str
) -> None:
    archive = archive_of(stage, over)
    if lost:
        assert lose(stage, "ledger") > 1
    answer = restored(stage, over, archive, missing=confirmed)
    assert (answer.status_code, answer.json["error"]) == (409, error)
    assert stage.sql("SELECT * FROM admin_contest_audit WHERE action = 'contest_restored'") == []


def test_a_restore_never_overwrites(stage: StagingPlatform, over: str) -> None:
    archive = archive_of(stage, over)
    rows = archive["tables"]["contest_participants"]["rows"]
    rows[0]["roster"] = ["9"]
    reseal(archive)
    lost = lose(stage, "score_history")
    answer = restored(stage, over, archive, missing=lost)
    assert (answer.status_code, answer.json["error"]) == (409, "restore_would_overwrite")
    assert "contest_participants" in answer.json["message"]
    assert stage.sql("SELECT * FROM score_history") == []


def reseal(archive: dict[str, Any]) -> None:
    for table in archive["tables"].values():
        table["sha256"], table["count"] = sha256_of(table["rows"]), len(table["rows"])
    archive["sha256"] = sha256_of({name: table["sha256"] for name, table in archive["tables"].items()})


def a_row_changed(archive: dict[str, Any]) -> None:
    archive["tables"]["ledger"]["rows"][0]["amount_cents"] += 1


def a_row_gone(archive: dict[str, Any]) -> None:
    archive["tables"]["ledger"]["rows"].pop()


def a_table_gone(archive: dict[str, Any]) -> None:
    del archive["tables"]["ledger"]


def a_hash_changed(archive: dict[str, Any]) -> None:
    archive["sha256"] = "0" * 64


@pytest.mark.parametrize("damage", [a_row_changed, a_row_gone, a_table_gone, a_hash_changed, dict.clear])
def test_a_damaged_archive_is_refused(stage: StagingPlatform, over: str, damage: Any) -> None:
    archive = copy.deepcopy(archive_of(stage, over))
    damage(archive)
    answer = checked(stage, over, archive)
    assert (answer.status_code, answer.json["error"]) == (400, "archive_damaged")
    answer = restored(stage, over, archive, missing=1)
    assert (answer.status_code, answer.json["error"]) == (400, "archive_damaged")


def test_an_archive_of_another_contest_is_refused(stage: StagingPlatform, over: str) -> None:
    answer = checked(stage, stage.contest(), archive_of(stage, over))
    assert (answer.status_code, answer.json["error"]) == (409, "archive_of_another_contest")


def test_an_archive_the_tables_would_not_take_fails_the_dry_run(stage: StagingPlatform, over: str) -> None:
    archive = archive_of(stage, over)
    archive["tables"]["ledger"]["rows"][0]["amount_cents"] = -1
    reseal(archive)
    answer = checked(stage, over, archive)
    assert (answer.status_code, answer.json["error"]) == (409, "archive_not_restorable")
