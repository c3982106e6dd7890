"""Loads a backend's schema into the run's empty database, and lets the backend's role use it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from simulation.documents.text import read_text
from simulation.errors import UsageError

_ROLE = "platform"
_MOST_BYTES = 1 << 26
"""A dump may bring rows along."""


def load_dump(connection: psycopg.Connection[Any], file: Path) -> None:
    """Run an SQL file such as ``pg_dump --schema-only`` writes.

    :raises UsageError: there is no such file, no text in it, or a statement fails; with ``file:line``.
    """
    text = read_text(file, kind="an SQL file", most_bytes=_MOST_BYTES)
    # Lines for psql alone (\restrict, \connect) keep their place, so that an error's line is the file's.
    lines = ["" if line.startswith("\\") else line for line in text.split("\n")]
    try:
        connection.execute("\n".join(lines).encode())
    except psycopg.Error as error:
        position = int(error.diag.statement_position or 0)
        line = "\n".join(lines)[:position].count("\n") + 1
        said = error.diag.message_primary or str(error)
        raise UsageError(place=f"{file}:{line}", problem=said, remedy="correct the statement there") from error
    connection.execute("RESET search_path")


def grant_to_backend(connection: psycopg.Connection[Any]) -> None:
    """Let the role ``platform`` read and write every table, unless the schema itself grants the role something."""
    found = connection.execute(
        "SELECT 1 FROM information_schema.role_table_grants WHERE grantee = %s LIMIT 1", (_ROLE,)
    ).fetchone()
    if found is not None:
        return
    role = sql.Identifier(_ROLE)
    for statement in (
        "GRANT USAGE ON SCHEMA public TO {}",
        "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO {}",
        "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {}",
        "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA public TO {}",
    ):
        connection.execute(sql.SQL(statement).format(role))
