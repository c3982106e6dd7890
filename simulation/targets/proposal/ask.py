"""Asks a schema for its tables: an SQL file, loaded into a server that is thrown away, or a database that is there."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import psycopg

from simulation.environment.choice import provide
from simulation.environment.installations import Needs
from simulation.environment.server import running
from simulation.environment.workspace import workspace
from simulation.errors import UsageError
from simulation.targets.process.schema import asked_for, load_dump
from simulation.targets.proposal.tables import Table, read_tables

_NOW = datetime(2026, 3, 1, tzinfo=UTC)
_DATABASE = "postgres"


def tables_of_file(schema: Path) -> Sequence[Table]:
    """:raises UsageError: there is no such file, a statement fails, or it has no table."""
    with (
        workspace() as folder,
        running(provide("embedded", folder=folder, now=_NOW, needs=Needs(extensions=asked_for(schema)))) as server,
        server.superuser(_DATABASE) as connection,
    ):
        load_dump(connection, schema)
        return _some(read_tables(connection), str(schema))


def tables_of_database(url: str) -> Sequence[Table]:
    """Reads a database's catalogue and nothing else.

    :raises UsageError: it cannot be reached, or has no table.
    """
    try:
        with psycopg.connect(url, connect_timeout=10, options="-c default_transaction_read_only=on") as connection:
            return _some(read_tables(connection), "--database")
    except psycopg.Error as error:
        problem = f"the database cannot be read: {str(error).strip().splitlines()[-1]}"
        remedy = "write postgresql://user:password@host:port/name, of a role that may connect"
        raise UsageError(place="--database", problem=problem, remedy=remedy) from error


def _some(tables: Sequence[Table], place: str) -> Sequence[Table]:
    if not tables:
        raise UsageError(
            place=place, problem="there is no table in the schema public", remedy="name what creates your tables"
        )
    return tables
