"""The WAL witness sees what audit tables and triggers do not."""

from __future__ import annotations

from datetime import UTC, datetime

import psycopg

from simulation.clock import SimulationClock
from simulation.environment.protocol import Database
from simulation.environment.server import slot_name
from simulation.events import Transaction
from simulation.history import Recorder
from simulation.witness.wal import WalWitness

START = datetime(2026, 3, 1, tzinfo=UTC)


def _collect(database: Database, *statements: str) -> list[Transaction]:
    recorder = Recorder(clock=SimulationClock(start=START))
    witness = WalWitness(
        database=database, slot=slot_name(database.name), recorder=recorder, cause_of=lambda _transaction: "test"
    )
    with psycopg.connect(database.conninfo("superuser", application="test"), autocommit=True) as connection:
        for statement in statements:
            connection.execute(statement)  # type: ignore[arg-type]
    witness.collect()
    witness.close()
    return [event for event in recorder.events if isinstance(event, Transaction)]


def test_a_repair_with_triggers_disabled_is_seen(database: Database) -> None:
    found = _collect(
        database,
        "SET session_replication_role = replica",
        "UPDATE users SET name = 'tampered' WHERE id = '00000000-0000-0000-0000-000000000000'",
        "DELETE FROM users WHERE id = '00000000-0000-0000-0000-000000000000'",
    )
    assert [(event.changes[0].table, event.changes[0].op) for event in found] == [
        ("users", "update"),
        ("users", "delete"),
    ]
    assert found[0].changes[0].new["name"] == "tampered"


def test_rolled_back_work_is_not_history(database: Database) -> None:
    assert _collect(database, "BEGIN", "INSERT INTO users (name, email) VALUES ('x', 'x@y.z')", "ROLLBACK") == []


def test_of_two_transactions_at_once_the_first_to_write_may_be_the_last_to_commit(database: Database) -> None:
    witness = WalWitness(
        database=database,
        slot=slot_name(database.name),
        recorder=Recorder(clock=SimulationClock(start=START)),
        cause_of=lambda _transaction: "test",
    )
    login = database.conninfo("superuser", application="test")
    with psycopg.connect(login) as first, psycopg.connect(login) as second:
        for name, connection in (("early", first), ("late", second)):
            connection.execute(
                "INSERT INTO audit_log (actor, action, reason, entity_type, entity_id, request_id) "
                "VALUES (%s, 'b', 'c', 'd', 'e', 'f')",
                (name,),
            )
        second.commit()
        first.commit()
        witness.collect()
    witness.close()

    assert [row["actor"] for row in witness.latest("audit_log")] == ["early", "late"]
    assert [row["actor"] for row in witness.latest_written("audit_log")] == ["late", "early"]


def test_transaction_ids_are_renumbered_from_one(database: Database) -> None:
    insert = (
        "INSERT INTO audit_log (actor, action, reason, entity_type, entity_id, request_id) "
        "VALUES ('a', 'b', 'c', 'd', 'e', 'f')"
    )
    found = _collect(database, insert, "SELECT pg_current_xact_id()", insert)
    assert [event.xid for event in found] == [1, 2]
    assert [event.changes[0].new["transaction_id"] for event in found] == [1, 2]
