"""The role's connections: how many it may still open, who has the others, and how ops end those of other programs.

The limit is that of the role, for all its sessions: a report or a forgotten worker can use up what the pool needs.
"""

from __future__ import annotations

from typing import Any

import psycopg
from sqlalchemy import Row, text
from sqlalchemy.exc import SQLAlchemyError

from simulation.staging import operations_log
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.runtime import Runtime

_OWN_PREFIX = "staging-"
"""How the platform's programs name their sessions (``application_name`` in the deployment's DATABASE_URL); besides, a
session with the same name as the one that asks counts as the platform's."""
_OWN = f"(%s = current_setting('application_name') OR starts_with(%s, '{_OWN_PREFIX}'))"
FREE = "database_connections_free"
FREE_CONNECTIONS = """
    SELECT least(
        CASE WHEN r.rolconnlimit < 0 THEN NULL ELSE r.rolconnlimit - count(*) FILTER (WHERE a.usesysid = r.oid) END,
        current_setting('max_connections')::integer - current_setting('superuser_reserved_connections')::integer
            - current_setting('reserved_connections')::integer - count(*))
    FROM pg_roles r CROSS JOIN pg_stat_get_activity(NULL) a
    WHERE r.rolname = current_user AND a.datid IS NOT NULL GROUP BY r.oid, r.rolconnlimit
"""
"""A subselect: connections that the server would still let the role open."""

_FREE = text(f"SELECT ({FREE_CONNECTIONS}) AS free")
_SESSIONS = text(f"""
    SELECT a.application_name AS application, count(*) AS sessions,
        count(*) FILTER (WHERE a.wait_event = 'ClientRead') AS idle,
        count(*) FILTER (WHERE EXISTS (
            SELECT FROM pg_locks l WHERE l.pid = a.pid AND l.locktype = 'virtualxid')) AS in_transaction,
        min(a.backend_start) AS oldest_opened_at, {_OWN % (2 * ("a.application_name",))} AS own
    FROM pg_stat_activity a WHERE a.usename = current_user GROUP BY a.application_name ORDER BY 2 DESC, 1
""")  # noqa: S608 - every part is ours
_IS_OWN = text(f"SELECT {_OWN % (2 * ('CAST(:application AS text)',))} AS own")
_END = text("""
    SELECT count(*) FILTER (WHERE pg_terminate_backend(pid, :wait_milliseconds)) AS ended
    FROM pg_stat_activity WHERE usename = current_user AND application_name = :application AND pid <> pg_backend_pid()
""")
_END_WAIT_MILLISECONDS = 5_000


def free_connections(runtime: Runtime) -> int:
    """How many more the server would let us open."""
    return int(runtime.database.read(_FREE)[0].free)


def available_connections(runtime: Runtime) -> int:
    """Connections that can be taken from the pool now."""
    return runtime.database.available_connections(server_grants=free_connections(runtime))


def sessions(runtime: Runtime) -> list[Row[Any]]:
    """The role's sessions by program, most first: how many are idle, and how many are in a transaction."""
    return list(runtime.database.read(_SESSIONS))


def end_sessions(runtime: Runtime, context: Context, application: str, reason: str) -> int:
    """End every session of a program that is not the platform's; what it had not committed is rolled back.

    Raises 409 `own_sessions`, 404 `no_such_sessions`.
    """
    if runtime.database.read(_IS_OWN, application=application)[0].own:
        raise ApiError(409, "own_sessions", f"{application} is the platform itself")
    with runtime.unit_of_work(
        context, action="database_sessions_ended", reason=reason, entity=("database", "connections")
    ) as work:
        ended: int = work.read(_END, application=application, wait_milliseconds=_END_WAIT_MILLISECONDS)[0].ended
        if not ended:
            raise ApiError(404, "no_such_sessions", f"no session of {application[:100]!r}")
        work.payload |= {"application": application, "ended": ended}
        operations_log.note(work, subject="database", event="sessions_ended", detail=work.payload)
        work.result = ended
    runtime.log.warning(
        "Admin", "database sessions ended", application=application, ended=ended, request_id=context.request_id
    )
    return ended


def restart_pool(runtime: Runtime, context: Context, reason: str) -> None:
    """Close the idle connections of the process that answers and open new ones.

    Raises 409 `no_free_connections` if the server does not grant enough connections to fill the pool again.
    """
    with runtime.unit_of_work(
        context, action="database_pool_restarted", reason=reason, entity=("database", "connections")
    ) as work:
        free = free_connections(runtime)
        if free < runtime.settings.database_pool_size:
            raise ApiError(409, "no_free_connections", f"the server grants {free} more; the pool would not come back")
        operations_log.note(work, subject="database", event="pool_restarted", detail={"free_connections": free})
    try:
        runtime.database.restart_pool()
    except (psycopg.Error, SQLAlchemyError) as error:
        raise ApiError(503, "database_unreachable", "the pool was closed and no connection can be opened") from error
    runtime.log.warning("Admin", "database connection pool restarted", request_id=context.request_id)
