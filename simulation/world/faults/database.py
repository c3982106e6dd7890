"""Faults of the database that come from its other sessions."""

from __future__ import annotations

import contextlib
from typing import Any

import psycopg
from psycopg import sql

from simulation.clock import SimProcess
from simulation.environment.sessions import end_session
from simulation.events import row_digest
from simulation.scenario.faults.database import ContestRowHeld, ContestRowsLost, DatabaseConnectionsExhausted
from simulation.scenario.faults.planned import PlannedFault
from simulation.words import plural
from simulation.world.faults.context import FaultContext, carries_out

_REPORT = "nightly-report"
_MORE_THAN_ANY_LIMIT = 1_000


@carries_out(ContestRowHeld)
def hold_contest_row(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """A worker hangs in a transaction that has locked the contest's row, as any UPDATE of it does."""
    yield around.kernel.until(fault.starts_at)
    contest_id = around.registry.contest_ids.get(str(fault.contest))
    if contest_id is None:
        return
    session = around.session("hanging-worker")
    table = sql.Identifier(around.governance.contest_table)
    statement = sql.SQL("SELECT id FROM {} WHERE id = %s FOR NO KEY UPDATE NOWAIT").format(table)
    if session.execute(statement, (contest_id,)).fetchone() is None:
        return
    around.injector.strike(fault, {"contest": contest_id}, detail="another session holds the row", touches=False)
    yield around.kernel.until(fault.until)
    with contextlib.suppress(psycopg.OperationalError):  # ended from the other side before
        session.rollback()
    end_session(session)


@carries_out(DatabaseConnectionsExhausted)
def take_every_connection(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """A report opens connections until the server grants no more; every other one hangs in a transaction."""
    yield around.kernel.until(fault.starts_at)
    taken: list[psycopg.Connection[Any]] = []
    with contextlib.suppress(psycopg.OperationalError):  # too many connections for role
        while len(taken) < _MORE_THAN_ANY_LIMIT:
            taken.append(around.session(_REPORT))
            if len(taken) % 2:
                taken[-1].execute("SELECT 1")
    if not taken:
        return
    detail = f"{_REPORT} has {plural(len(taken), 'connection')}, and the server grants no more"
    around.injector.strike(fault, {"application": _REPORT}, detail=detail, touches=False)
    yield around.kernel.until(fault.until)
    for session in taken:
        end_session(session)


_MAINTENANCE = "maintenance"


@carries_out(ContestRowsLost)
def lose_contest_rows(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """A maintenance script deletes a contest's scores in one transaction, with the triggers out of its way."""
    yield around.kernel.until(fault.starts_at)
    contest_id = around.registry.contest_ids.get(str(fault.contest))
    if contest_id is None:
        return
    lost: dict[str, list[str]] = {}
    with around.session("storage-repair", role=_MAINTENANCE) as session:
        session.execute("SET LOCAL session_replication_role = replica")
        for table, column in sorted(around.governance.contest_score_tables.items()):
            statement = sql.SQL("DELETE FROM {} WHERE {} = %s RETURNING id").format(
                sql.Identifier(table), sql.Identifier(column)
            )
            lost[table] = [str(row[0]) for row in session.execute(statement, (contest_id,))]
    if any(lost.values()):
        keys = {"contest": contest_id, **{table: row_digest(ids) for table, ids in lost.items() if ids}}
        rows = plural(sum(map(len, lost.values())), "row")
        detail = f"{rows} deleted from {', '.join(table for table in lost if lost[table])}"
        around.injector.strike(fault, keys, detail=detail, touches=False)
