"""Rows that go from the database although nobody meant them."""

from __future__ import annotations

from psycopg import sql

from simulation.clock import SimProcess
from simulation.events import row_digest
from simulation.faults.schedule import PlannedFault
from simulation.world.troubles.surroundings import Surroundings

_MAINTENANCE = "maintenance"


def lose_contest_rows(around: Surroundings, fault: PlannedFault) -> SimProcess:
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
        detail = f"{sum(map(len, lost.values()))} rows deleted from {', '.join(table for table in lost if lost[table])}"
        around.injector.strike(fault, keys, detail=detail, touches=False)
