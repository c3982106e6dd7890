"""Backup of a contest that is over, dry run of a restore, and restore of rows that were lost.

A restore adds what is missing and never overwrites: it is refused if a row differs from the archive.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text
from sqlalchemy.exc import IntegrityError

from simulation.staging.canonical import canonical_json, iso
from simulation.staging.contests.archive import TABLES, ArchivedTable, Rows, open_archive, seal
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.runtime import Runtime

OVER = ("COMPLETE", "CANCELLED")


@dataclass(frozen=True, kw_only=True)
class TableComparison:
    """Rows of one table, archive against database."""

    archived: int
    missing: int
    """In the archive and not in the database: lost."""
    differing: int
    """In both under one key, and not the same."""
    newer: int
    """In the database and not in the archive: written after it, or lost from it."""


Comparison = Mapping[str, TableComparison]


def export(runtime: Runtime, context: Context, contest_id: UUID, reason: str) -> dict[str, object]:
    """The archive of a contest that is over, as of this transaction; the contest's trail records the export.

    :raises ApiError: 404, 409 `contest_not_over`.
    """
    with runtime.unit_of_work(
        context, action="contest_exported", reason=reason, entity=("contest", contest_id)
    ) as work:
        rows = {table.name: [row.row for row in work.read(_select(table), id=contest_id)] for table in TABLES}
        if not rows["contest_instances"]:
            raise ApiError(404, "contest_not_found", f"no contest {contest_id}")
        status = str(rows["contest_instances"][0]["status"])
        if status not in OVER:
            raise ApiError(409, "contest_not_over", f"the contest is {status}; only {' or '.join(OVER)} is backed up")
        archive = seal(contest_id, status=status, exported_at=iso(datetime.now(UTC)), rows=rows)
        work.record_contest_action(
            contest_id, action="contest_exported", reason=reason, payload={"sha256": archive["sha256"]}
        )
    return archive


def check(runtime: Runtime, contest_id: UUID, archive: object) -> Comparison:
    """Dry run of a restore: load the archive into empty copies of the tables, under all their constraints,
    and compare it with what is there. Nothing remains.

    :raises ApiError: 400 `archive_damaged`, 409 `archive_of_another_contest`, 409 `archive_not_restorable`.
    """
    rows = open_archive(archive, contest_id)
    with runtime.database.transaction() as connection:
        try:
            for table in TABLES:
                _load_into_a_copy(connection, table, rows)
            return _compare(connection, contest_id, rows)
        except IntegrityError as error:
            detail = " ".join(str(error.orig).split())[:300]
            raise ApiError(409, "archive_not_restorable", f"the tables do not take the archive: {detail}") from error
        finally:
            connection.rollback()


def restore(
    runtime: Runtime, context: Context, contest_id: UUID, archive: object, *, reason: str, confirmed_missing: int
) -> dict[str, object]:
    """Insert what is in the archive and not in the database; returns the summary of how they compare afterwards.

    :param confirmed_missing: number of lost rows that the restore was authorised for.
    :raises ApiError: as :func:`check`; 409 `nothing_to_restore`, `restore_would_overwrite`, `data_loss_not_confirmed`.
    """
    rows = open_archive(archive, contest_id)
    with runtime.unit_of_work(
        context, action="contest_restored", reason=reason, entity=("contest", contest_id)
    ) as work:
        before = _compare(work.connection, contest_id, rows)
        _refuse(before, confirmed_missing)
        for table in TABLES:
            if before[table.name].missing:
                work.write(_insert(table), rows=canonical_json(rows[table.name]))
        after = _compare(work.connection, contest_id, rows)
        if any(table.missing or table.differing for table in after.values()):
            raise ApiError(409, "archive_not_restorable", "rows are still missing after the restore; nothing was done")
        lost = {name: table.missing for name, table in before.items() if table.missing}
        work.record_contest_action(contest_id, action="contest_restored", reason=reason, payload={"restored": lost})
        work.result = compared = summary(after)
    runtime.log.warning(
        "Admin", "contest restored", contest_id=contest_id, restored=lost, request_id=context.request_id
    )
    return compared


def summary(comparison: Comparison) -> dict[str, object]:
    """The comparison for the HTTP answer: totals, and each table."""
    totals = {
        name: sum(getattr(table, name) for table in comparison.values())
        for name in ("archived", "missing", "differing", "newer")
    }
    return {**totals, "tables": {name: asdict(table) for name, table in comparison.items()}}


def _refuse(before: Comparison, confirmed_missing: int) -> None:
    missing = sum(table.missing for table in before.values())
    differing = sorted(name for name, table in before.items() if table.differing)
    if differing:
        raise ApiError(409, "restore_would_overwrite", f"rows differ from the archive in: {', '.join(differing)}")
    if not missing:
        raise ApiError(409, "nothing_to_restore", "every archived row is in the database")
    if missing != confirmed_missing:
        raise ApiError(
            409, "data_loss_not_confirmed", f"{missing} rows are missing, the loss of {confirmed_missing} was confirmed"
        )


def _compare(connection: Connection, contest_id: UUID, rows: Rows) -> Comparison:
    return {
        table.name: TableComparison(
            **connection.execute(_comparison(table), {"id": contest_id, "rows": canonical_json(rows[table.name])})
            .one()
            ._asdict()
        )
        for table in TABLES
    }


def _load_into_a_copy(connection: Connection, table: ArchivedTable, rows: Rows) -> None:
    connection.execute(
        text(f"CREATE TEMPORARY TABLE copy_of_{table.name} (LIKE {table.name} INCLUDING ALL) ON COMMIT DROP")
    )
    connection.execute(_insert(table, into=f"copy_of_{table.name}"), {"rows": canonical_json(rows[table.name])})


def _select(table: ArchivedTable) -> Any:
    return text(
        f"SELECT to_jsonb(t) AS row FROM {table.name} t WHERE t.{table.contest_column} = :id"  # noqa: S608 - our names
        f" ORDER BY {', '.join(table.key)}"
    )


def _insert(table: ArchivedTable, *, into: str | None = None) -> Any:
    """Rows whose key is there already are left alone."""
    return text(
        f"INSERT INTO {into or table.name} OVERRIDING SYSTEM VALUE"  # noqa: S608 - our names
        f" SELECT a.* FROM jsonb_populate_recordset(NULL::{table.name}, CAST(:rows AS jsonb)) a"
        f" WHERE NOT EXISTS (SELECT 1 FROM {into or table.name} t WHERE {_same_key(table, 't', 'a')})"
    )


def _comparison(table: ArchivedTable) -> Any:
    here = f"SELECT * FROM {table.name} WHERE {table.contest_column} = :id"  # noqa: S608 - our names
    key = table.key[0]
    return text(f"""
        SELECT count(a.{key}) AS archived,
               count(*) FILTER (WHERE h.{key} IS NULL) AS missing,
               count(*) FILTER (WHERE a.{key} IS NOT NULL AND h.{key} IS NOT NULL AND to_jsonb(a) <> to_jsonb(h))
                   AS differing,
               count(*) FILTER (WHERE a.{key} IS NULL) AS newer
        FROM jsonb_populate_recordset(NULL::{table.name}, CAST(:rows AS jsonb)) a
        FULL JOIN ({here}) h ON {_same_key(table, "a", "h")}
    """)  # noqa: S608 - our names


def _same_key(table: ArchivedTable, one: str, other: str) -> str:
    return " AND ".join(f"{one}.{column} = {other}.{column}" for column in table.key)
