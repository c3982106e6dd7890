"""What ops see of the database's sessions, and how they end one that blocks others."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.contests import contests
from simulation.staging.context import Context
from simulation.staging.runtime import Runtime

_HOLDERS = text("""
    SELECT DISTINCT a.pid, a.application_name, a.backend_start AS opened_at
    FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
    WHERE l.locktype = 'relation' AND l.granted AND l.relation = CAST('contest_instances' AS regclass)
      AND l.mode IN ('RowShareLock', 'RowExclusiveLock') AND a.usename = current_user AND a.pid <> pg_backend_pid()
    ORDER BY opened_at, a.pid
""")
_END = text("SELECT pg_terminate_backend(:pid, :wait_milliseconds) AS ended")
_END_WAIT_MILLISECONDS = 5_000
"""How long to wait until the session has released its locks; an idle one ends at once."""


def holders(runtime: Runtime) -> list[Row[Any]]:
    """Other sessions of ours that are in a transaction which holds rows of contests, the oldest first.

    A session that works properly holds them for milliseconds.
    """
    return list(runtime.database.read(_HOLDERS))


def end_holders(runtime: Runtime, context: Context, contest_id: UUID, reason: str) -> int:
    """End every session that holds rows of contests; what it had not committed is rolled back. Returns their number.

    Raises 404 `contest_not_found`; the act is recorded in the trail of the contest that waits.
    """
    with runtime.unit_of_work(
        context, action="blocking_sessions_ended", reason=reason, entity=("contest", contest_id)
    ) as work:
        found = [row for row in work.read(_HOLDERS) if work.read(_END, pid=row.pid, **_WAIT)[0].ended]
        contest = contests.locked(work, contest_id)
        if found:
            ended: dict[str, object] = {"ended": [row.application_name for row in found]}
            work.payload.update(ended)
            work.record_contest_action(
                contest.id,
                action="blocking_sessions_ended",
                reason=reason,
                from_status=contest.status,
                to_status=contest.status,
                payload=ended,
            )
        work.result = len(found)
    runtime.log.warning(
        "Admin",
        "blocking sessions ended",
        contest_id=contest_id,
        ended=len(found),
        user_id=context.actor,
        request_id=context.request_id,
    )
    return len(found)


_WAIT = {"wait_milliseconds": _END_WAIT_MILLISECONDS}
