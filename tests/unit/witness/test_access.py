"""The access log keeps who came and what they said, and counts a pool's connections as one event."""

from __future__ import annotations

import json
from datetime import UTC, datetime

from simulation.clock import SimulationClock
from simulation.events import DatabaseAccess, WitnessSummary
from simulation.history import Recorder
from simulation.witness.access import record_access

START = datetime(2026, 3, 1, tzinfo=UTC)


def _line(
    message: str, *, user: str = "founder", severity: str = "LOG", at: str = "2026-03-02 10:00:00.000 UTC"
) -> str:
    return json.dumps(
        {"timestamp": at, "user": user, "dbname": "staging", "error_severity": severity, "message": message}
    )


def _record(*lines: str) -> list[DatabaseAccess | WitnessSummary]:
    recorder = Recorder(clock=SimulationClock(start=START))
    record_access(lines, recorder=recorder, database="staging", since=START)
    return recorder.events  # type: ignore[return-value]


def test_connections_are_counted_by_role_and_application() -> None:
    said = "connection authorized: user=platform database=staging application_name=staging-platform"
    access, summary = _record(_line(said, user="platform"), _line(said, user="platform"))
    assert isinstance(access, DatabaseAccess)
    assert (access.role, access.application, access.access, access.count) == (
        "platform", "staging-platform", "connection", 2,
    )  # fmt: skip
    assert isinstance(summary, WitnessSummary)
    assert summary.records == 2


def test_a_founders_statement_is_kept_with_its_text() -> None:
    access, _ = _record(_line("statement: UPDATE ledger SET amount_cents = 0"))
    assert isinstance(access, DatabaseAccess)
    assert (access.role, access.access, access.statement) == (
        "founder",
        "statement",
        "UPDATE ledger SET amount_cents = 0",
    )


def test_a_refused_login_is_kept() -> None:
    access, _ = _record(_line('role "founder" is not permitted to log in', severity="FATAL"))
    assert isinstance(access, DatabaseAccess)
    assert access.access == "refused"


def test_what_was_before_the_absence_is_left_out() -> None:
    [summary] = _record(_line("statement: SELECT 1", at="2026-02-28 23:30:00.000 UTC"))
    assert isinstance(summary, WitnessSummary)
    assert summary.records == 0
