"""The observer reads what a target shows, on a real server."""

from __future__ import annotations

from datetime import UTC, datetime

from simulation.clock import SimulationClock
from simulation.documents.canonical import canonical_sha256
from simulation.environment.protocol import Database
from simulation.history import Recorder
from simulation.witness.observer import Observer

BOARDS = """
    SELECT * FROM (VALUES ('i1', 'VALID', '{"a": 1}'::jsonb), ('i2', 'INVALID', '{"b": 2}'), ('i3', NULL, '{"c": 3}'))
        AS board (event_id, validation_status, payload); -- as some targets end it
"""


def test_rows_but_those_of_one_value_have_their_documents_by_digest(database: Database) -> None:
    recorder = Recorder(clock=SimulationClock(start=datetime(2026, 3, 1, tzinfo=UTC)))
    observer = Observer(database=database, relations={"ingestion_events": BOARDS}, recorder=recorder)

    found = observer.rows_without("ingestion_events", "validation_status", "VALID")

    assert [(row["event_id"], row["payload_sha256"]) for row in found] == [
        ("i2", canonical_sha256({"b": 2})),
        ("i3", canonical_sha256({"c": 3})),
    ]
    assert found == observer.rows("ingestion_events")[1:]
    assert observer.rows_without("refunds", "status", "completed") == []
    observer.close()
