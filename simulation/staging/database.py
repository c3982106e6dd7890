"""Connections to Postgres: a permanent one for single reads, a pool for transactions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg
import sqlalchemy
from psycopg.rows import namedtuple_row
from sqlalchemy import Connection, TextClause
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolExhausted
from sqlalchemy.pool import QueuePool

UNREACHABLE = (OperationalError, InterfaceError, psycopg.OperationalError, psycopg.InterfaceError)
"""The database broke a transaction off: a lost connection, a deadlock, no room. The same may succeed next time.

Single reads raise psycopg's own errors, transactions those of SQLAlchemy.
"""
PASSING = (*UNREACHABLE, PoolExhausted)
"""The same, or no connection of the pool was free."""


class Database:
    """Access as the role `platform`.

    The pool fails at once when it is exhausted instead of queueing, so that the caller knows and the metric shows it.
    """

    def __init__(self, url: str, *, pool_size: int) -> None:
        self._engine = sqlalchemy.create_engine(
            url, poolclass=QueuePool, pool_size=pool_size, max_overflow=0, pool_timeout=0, pool_pre_ping=True
        )
        self.transactions = 0
        """Transactions begun by this process: what was read before the last one may be out of date."""
        self._compiled: dict[TextClause, str] = {}
        self._reader: _Reader | None = None
        self._reader_lock = threading.Lock()
        self._pool_size = pool_size

    def read(self, statement: TextClause, **parameters: object) -> list[Any]:
        """Run one reading statement outside any transaction; rows are named tuples.

        It bypasses SQLAlchemy's execution for speed, because an idle run of a job is nothing but this call. A dropped
        connection is replaced once. Raises `psycopg.Error`.
        """
        return self._run(statement, parameters)

    def write_ungoverned(self, statement: TextClause, **parameters: object) -> None:
        """Run one statement that is a transaction of its own, for operational state that needs no audit record."""
        self._run(statement, parameters)

    def _run(self, statement: TextClause, parameters: dict[str, object]) -> list[Any]:
        sql = self._compiled.get(statement)
        if sql is None:
            sql = self._compiled[statement] = str(statement.compile(dialect=self._engine.dialect))
        with self._reader_lock:
            try:
                return self._fetch(sql, parameters)
            except psycopg.OperationalError:
                if self._reader is not None and not self._reader.cursor.connection.closed:
                    raise
                self._drop_reader()
                return self._fetch(sql, parameters)

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block and rolls back if the block raises."""
        self.transactions += 1
        with self._engine.begin() as connection:
            yield connection

    def available_connections(self, *, server_grants: int) -> int:
        """Connections that could be taken from the pool now: open ones that nobody uses, and those it may still open.

        :param server_grants: how many more the server would let us open (see `operations.connections`)
        """
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        idle, used = pool.checkedin(), pool.checkedout()
        return idle + max(0, min(self._pool_size - idle - used, server_grants))

    def restart_pool(self) -> None:
        """Close every connection that nobody uses and open one, to see that it can be done. Raises `psycopg.Error`."""
        with self._reader_lock:
            self._drop_reader()
            self._engine.dispose()
        with self._engine.connect() as connection:
            connection.exec_driver_sql("SELECT 1")

    def close(self) -> None:
        """Close every connection."""
        with self._reader_lock:
            self._drop_reader()
        self._engine.dispose()

    def _fetch(self, sql: str, parameters: dict[str, object]) -> list[Any]:
        if self._reader is None:
            self._reader = _Reader.of(self._engine.connect().execution_options(isolation_level="AUTOCOMMIT"))
        cursor = self._reader.cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.rownumber is not None else []

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._reader.connection.invalidate()
            self._reader.connection.close()
            self._reader = None


@dataclass(frozen=True, kw_only=True)
class _Reader:
    """The permanent connection, and its one cursor: a new one for each statement costs a tenth of an idle run."""

    connection: Connection
    cursor: psycopg.Cursor[Any]

    @classmethod
    def of(cls, connection: Connection) -> _Reader:
        driver = connection.connection.driver_connection
        assert isinstance(driver, psycopg.Connection)
        return cls(connection=connection, cursor=driver.cursor(row_factory=namedtuple_row))
