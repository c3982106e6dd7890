"""The floor of a run: the platform's own SQL, recorded in the run and replayed bare through psycopg.

It is replayed on the same server, with the clock moved at the same places. What the run takes above it is Python:
platform, twin, world and witnesses. Recording also counts what the run asks of the database and of the clock.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal
from unittest import mock

import psycopg

from simulation.assembly import RunRequest, assembled
from simulation.assembly.probes import prove_the_clock
from simulation.clock import SimulationClock
from simulation.clock_file import ClockFile, open_clock_file
from simulation.environment.protocol import Database
from simulation.history import current_cause
from simulation.progress import Silent
from simulation.proof.bench.clock_reads import ClockReads
from simulation.run import begin, live, revoke_founder_access
from simulation.run_directory import RunDirectory

_PLATFORM = "platform"
"""The platform's database role."""
_NAMED_CAUSES = ("job", "provider")
"""Causes whose second word says more than the first: the job's name."""

Step = Literal["execute", "commit", "rollback"]


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One SQL statement, commit or rollback on one of the platform's connections, at simulated time ``at``."""

    connection: int
    autocommit: bool
    step: Step
    at: datetime
    sql: Any = None
    parameters: Any = None


@dataclass(kw_only=True)
class Asked:
    """What a run asked of the database and of the clock during its days."""

    platform: list[Statement] = field(default_factory=list)
    statements: Counter[str] = field(default_factory=Counter)
    """Number of statements by origin: who caused them, or the role of the witness that sent them."""
    commits: int = 0
    clock_writes: int = 0
    clock_reads: int | None = None
    """How often a process opened the clock file; None where this machine cannot tell."""
    complete: bool = False
    """Set when the days are over: what comes after them is not counted."""


@dataclass(frozen=True, kw_only=True)
class Floor:
    """Wall seconds of a run's days and of their SQL alone on the same server."""

    days_seconds: float
    floor_seconds: float
    replayed: int
    """Statements, commits and rollbacks of the platform, from its start to the last day."""
    asked: Asked


def origin_of(cause: str) -> str:
    """The kind of a cause: ``job:settlement:2026…`` is ``job:settlement``, ``execution:7`` is ``execution``."""
    words = cause.split(":")
    return ":".join(words[: 2 if words[0] in _NAMED_CAUSES else 1])


def measured_floor(request: RunRequest) -> Floor:
    """Live a run's days, then replay the platform's statements on the same server."""
    directory = RunDirectory.create(out=request.out, scenario="floor", seed=request.seed)
    asked = Asked()
    with _recorded(asked), assembled(request, directory, Silent()) as sim:
        bare = sim.server.clone("floor")
        prove_the_clock(sim)
        begin(sim)
        revoke_founder_access(sim)
        asked.statements.clear()
        asked.commits = 0
        with _clock_watched(asked, sim.kernel.clock, sim.database.clock_file):
            began = time.perf_counter()
            live(sim, Silent())
            lived = time.perf_counter() - began
        asked.complete = True
        floor = _replay(asked.platform, bare)
        return Floor(days_seconds=lived, floor_seconds=floor, replayed=len(asked.platform), asked=asked)


@contextmanager
def _recorded(asked: Asked) -> Iterator[None]:
    """Within this block, write down the platform's statements, commits and rollbacks, and count everybody's."""

    def note(connection: psycopg.Connection[Any], step: Step, sql: Any = None, parameters: Any = None) -> None:
        if asked.complete:
            return
        ours = connection.info.user == _PLATFORM
        if step == "execute":
            asked.statements[origin_of(current_cause()) if ours else connection.info.user] += 1
        elif step == "commit":
            asked.commits += 1
        if ours:
            asked.platform.append(
                Statement(
                    connection=id(connection),
                    autocommit=connection.autocommit,
                    step=step,
                    at=datetime.now(UTC),
                    sql=sql,
                    parameters=parameters,
                )
            )

    def execute(cursor: psycopg.Cursor[Any], query: Any, params: Any = None, **options: Any) -> Any:
        note(cursor.connection, "execute", query, params)
        return real_execute(cursor, query, params, **options)

    def commit(connection: psycopg.Connection[Any]) -> None:
        note(connection, "commit")
        real_commit(connection)

    def rollback(connection: psycopg.Connection[Any]) -> None:
        note(connection, "rollback")
        real_rollback(connection)

    real_execute, real_commit, real_rollback = (
        psycopg.Cursor.execute, psycopg.Connection.commit, psycopg.Connection.rollback,
    )  # fmt: skip
    with (
        mock.patch.object(psycopg.Cursor, "execute", execute),
        mock.patch.object(psycopg.Connection, "commit", commit),
        mock.patch.object(psycopg.Connection, "rollback", rollback),
    ):
        yield


@contextmanager
def _clock_watched(asked: Asked, clock: SimulationClock, file: Path) -> Iterator[None]:
    """Within this block, count moves of the clock and opens of its file: one of each program for a page of our own, one
    of each look at the time for libfaketime."""

    class Counted:
        def __init__(self, real: ClockFile) -> None:
            self._real = real

        def show(self, instant: datetime) -> None:
            asked.clock_writes += 1
            reads.collect()
            self._real.show(instant)

    counted = tuple(map(Counted, clock._files))
    with ClockReads(file) as reads, mock.patch.object(clock, "_files", counted):
        yield
        reads.collect()
    asked.clock_reads = reads.number


def _replay(statements: list[Statement], database: Database) -> float:
    """Run the same statements through psycopg alone; returns wall seconds."""
    conninfo = database.conninfo(_PLATFORM, application="floor")
    connections = {key: psycopg.connect(conninfo) for key in dict.fromkeys(one.connection for one in statements)}
    clock = open_clock_file(database.clock_file)
    began = time.perf_counter()
    at: datetime | None = None
    for one in statements:
        if one.at != at:
            at = one.at
            clock.show(at)
        connection = connections[one.connection]
        if connection.autocommit != one.autocommit:
            connection.autocommit = one.autocommit
        if one.step == "execute":
            connection.execute(one.sql, one.parameters or None)
        elif one.step == "commit":
            connection.commit()
        else:
            connection.rollback()
    took = time.perf_counter() - began
    for connection in connections.values():
        connection.close()
    return took
