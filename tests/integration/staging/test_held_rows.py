"""Another session holds a contest's row: nobody waits behind it, it is on record, and ops can end it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from simulation.environment.protocol import Database
from simulation.environment.sessions import end_session
from tests.integration.staging.conftest import StagingPlatform

REASON = {"reason": "a test says so"}


@contextmanager
def held(database: Database, contest_id: str) -> Iterator[psycopg.Connection[Any]]:
    session = psycopg.connect(database.conninfo("platform", application="hanging-worker"))
    session.execute("SELECT id FROM contest_instances WHERE id = %s FOR NO KEY UPDATE", (contest_id,))
    yield session
    end_session(session)


def failed_transitions(stage: StagingPlatform) -> float:
    (line,) = [
        line for line in stage.client.get("/metrics").text.splitlines() if line.startswith("contest_status_transitions")
    ]
    return float(line.split()[1])


def test_a_held_contest_is_not_locked_and_the_failure_is_on_record_once(
    stage: StagingPlatform, database: Database
) -> None:
    contest_id = stage.contest()
    stage.pass_time(hours=1)
    with held(database, contest_id):
        stage.tick(4)
        assert stage.status(contest_id) == "SCHEDULED"
        assert failed_transitions(stage) == 1
        assert stage.admin_post(f"contests/{contest_id}/force-lock", REASON).json["error"] == "contest_busy"
        page = stage.admin_get("diagnostics/database").json
        assert [holder["application"] for holder in page["holding_contests"]] == ["hanging-worker"]
    stage.tick()
    assert stage.status(contest_id) == "LOCKED"
    trail = stage.admin_get(f"contests/{contest_id}/audit").json["audit"]
    assert [(row["action"], row["reason"]) for row in trail if row["action"] == "transition_failed"] == [
        ("transition_failed", "transition to LOCKED failed: ContestBusy")
    ]


def test_ops_end_the_session_and_lock_the_contest(stage: StagingPlatform, database: Database) -> None:
    contest_id = stage.contest()
    stage.pass_time(hours=1)
    with held(database, contest_id):
        stage.tick()
        answer = stage.admin_post(f"contests/{contest_id}/end-blocking-sessions", REASON)
        assert (answer.status_code, answer.json) == (200, {"success": True, "ended": 1})
        assert stage.admin_post(f"contests/{contest_id}/end-blocking-sessions", REASON).json["ended"] == 0
        assert stage.admin_post(f"contests/{contest_id}/force-lock", REASON).status_code == 200
    assert stage.status(contest_id) == "LOCKED"


def test_a_payment_for_a_held_contest_gets_its_second_chance(stage: StagingPlatform, database: Database) -> None:
    contest_id = stage.contest()
    user = stage.user()
    stage.join(contest_id, user, "1")
    event = stage.stripe.succeed(stage.intend(contest_id, user, key="first"))
    with held(database, contest_id):
        for _ in range(3):
            answer = stage.deliver(event)
            assert (answer.status_code, answer.json["error"]) == (503, "contest_busy")
    letters = stage.sql("SELECT * FROM stripe_webhook_dead_letters")
    assert not letters, "the event has not failed"
    assert stage.deliver(event).status_code == 200
    assert stage.balances()["stripe"] == 1000


def test_only_admins_with_a_reason_end_sessions(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    path = f"contests/{contest_id}/end-blocking-sessions"
    assert stage.client.post(f"/api/admin/{path}", json=REASON).status_code == 401
    assert stage.admin_post(path).status_code == 400
    assert stage.admin_post("contests/00000000-0000-0000-0000-000000000001/end-blocking-sessions", REASON).json[
        "error"
    ] == ("contest_not_found")
