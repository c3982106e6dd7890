"""Somebody else has the role's connections: the metric says so, ops see who it is, end their sessions, start anew."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
import pytest

from simulation.environment.protocol import Database
from simulation.environment.sessions import end_session
from tests.integration.staging.conftest import StagingPlatform

REASON = {"reason": "a test says so"}
REPORT = {"application": "report", **REASON}


@contextmanager
def nothing_left(database: Database) -> Iterator[list[psycopg.Connection[Any]]]:
    """Another program takes every connection that the server still grants; the first hangs in a transaction."""
    taken: list[psycopg.Connection[Any]] = []
    with contextlib.suppress(psycopg.OperationalError):
        while len(taken) < 1_000:
            taken.append(psycopg.connect(database.conninfo("platform", application="report")))
    taken[0].execute("SELECT 1")
    try:
        yield taken
    finally:
        for session in taken:
            end_session(session)


def available(stage: StagingPlatform) -> float:
    lines = stage.client.get("/metrics").text.splitlines()
    (line,) = [line for line in lines if line.startswith("database_connection_pool_available ")]
    return float(line.split()[1])


def test_the_metric_is_what_the_server_would_grant(stage: StagingPlatform, database: Database) -> None:
    stage.contest()
    before = available(stage)
    assert before >= 5
    with nothing_left(database):
        assert available(stage) < 5
        page = stage.admin_get("diagnostics/database").json
        assert page["free_connections"] == 0
        assert page["available_connections"] == available(stage)
    assert available(stage) == before


def test_ops_see_who_has_the_connections_and_whether_they_are_at_work(
    stage: StagingPlatform, database: Database
) -> None:
    with nothing_left(database) as taken:
        sessions = {row["application"]: row for row in stage.admin_get("diagnostics/database").json["sessions"]}
        report = sessions["report"]
        assert (report["sessions"], report["idle"], report["in_transaction"]) == (len(taken), len(taken), 1)
        assert report["own"] is False


def test_what_is_open_still_works_while_nothing_new_can_be_had(stage: StagingPlatform, database: Database) -> None:
    contest_id = stage.contest()
    with nothing_left(database):
        stage.pass_time(hours=1)
        stage.tick()
        assert stage.status(contest_id) == "LOCKED"


def test_ops_end_the_sessions_and_start_the_pool_anew(stage: StagingPlatform, database: Database) -> None:
    stage.contest()
    with nothing_left(database) as taken:
        answer = stage.admin_post("database/restart-pool", REASON)
        assert (answer.status_code, answer.json["error"]) == (409, "no_free_connections")
        answer = stage.admin_post("database/end-sessions", REPORT)
        assert (answer.status_code, answer.json) == (200, {"success": True, "ended": len(taken)})
        with pytest.raises(psycopg.OperationalError):
            taken[0].execute("SELECT 1")
        answer = stage.admin_post("database/restart-pool", REASON)
        assert answer.json["available_connections"] >= 5
    rows = stage.sql("SELECT event, detail, reason FROM operations_events ORDER BY sequence_number")
    assert [row["event"] for row in rows] == ["sessions_ended", "pool_restarted"]
    assert rows[0]["detail"] == {"application": "report", "ended": len(taken)}
    audited = stage.sql("SELECT action, reason FROM audit_log WHERE entity_type = 'database' ORDER BY sequence_number")
    assert [(row["action"], row["reason"]) for row in audited] == [
        ("database_sessions_ended", REASON["reason"]),
        ("database_pool_restarted", REASON["reason"]),
    ]


@pytest.mark.parametrize("name", ["platform", "staging-jobs"])
def test_nobody_ends_the_platforms_own_sessions(stage: StagingPlatform, name: str) -> None:
    stage.contest()
    own = stage.admin_post("database/end-sessions", {"application": name, **REASON})
    assert (own.status_code, own.json["error"]) == (409, "own_sessions")
    assert [row["own"] for row in stage.admin_get("diagnostics/database").json["sessions"]] == [True]


def test_sessions_that_are_not_there_are_not_ended(stage: StagingPlatform) -> None:
    nobody = stage.admin_post("database/end-sessions", REPORT)
    assert (nobody.status_code, nobody.json["error"]) == (404, "no_such_sessions")


@pytest.mark.parametrize("action", ["end-sessions", "restart-pool"])
def test_only_admins_with_a_reason(stage: StagingPlatform, action: str) -> None:
    assert stage.client.post(f"/api/admin/database/{action}", json=REPORT).status_code == 401
    assert stage.admin_post(f"database/{action}", {"application": "report"}).status_code == 400
