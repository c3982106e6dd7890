"""Loads a backend's schema into the run's empty database, and lets the backend's role use it."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import psycopg
from psycopg import sql

from simulation.documents.text import decoded, read_bytes
from simulation.errors import UsageError
from simulation.targets.process.schema_remedies import remedy_of
from simulation.targets.process.sql_script import Statement, statements_of

_ROLE = "platform"
_MOST_BYTES = 1 << 26
"""A dump may bring rows along."""
_CUSTOM_DUMP = b"PGDMP"
_UNKNOWN_SETTING = re.compile(r'unrecognized configuration parameter "(?P<name>[^"]+)"')
_WRITTEN_BY_PG_DUMP = {"transaction_timeout": "0"}
"""Settings that dumps of a newer version begin with, and the value by which they ask for nothing."""
_ROW_OF_COPY = re.compile(r"^COPY [^,]*, line (?P<line>\d+)", re.MULTILINE)
_CREATE_EXTENSION = re.compile(
    r'^[ \t]*CREATE\s+EXTENSION\s+(?:IF\s+NOT\s+EXISTS\s+)?"?(?P<name>[\w-]+)', re.IGNORECASE | re.MULTILINE
)
_VALUE = re.compile(r"\$\{(\w+)\}")


def load_dump(connection: psycopg.Connection[Any], file: Path, *, skip_settings: Collection[str] = ()) -> Sequence[str]:
    """Run an SQL file such as ``pg_dump`` writes, with rows or without.

    :param connection: in autocommit.
    :param skip_settings: names of settings that this server does not know and need not.
    :returns: what was skipped, with ``file:line``.
    :raises UsageError: there is no such file, no text in it, or a statement fails; with ``file:line``.
    """
    return _run(connection, _script(file), file=file, skip_settings=skip_settings)


def asked_for(file: Path) -> Mapping[str, str]:
    """The extensions that an SQL file creates, each with its first ``file:line``.

    :raises UsageError: there is no such file, or no text in it.
    """
    script = _script(file)
    asked: dict[str, str] = {}
    for match in _CREATE_EXTENSION.finditer(script):
        asked.setdefault(match["name"], f"{file}:{script.count(chr(10), 0, match.start('name')) + 1}")
    return asked


def load_seed(connection: psycopg.Connection[Any], file: Path, *, values: Mapping[str, str]) -> None:
    """Run an SQL file in which ``${NAME}`` stands for a value of the run, as a literal of SQL with its quotes.

    :raises UsageError: as :func:`load_dump`; or a name stands for nothing.
    """
    script = _script(file)
    for match in _VALUE.finditer(script):
        if match[1] not in values:
            raise UsageError(
                place=f"{file}:{script.count(chr(10), 0, match.start()) + 1}",
                problem=f"${{{match[1]}}} stands for nothing here",
                remedy=f"one of: {', '.join(sorted(values))}",
            )
    filled_in = _VALUE.sub(lambda match: sql.Literal(values[match[1]]).as_string(connection), script)
    _run(connection, filled_in, file=file, skip_settings=())


def _script(file: Path) -> str:
    data = read_bytes(file, kind="an SQL file", most_bytes=_MOST_BYTES)
    if data.startswith(_CUSTOM_DUMP):
        raise UsageError(
            place=str(file),
            problem="is a dump in pg_dump's own format, not SQL",
            remedy=f"turn it into SQL: pg_restore --no-owner --no-privileges -f schema.sql {file.name}",
        )
    return decoded(data, file=file)


def _run(
    connection: psycopg.Connection[Any], script: str, *, file: Path, skip_settings: Collection[str]
) -> Sequence[str]:
    skipped: list[str] = []
    for statement in statements_of(script, file=file):
        try:
            _execute(connection, statement)
        except psycopg.Error as error:
            setting = _UNKNOWN_SETTING.search(str(error))
            if setting is not None and (setting["name"] in skip_settings or _means_nothing(statement, setting["name"])):
                skipped.append(f"{file}:{statement.line}: the setting {setting['name']}, which this server lacks")
                continue
            raise UsageError(
                place=f"{file}:{_line(statement, error)}",
                problem=error.diag.message_primary or str(error),
                remedy=remedy_of(error),
            ) from error
    connection.execute("RESET ALL")
    return skipped


def _execute(connection: psycopg.Connection[Any], statement: Statement) -> None:
    if statement.rows is None:
        connection.execute(statement.text.encode())
        return
    with connection.cursor() as cursor, cursor.copy(statement.text.encode()) as copy:
        copy.write(statement.rows)


def _means_nothing(statement: Statement, setting: str) -> bool:
    """Whether it only says what a server without the setting does anyway."""
    value = _WRITTEN_BY_PG_DUMP.get(setting)
    return value is not None and statement.text.split() == ["SET", setting, "=", value]


def _line(statement: Statement, error: psycopg.Error) -> int:
    row = _ROW_OF_COPY.search(error.diag.context or "")
    if statement.rows is not None and row is not None:
        return statement.line + statement.text.count("\n") + int(row["line"])
    return statement.line_of(int(error.diag.statement_position or 0))


def grant_to_backend(connection: psycopg.Connection[Any]) -> None:
    """Let the role ``platform`` read and write every table, unless the schema itself grants the role something."""
    found = connection.execute(
        "SELECT 1 FROM information_schema.role_table_grants WHERE grantee = %s LIMIT 1", (_ROLE,)
    ).fetchone()
    if found is not None:
        return
    schemas = connection.execute(
        "SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY nspname"
    ).fetchall()
    for (schema,) in schemas:
        for statement in (
            "GRANT USAGE ON SCHEMA {schema} TO {role}",
            "GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA {schema} TO {role}",
            "GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA {schema} TO {role}",
            "GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA {schema} TO {role}",
        ):
            names = {"schema": sql.Identifier(schema), "role": sql.Identifier(_ROLE)}
            connection.execute(sql.SQL(statement).format(**names))
