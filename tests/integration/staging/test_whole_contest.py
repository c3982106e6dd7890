"""A contest from SCHEDULED to PAID_OUT, and what its trail says afterwards."""

from typing import Any

import pytest

# `Stage` comes from the fixture `stage`; test modules cannot import a conftest.
StagingPlatform = Any

GOVERNED = """
    users contest_instances contest_participants payment_intents stripe_events stripe_webhook_dead_letters ledger
    refunds ingestion_events ingestion_validation_errors settlement_audit score_history settlement_records payout_jobs
    payout_transfers admin_contest_audit runbook_executions
"""


@pytest.fixture
def played(stage: StagingPlatform) -> str:
    contest_id: str = stage.contest()
    for player in ("1", "2", "3"):
        stage.entrant(contest_id, player)
    stage.play(contest_id, strokes={"1": 2, "2": 3})
    stage.tick()
    return contest_id


def test_every_stage_is_reached_without_anybody(stage: StagingPlatform, played: str) -> None:
    assert stage.admin_get(f"contests/{played}").json["stage"] == "PAID_OUT"
    steps = stage.sql(
        "SELECT from_status, to_status, admin_user_id::text AS actor FROM admin_contest_audit "
        "WHERE from_status <> to_status ORDER BY sequence_number"
    )
    assert [(step["from_status"], step["to_status"]) for step in steps] == [
        ("SCHEDULED", "LOCKED"),
        ("LOCKED", "LIVE"),
        ("LIVE", "COMPLETE"),
    ]
    assert {step["actor"] for step in steps} == {"00000000-0000-0000-0000-000000000000"}


def test_every_cent_is_where_it_belongs(stage: StagingPlatform, played: str) -> None:
    assert stage.balances() == {"contest_pool": 0, "platform": -300, "stripe": 300, "winnings_payable": 0}
    transfers = stage.stripe.objects["transfers"].values()
    assert sorted(transfer["amount"] for transfer in transfers) == [600, 2100]
    assert {transfer["transfer_group"] for transfer in transfers} == {f"contest:{played}"}


def test_every_transaction_has_exactly_one_audit_record_and_the_reverse(stage: StagingPlatform, played: str) -> None:
    assert stage.status(played) == "COMPLETE"
    changes: set[str] = set()
    for table in GOVERNED.split():
        rows = stage.sql(f"SELECT DISTINCT xmin::text AS xid FROM {table}")
        changes |= {row["xid"] for row in rows}
    seed = stage.sql("SELECT xmin::text AS xid FROM users WHERE role = 'system'")[0]["xid"]
    audit = stage.sql("SELECT transaction_id::text AS xid, reason, actor, request_id FROM audit_log")
    recorded = {row["xid"] for row in audit}
    assert changes - {seed} <= recorded
    assert len(audit) == len(recorded)
    assert all(row["reason"] and row["actor"] and row["request_id"] for row in audit)


def test_an_idle_tick_writes_nothing(stage: StagingPlatform, played: str) -> None:
    assert stage.status(played) == "COMPLETE"
    before = stage.sql("SELECT count(*) AS rows, pg_current_wal_insert_lsn()::text AS lsn FROM audit_log")
    stage.tick(3)
    assert stage.sql("SELECT count(*) AS rows FROM audit_log")[0]["rows"] == before[0]["rows"]


def test_the_same_contest_is_settled_once(stage: StagingPlatform, played: str) -> None:
    again = stage.admin_post(f"contests/{played}/settlement-run", {"reason": "try twice"})
    assert again.json["already_settled"] is True
    assert len(stage.sql("SELECT id FROM settlement_records")) == 1
    assert len(stage.sql("SELECT id FROM payout_jobs")) == 1


def test_in_the_test_environment_background_work_is_silent(stage: StagingPlatform) -> None:
    from dataclasses import replace

    from simulation.staging.platform import Platform

    silent = Platform(replace(stage.platform._runtime.settings, environment="test"))
    assert silent.jobs == ()
    silent.close()
