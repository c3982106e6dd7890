"""Named SQL queries of a target: ``observe.sql``."""

from __future__ import annotations

import re
from pathlib import Path

from simulation.errors import UsageError

_NAME = re.compile(r"^-- name: (\w+)\s*$")

RELATIONS = (
    "contests", "entries", "payments", "postings", "settlements", "payout_jobs", "transfers", "refunds",
    "stripe_events", "contest_audit", "audit_records", "runbook_executions", "ingestion_events", "ingestion_errors",
    "settlement_runs", "users", "disputes",
)  # fmt: skip
"""The canonical relations, in the order in which they are observed."""


def load_queries(file: Path) -> dict[str, str]:
    """Relation → SQL, one query each.

    :raises UsageError: a query without a name, an unknown or repeated name; with ``file:line``.
    """
    queries: dict[str, str] = {}
    name: str | None = None
    for number, line in enumerate(file.read_text().splitlines(), start=1):
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
    numbered = enumerate(file.read_text().splitlines(), start=1)
    return {match[1]: number for number, line in numbered if (match := _NAME.match(line))}
