"""Read-only observation of the target's database: the canonical relations, and single answers for samples."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import psycopg
from psycopg.rows import dict_row
from psycopg.types.json import set_json_loads
from pydantic import JsonValue

from simulation.documents.canonical import canonical_sha256
from simulation.environment.protocol import Database
from simulation.events import Observation, Row, TableCatalogue
from simulation.history import Recorder
from simulation.untrusted import plain_or_digest

_TABLES = """
    SELECT c.relname AS name FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'f') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    ORDER BY n.nspname, c.relname
"""


_XID8 = 5069
"""PostgreSQL's number of the type (src/include/catalog/pg_type.dat)."""


class NotObservable(LookupError):
    """The target does not declare where something is to be read."""


class Observer:
    """Reads as the role ``observer``, which can write nothing.

    :param relations: canonical relation → SQL (``simulation/targets/queries.py``).
    """

    def __init__(self, *, database: Database, relations: Mapping[str, str], recorder: Recorder) -> None:
        self._database = database
        self.reconnect()
        self._relations = relations
        self._recorder = recorder

    def reconnect(self) -> None:
        """Connect again after a restart of the server."""
        self._connection = psycopg.connect(
            self._database.conninfo("observer", application="witness-observer"), autocommit=True, row_factory=dict_row
        )
        set_json_loads(plain_or_digest, self._connection)

    def rows(self, relation: str) -> list[Row]:
        """Rows of a relation now, JSON-ready; a column ``payload`` (a whole leaderboard) becomes ``payload_sha256``.

        :raises NotObservable: the target gives no such relation.
        """
        if relation not in self._relations:
            raise NotObservable(f"relation {relation}")
        query: Any = self._relations[relation]
        cursor = self._connection.execute(query)
        numbers = _transaction_numbers(cursor)
        return [_plain(row, numbers) for row in cursor]

    def rows_if_any(self, relation: str) -> list[Row]:
        """Like :meth:`rows`, but empty if the target does not give the relation; checks that need it are unknown."""
        return self.rows(relation) if relation in self._relations else []

    def rows_without(self, relation: str, column: str, value: str) -> list[Row]:
        """Rows of a relation now whose ``column`` differs from ``value``; empty if the target does not give the
        relation.

        JSON documents are parsed only in these rows: parsing all takes long, and this is called often.
        """
        if relation not in self._relations:
            return []
        query: Any = self._relations[relation]
        with self._connection.cursor() as cursor:
            set_json_loads(_Unread, cursor)
            found = [row for row in cursor.execute(query) if row[column] != value]
            numbers = _transaction_numbers(cursor)
        return [_plain({name: _read(cell) for name, cell in row.items()}, numbers) for row in found]

    def one(self, query: str) -> Row:
        """The single row of an ad-hoc query."""
        statement: Any = query
        row = self._connection.execute(statement).fetchone()
        if row is None:
            raise LookupError(f"no row: {query}")
        return _plain(row)

    def record_all(self, *, translate: Callable[[Row], Row]) -> None:
        """Record every relation; ``translate`` renumbers transaction ids as the WAL witness did."""
        for relation in self._relations:
            rows = tuple(translate(row) for row in self.rows(relation))
            self._recorder.record(Observation(relation=relation, rows=rows), cause="monitor")

    def record_tables(self) -> None:
        """Record which tables the database has."""
        found = self._connection.execute(_TABLES)
        tables = tuple(str(row["name"]) for row in found)
        self._recorder.record(TableCatalogue(tables=tables), cause="monitor")

    def close(self) -> None:
        self._connection.close()


@dataclass(frozen=True)
class _Unread:
    """A JSON document as the database sent it, not parsed yet."""

    text: str | bytes


def _read(cell: Any) -> Any:
    return plain_or_digest(cell.text) if isinstance(cell, _Unread) else cell


def _transaction_numbers(cursor: psycopg.Cursor[Any]) -> frozenset[str]:
    """Columns of the type ``xid8``: PostgreSQL's numbers of transactions. A ledger may number its own otherwise."""
    return frozenset(column.name for column in cursor.description or () if column.type_code == _XID8)


def _plain(row: Mapping[str, Any], numbers: frozenset[str] = frozenset()) -> Row:
    plain = {column: _json(value) for column, value in row.items() if column != "payload"}
    if "payload" in row:
        plain["payload_sha256"] = canonical_sha256(row["payload"])
    plain |= {column: f"xid8:{row[column]}" for column in numbers if row[column] is not None}
    return plain


def _json(value: Any) -> JsonValue:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat()
    if isinstance(value, UUID | Decimal | date):
        return str(value)
    result: JsonValue = value
    return result
