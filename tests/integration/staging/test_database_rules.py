"""What the database itself refuses, whoever asks; and what the role `platform` may not even try."""

from typing import Any

import psycopg
import pytest

StagingPlatform = Any

APPEND_ONLY = [
    "ledger",
    "ingestion_events",
    "ingestion_validation_errors",
    "score_history",
    "settlement_records",
    "admin_contest_audit",
    "audit_log",
    "stripe_events",
    "contest_participants",
]
KEPT = [
    "users",
    "contest_instances",
    "payment_intents",
    "stripe_webhook_dead_letters",
    "refunds",
    "settlement_audit",
    "payout_jobs",
    "payout_transfers",
    "runbook_executions",
]


@pytest.fixture
def settled(stage: StagingPlatform) -> str:
    """A contest that is paid out, with one prize completed and one failed for good."""
    contest_id: str = stage.contest()
    stage.entrant(contest_id, "1")
    stage.entrant(contest_id, "2", account=False)
    stage.play(contest_id, strokes={"1": 3})
    stage.tick()
    return contest_id


def refused(stage: StagingPlatform, statement: str, *parameters: object) -> None:
    with pytest.raises(psycopg.IntegrityError):
        stage.sql(statement, *parameters)


def test_append_only_tables_refuse_every_change(stage: StagingPlatform) -> None:
    for table in APPEND_ONLY:
        column = stage.sql("SELECT column_name FROM information_schema.columns WHERE table_name = %s LIMIT 1", table)
        name = column[0]["column_name"]
        refused(stage, f"UPDATE {table} SET {name} = {name}")
        refused(stage, f"DELETE FROM {table}")
        refused(stage, f"TRUNCATE {table} CASCADE")


def test_no_row_is_ever_removed(stage: StagingPlatform) -> None:
    for table in KEPT:
        refused(stage, f"DELETE FROM {table}")
        refused(stage, f"TRUNCATE {table} CASCADE")


FINAL = [
    "UPDATE contest_instances SET status = 'CANCELLED'",
    "UPDATE contest_instances SET settle_time = now()",
    "UPDATE settlement_audit SET status = 'FAILED'",
    "UPDATE payout_transfers SET status = 'processing' WHERE status = 'completed'",
    "UPDATE payout_transfers SET status = 'retryable' WHERE status = 'failed_terminal'",
    "UPDATE payout_transfers SET amount_cents = amount_cents + 1",
    "UPDATE payout_jobs SET status = 'processing'",
    "UPDATE payment_intents SET status = 'FAILED'",
    "UPDATE payment_intents SET amount_cents = 1",
    "UPDATE users SET stripe_connected_account_id = 'acct_other' WHERE stripe_connected_account_id IS NOT NULL",
]


def test_final_states_are_final(stage: StagingPlatform, settled: str) -> None:
    assert stage.status(settled) == "COMPLETE"
    for statement in FINAL:
        refused(stage, statement)


def test_a_contest_moves_only_forward_and_its_terms_are_fixed(stage: StagingPlatform) -> None:
    stage.contest()
    for column, value in (
        ("entry_fee_cents", "1"),
        ("status", "'LIVE'"),
        ("status", "'COMPLETE'"),
        ("status", "'ERROR'"),
    ):
        refused(stage, f"UPDATE contest_instances SET {column} = {value}")
    stage.pass_time(hours=1)
    stage.tick()
    fixed = (
        "contest_name = 'Other'",
        "start_time = start_time - interval '1 s'",
        "payout_structure = '{}'",
        "max_entries = 99",
    )
    for change in (*fixed, "status = 'SCHEDULED'"):
        refused(stage, f"UPDATE contest_instances SET {change}")
    stage.pass_time(hours=1)
    stage.tick()
    for status in ("LOCKED", "SCHEDULED"):
        refused(stage, f"UPDATE contest_instances SET status = '{status}'")


def test_a_contest_that_is_complete_is_not_cancelled(stage: StagingPlatform, settled: str) -> None:
    refused(stage, "UPDATE contest_instances SET status = 'CANCELLED'")


