"""Sessions of a database, ended so that the server has let go of everything before anybody goes on."""

from __future__ import annotations

import os
import select
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from typing import Any

import psycopg

_END_WALL_MILLISECONDS = 60_000
"""Of real time, for a server that others keep from its core; it needs about a millisecond."""


def end_session(session: psycopg.Connection[Any]) -> None:
    """Close a session and wait until the server has ended it: locks released, its place among the connections free.

    ``close()`` alone only says goodbye: the server ends the session some time later, and whoever comes next may still
    meet its locks or be refused as one too many. Nothing happens to a session that is closed already.

    :raises TimeoutError: the server has not ended it within a minute of real time.
    """
    if session.closed:
        return
    with until_ended(session):
        session.close()


@contextmanager
def until_ended(session: psycopg.Connection[Any]) -> Iterator[None]:
    """Within this block an open session is ended, by whichever side; it has ended when the block is left.

    :raises TimeoutError: as :func:`end_session`.
    """
    # The server closes its end of the connection last of all, when it has released everything. libpq closes ours with
    # the session, so a second descriptor of the same socket is what the end can be read from.
    with FileIO(os.dup(session.fileno())) as connection:
        try:
            yield
        finally:
            _read_to_the_end(connection)


def _read_to_the_end(connection: FileIO) -> None:
    readable = select.poll()
    readable.register(connection, select.POLLIN)
    data: bytes | None = None
    while data != b"":
        if not readable.poll(_END_WALL_MILLISECONDS):
            raise TimeoutError(f"PostgreSQL has not ended a session within {_END_WALL_MILLISECONDS // 1000} s")
        try:
            data = connection.read(4096)
        except ConnectionResetError:  # it was gone before our goodbye reached it
            return
