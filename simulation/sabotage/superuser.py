"""Database access that a normal run does not have: a superuser's or a founder's session from before the absence."""

from __future__ import annotations

from typing import Any

import psycopg

from simulation.assembly import Simulation


def open_session(sim: Simulation, role: str) -> psycopg.Connection[Any]:
    """A session of ``superuser`` or ``founder``, opened while they may still log in, and left open."""
    return psycopg.connect(sim.database.conninfo(role, application="psql"), autocommit=True, connect_timeout=10)


def superuser(sim: Simulation, *statements: str) -> None:
    """Run statements now, as part of a botched deployment: before the absence begins."""
    with open_session(sim, "superuser") as session:
        for statement in statements:
            run(session, statement)


def run(session: psycopg.Connection[Any], statement: str) -> list[tuple[Any, ...]]:
    """One statement in a transaction of its own."""
    cursor = session.execute(statement)
    return cursor.fetchall() if cursor.description else []
