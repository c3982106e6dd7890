"""One connection, one transaction at a time; each leaves a line in the journal that says who did what, and why."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import dict_row

_LOCK = threading.RLock()
_open: list[psycopg.Connection[Any]] = []


@contextmanager
def change(who: str, what: str, why: str, request: str = "timer") -> Iterator[psycopg.Connection[Any]]:
    """A transaction with its line in the journal; nothing of it stays when it breaks off."""
    with _LOCK, _connection().transaction():
        yield _connection()
        _connection().execute(
            "INSERT INTO journal (who, what, why, request) VALUES (%s, %s, %s, %s)", (who, what, why, request)
        )


def read(query: str, *values: object) -> list[dict[str, Any]]:
    with _LOCK, _connection().transaction():
        return list(_connection().execute(query.encode(), values))


def _connection() -> psycopg.Connection[Any]:
    if not _open or _open[0].closed:
        url = os.environ["DATABASE_URL"]
        _open[:] = [psycopg.connect(url, row_factory=dict_row, autocommit=True)]
    return _open[0]
