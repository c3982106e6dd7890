"""A session that is ended has let go of everything at the server, however slow the server's end of it is."""

from __future__ import annotations

import os
import signal
import threading

import psycopg
import pytest

from simulation.environment.protocol import Database
from simulation.environment.sessions import end_session, until_ended


def session_of(database: Database) -> psycopg.Connection[tuple[object, ...]]:
    return psycopg.connect(database.conninfo("platform", application="ends"))


def locks_held(database: Database) -> int:
    with psycopg.connect(database.conninfo("superuser", application="test"), autocommit=True) as look:
        row = look.execute("SELECT count(*) FROM pg_locks WHERE locktype = 'advisory'").fetchone()
    assert row is not None
    return int(row[0])


def test_whoever_ends_it_goes_on_when_nothing_is_held_any_more(database: Database) -> None:
    session = session_of(database)
    session.execute("SELECT pg_advisory_lock(1)")
    server_side = session.info.backend_pid
    ending = threading.Thread(target=end_session, args=(session,))
    os.kill(server_side, signal.SIGSTOP)  # a server that others keep from its core
    try:
        ending.start()
        ending.join(timeout=0.2)
        assert ending.is_alive()
        assert locks_held(database) == 1
    finally:
        os.kill(server_side, signal.SIGCONT)
    ending.join()
    assert session.closed
    assert locks_held(database) == 0


def test_ending_twice_is_ending_once(database: Database) -> None:
    session = session_of(database)
    end_session(session)
    end_session(session)
    assert session.closed


def test_one_that_the_server_ends_has_ended_when_its_error_arrives(database: Database) -> None:
    session = session_of(database)
    session.execute("SELECT pg_advisory_lock(generate_series(1, 2000))")
    with pytest.raises(psycopg.errors.AdminShutdown), until_ended(session):
        session.execute("SELECT pg_terminate_backend(pg_backend_pid())")
    assert locks_held(database) == 0
    session.close()


def test_one_that_was_ended_from_elsewhere_is_gone(database: Database) -> None:
    session = session_of(database)
    with psycopg.connect(database.conninfo("superuser", application="test"), autocommit=True) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", (session.info.backend_pid,))
    end_session(session)
    assert session.closed
