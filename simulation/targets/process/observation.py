"""``observe.sql`` of a target folder, tried against the schema before anything depends on it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import psycopg

from simulation.environment.protocol import Database
from simulation.errors import UsageError, command
from simulation.targets.process.target_file import missing
from simulation.targets.queries import load_queries, name_lines

FILE_NAME = "observe.sql"


def load_relations(folder: Path) -> Mapping[str, str]:
    """:raises UsageError: no such file, or a name that is no canonical relation."""
    file = folder / FILE_NAME
    if not file.is_file():
        remedy = f"write one: {command('target', 'init', folder)}"
        raise UsageError(place=str(file), problem=missing(file), remedy=remedy)
    return load_queries(file)


def try_relations(relations: Mapping[str, str], *, file: Path, database: Database) -> None:
    """Plan every query as the observer.

    :raises UsageError: one of them does not fit the schema, with its line.
    """
    with psycopg.connect(database.conninfo("observer", application="target-check"), autocommit=True) as connection:
        for relation in relations:
            try_relation(connection, relation, relations[relation], file=file)


def try_relation(connection: psycopg.Connection[Any], relation: str, query: str, *, file: Path) -> None:
    """:raises UsageError: the query does not fit the schema."""
    explain = "EXPLAIN "
    try:
        connection.execute((explain + query.strip().rstrip(";")).encode())
    except psycopg.Error as error:
        position = int(error.diag.statement_position or 0) - len(explain)
        line = name_lines(file)[relation] + 1 + query[: max(0, position - 1)].count("\n")
        raise UsageError(
            place=f"{file}:{line}",
            problem=f"query {relation}: {error.diag.message_primary or error}",
            remedy=error.diag.message_hint or "see the canonical relations in simulation/targets/protocol.py",
        ) from error
