"""Named SQL queries of a target: ``observe.sql``."""

from __future__ import annotations

import re
from pathlib import Path

from simulation.documents.text import read_text
from simulation.errors import UsageError

_NAME = re.compile(r"^-- name: (\w+)\s*$")

KEYS = {
    "contests": "contest_id",
    "entries": "user_id",
    "payments": "payment_id",
    "postings": "posting_id",
    "settlements": "settlement_id",
    "payout_jobs": "job_id",
    "transfers": "transfer_id",
    "refunds": "refund_id",
    "stripe_events": "stripe_event_id",
    "contest_audit": "audit_id",
    "audit_records": "audit_id",
    "runbook_executions": "id",
    "ingestion_events": "event_id",
    "ingestion_errors": "error_id",
    "settlement_runs": "run_id",
    "users": "user_id",
    "disputes": "dispute_id",
}
"""Canonical relation → the column that tells its rows apart (of an entry: within its contest)."""
RELATIONS = tuple(KEYS)
"""The canonical relations, in the order in which they are observed."""


def load_queries(file: Path) -> dict[str, str]:
    """Relation → SQL, one query each.

    :raises UsageError: a query without a name, an unknown or repeated name; with ``file:line``.
    """
    queries: dict[str, str] = {}
    name: str | None = None
    for number, line in enumerate(_lines(file), start=1):
        if match := _NAME.match(line):
            name = match[1]
            if name not in RELATIONS or name in queries:
                raise UsageError(
                    place=f"{file}:{number}",
                    problem=f"{name!r} is {'repeated' if name in queries else 'not a canonical relation'}",
                    remedy=f"use each of these names at most once: {', '.join(RELATIONS)}",
                )
            queries[name] = ""
        elif name is not None:
            queries[name] += line + "\n"  # comments and blank lines too: an error's line is the file's
        elif line.strip() and not line.startswith("--"):
            raise UsageError(
                place=f"{file}:{number}",
                problem="SQL before the first name",
                remedy="put '-- name: contests' above it",
            )
    return queries


def name_lines(file: Path) -> dict[str, int]:
    """Relation → line of its name, for messages."""
    numbered = enumerate(_lines(file), start=1)
    return {match[1]: number for number, line in numbered if (match := _NAME.match(line))}


def _lines(file: Path) -> list[str]:
    return read_text(file, kind="an SQL file").split("\n")
