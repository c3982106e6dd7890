"""The archive of one contest: what is in it, what its hashes are, and what makes one unfit to be restored.

An archive is JSON: every row of every table that belongs to the contest, as Postgres writes it, each table with its
count and the sha256 over its canonical JSON, and one sha256 over those. Users are not in it: they outlive contests.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from simulation.staging.canonical import sha256_of
from simulation.staging.errors import ApiError

FORMAT = "contest-archive/1"


@dataclass(frozen=True, kw_only=True)
class ArchivedTable:
    """A table of the archive; ``contest_column`` names the contest, ``key`` is the primary key."""

    name: str
    contest_column: str = "contest_instance_id"
    key: tuple[str, ...] = ("id",)


TABLES = (
    ArchivedTable(name="contest_instances", contest_column="id"),
    ArchivedTable(name="contest_participants", key=("contest_instance_id", "user_id")),
    ArchivedTable(name="contest_withdrawals", key=("contest_instance_id", "user_id")),
    ArchivedTable(name="payment_intents"),
    ArchivedTable(name="disputes"),
    ArchivedTable(name="ingestion_events"),
    ArchivedTable(name="ingestion_validation_errors"),
    ArchivedTable(name="settlement_audit", key=("settlement_run_id",)),
    ArchivedTable(name="score_history"),
    ArchivedTable(name="settlement_records"),
    ArchivedTable(name="score_audits"),
    ArchivedTable(name="payout_jobs", contest_column="contest_id"),
    ArchivedTable(name="payout_transfers", contest_column="contest_id"),
    ArchivedTable(name="refund_requests"),
    ArchivedTable(name="refunds"),
    ArchivedTable(name="ledger"),
    ArchivedTable(name="admin_contest_audit"),
)
"""In insertion order: a table comes after those that it refers to."""

Rows = Mapping[str, list[dict[str, Any]]]


def seal(contest_id: UUID, *, status: str, exported_at: str, rows: Rows) -> dict[str, object]:
    """The archive of these rows, with its hashes."""
    tables = {
        table.name: {
            "count": len(rows[table.name]),
            "sha256": sha256_of(rows[table.name]),
            "rows": rows[table.name],
        }
        for table in TABLES
    }
    return {
        "format": FORMAT,
        "contest_id": str(contest_id),
        "status": status,
        "exported_at": exported_at,
        "sha256": _sha256_over(tables),
        "tables": tables,
    }


def open_archive(archive: object, contest_id: UUID) -> Rows:
    """The rows of an archive, once checked to be complete, unchanged, and of this contest.

    :raises ApiError: 400 `archive_damaged` naming what does not fit, 409 `archive_of_another_contest`.
    """
    if not isinstance(archive, dict) or archive.get("format") != FORMAT:
        raise _damaged(f"it is not a {FORMAT}")
    tables = archive.get("tables")
    names = {table.name for table in TABLES}
    if not isinstance(tables, dict) or set(tables) != names:
        raise _damaged("its tables are not those of a contest")
    rows = {name: _rows_of(name, tables[name]) for name in sorted(names)}
    if archive.get("sha256") != _sha256_over(tables):
        raise _damaged("its sha256 is not that of its tables")
    if archive.get("contest_id") != str(contest_id) or not _all_of(rows, str(contest_id)):
        raise ApiError(409, "archive_of_another_contest", f"the archive is not of contest {contest_id}")
    return rows


def _rows_of(name: str, table: object) -> list[dict[str, Any]]:
    rows = table.get("rows") if isinstance(table, dict) else None
    if not isinstance(table, dict) or not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise _damaged(f"table {name} has no rows")
    if table.get("count") != len(rows) or table.get("sha256") != sha256_of(rows):
        raise _damaged(f"table {name} is not what was exported")
    return rows


def _all_of(rows: Rows, contest_id: str) -> bool:
    return all(row.get(table.contest_column) == contest_id for table in TABLES for row in rows[table.name])


def _sha256_over(tables: Mapping[str, Any]) -> str:
    return sha256_of({name: table.get("sha256") for name, table in tables.items()})


def _damaged(how: str) -> ApiError:
    return ApiError(400, "archive_damaged", f"the archive cannot be trusted: {how}")