def test_a_ledger_transaction_must_balance(stage: StagingPlatform, settled: str) -> None:
    refused(
        stage,
        "INSERT INTO ledger (transaction_id, account, contest_instance_id, entry_type, direction, amount_cents,"
        " reference_type, reference_id, idempotency_key) VALUES (gen_random_uuid(), 'platform', %s, 'ADJUSTMENT',"
        " 'DEBIT', 5, 'settlement', gen_random_uuid(), 'lonely')",
        settled,
    )


def test_the_same_key_is_posted_once(stage: StagingPlatform, settled: str) -> None:
    assert stage.status(settled) == "COMPLETE"
    refused(
        stage,
        "INSERT INTO ledger (transaction_id, account, contest_instance_id, entry_type, direction, amount_cents,"
        " reference_type, reference_id, idempotency_key) SELECT transaction_id, account, contest_instance_id,"
        " entry_type, direction, amount_cents, reference_type, reference_id, idempotency_key FROM ledger LIMIT 1",
    )


FORBIDDEN = [
    "DELETE FROM users",
    "TRUNCATE ledger",
    "UPDATE ledger SET amount_cents = 0",
    "UPDATE contest_instances SET entry_fee_cents = 0",
    "UPDATE payout_transfers SET amount_cents = 1",
    "ALTER TABLE ledger DISABLE TRIGGER ALL",
    "DROP TABLE ledger",
    "SET session_replication_role = replica",
]


def test_the_application_role_lacks_the_right(stage: StagingPlatform) -> None:
    for statement in FORBIDDEN:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            stage.sql(statement, role="platform")


def test_no_role_of_the_application_is_powerful(stage: StagingPlatform) -> None:
    rows = stage.sql(
        "SELECT rolsuper OR rolcreatedb OR rolcreaterole AS powerful FROM pg_roles WHERE rolname = 'platform'"
    )
    assert rows == [{"powerful": False}]
    assert stage.sql("SELECT tablename FROM pg_tables WHERE tableowner = 'platform'") == []


EXECUTION = (
    "INSERT INTO runbook_executions (runbook_name, runbook_version, executed_by, status) VALUES ('r', '1', 'o', %s)"
)


def test_an_execution_begins_in_progress(stage: StagingPlatform) -> None:
    for status in ("pending", "completed", "failed", "partial"):
        refused(stage, EXECUTION, status)


CHANGES = [
    "runbook_name = 'other'",
    "executed_by = 'other'",
    "start_time = now() - interval '1 h'",
    "result_json = '{}'",
    "end_time = now()",
    "status = 'completed'",
    "status = 'pending'",
    "execution_phase = 'detection', phase_step = 1",
    "execution_phase = 'recovery', phase_step = 1",
    "execution_phase = 'unheard of', phase_step = 9",
    "status = 'completed', end_time = now(), duration_seconds = 1, execution_phase = 'documentation', phase_step = 1",
]


def test_an_execution_changes_only_forward_and_ends_whole(stage: StagingPlatform) -> None:
    stage.sql(EXECUTION, "in_progress")
    stage.sql("UPDATE runbook_executions SET execution_phase = 'recovery', phase_step = 2")
    for change in CHANGES:
        refused(stage, f"UPDATE runbook_executions SET {change}")


def test_an_ended_execution_never_changes(stage: StagingPlatform) -> None:
    stage.sql(EXECUTION, "in_progress")
    stage.sql("UPDATE runbook_executions SET status = 'failed', end_time = now(), duration_seconds = 0")
    refused(stage, "UPDATE runbook_executions SET error_reason = 'afterwards'")
    refused(stage, "UPDATE runbook_executions SET status = 'in_progress', end_time = NULL")


def test_migrating_again_changes_nothing(stage: StagingPlatform, database: Any) -> None:
    from simulation.staging.schema import migrate

    before = stage.sql("SELECT oid::text, relname FROM pg_class ORDER BY oid")
    migrate(database.url("superuser", application="test"))
    assert stage.sql("SELECT oid::text, relname FROM pg_class ORDER BY oid") == before
