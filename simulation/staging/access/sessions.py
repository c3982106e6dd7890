"""Sessions of admins' browsers. Only the browser has the cookie's secret; the database has its hash."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from simulation.staging.context import Context
from simulation.staging.runtime import Runtime

LIFE = timedelta(minutes=30)
"""A session never outlives the token it was made from either."""

_INSERT = text("""
    INSERT INTO admin_sessions (id, user_id, secret_sha256, expires_at)
    VALUES (:id, :user_id, :secret_sha256, :expires_at)
""")
_FIND = text("""
    SELECT s.id, s.user_id, u.name FROM admin_sessions s JOIN users u ON u.id = s.user_id
    WHERE s.secret_sha256 = :secret_sha256 AND s.ended_at IS NULL AND s.expires_at > now()
      AND u.is_admin AND u.deleted_at IS NULL
""")
_END = text("UPDATE admin_sessions SET ended_at = now() WHERE id = :id AND ended_at IS NULL RETURNING id")


@dataclass(frozen=True, kw_only=True)
class Session:
    """A session that is valid now, of a user who is an admin now."""

    session_id: UUID
    user_id: UUID
    name: str


def begin(runtime: Runtime, context: Context, *, expires_at: datetime) -> str:
    """A new session of the admin in ``context``; returns the cookie's secret."""
    secret, session_id = secrets.token_urlsafe(32), runtime.new_id()
    with runtime.unit_of_work(
        context,
        action="dashboard_session_opened",
        reason="an admin signed in to the dashboards",
        entity=("admin_session", session_id),
    ) as work:
        work.write(
            _INSERT,
            id=session_id,
            user_id=context.actor,
            secret_sha256=_hash(secret),
            expires_at=expires_at,
        )
    runtime.log.info("Auth", "dashboard session opened", user_id=context.actor, request_id=context.request_id)
    return secret


def find(runtime: Runtime, secret: str) -> Session | None:
    """The session of a cookie; None if it is not valid any more."""
    rows = runtime.database.read(_FIND, secret_sha256=_hash(secret))
    return Session(session_id=rows[0].id, user_id=rows[0].user_id, name=rows[0].name) if rows else None


def end(runtime: Runtime, context: Context, session: Session) -> None:
    """Sign out: the cookie is not accepted any more."""
    with runtime.unit_of_work(
        context,
        action="dashboard_session_closed",
        reason="the admin signed out",
        entity=("admin_session", session.session_id),
    ) as work:
        work.write(_END, id=session.session_id)


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
