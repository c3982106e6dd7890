"""Connections to Postgres: a kept one for single reads, a pool for transactions."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import sqlalchemy
from sqlalchemy import Connection, Row, TextClause
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import QueuePool


class Database:
    """Access as the role `platform`.

    The pool fails at once when it is exhausted instead of queueing: a caller that must wait is better told so, and the metric shows it.
    """

    def __init__(self, url: str, *, pool_size: int) -> None:
        self._engine = sqlalchemy.create_engine(
            url, poolclass=QueuePool, pool_size=pool_size, max_overflow=0, pool_timeout=0, pool_pre_ping=True
        )
        self._reader: Connection | None = None
        self._reader_lock = threading.Lock()
        self._pool_size = pool_size

    def read(self, statement: TextClause, **parameters: object) -> Sequence[Row[Any]]:
        """Run one reading statement outside any transaction; a dropped connection is replaced once."""
        with self._reader_lock:
            try:
                return self._kept_reader().execute(statement, parameters).all()
            except DBAPIError as error:
                self._drop_reader()
                if not error.connection_invalidated:
                    raise
                return self._kept_reader().execute(statement, parameters).all()

    @contextmanager
    def transaction(self) -> Iterator[Connection]:
        """A transaction that commits at the end of the block and rolls back if the block raises."""
        with self._engine.begin() as connection:
            yield connection

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """A connection whose every statement is a transaction, for operational state that is not governed."""
        with self._engine.connect() as connection:
            yield connection.execution_options(isolation_level="AUTOCOMMIT")

    @property
    def available_connections(self) -> int:
        """Connections that could be taken from the pool now."""
        pool = self._engine.pool
        assert isinstance(pool, QueuePool)
        return self._pool_size - pool.checkedout()

    def close(self) -> None:
        """Return every connection to the server."""
        with self._reader_lock:
            self._drop_reader()
        self._engine.dispose()

    def _kept_reader(self) -> Connection:
        if self._reader is None:
            self._reader = self._engine.connect().execution_options(isolation_level="AUTOCOMMIT")
        return self._reader

    def _drop_reader(self) -> None:
        if self._reader is not None:
            self._reader.close()
            self._reader = None
