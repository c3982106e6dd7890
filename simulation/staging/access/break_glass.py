"""Break-glass access while no admin token can be verified: for diagnosis, and for the one runbook that repairs it.

The token is signed with a secret of its own, kept apart from the identity service. It is refused while other tokens can
be verified; while they cannot, it permits only the requests listed here.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

from sqlalchemy import text

from simulation.staging import admin_token
from simulation.staging.access import users
from simulation.staging.errors import ApiError
from simulation.staging.runtime import Runtime

RUNBOOK = "authentication_service_unavailable"
_READ = re.compile(r"/api/admin/(diagnostics/[a-z-]+|runbooks/executions)")
_RECORD = re.compile(r"/api/admin/runbooks/(step|complete)")
_START = "/api/admin/runbooks/start"
_SWITCH = re.compile(r"/api/admin/authentication/(fail-over|switch-back)")
_OPEN = text("SELECT id FROM runbook_executions WHERE runbook_name = :runbook AND status = 'in_progress'")


def bearer(runtime: Runtime, token: str, now: datetime) -> admin_token.Claims | None:
    """The claims of a valid break-glass token; None for any other token."""
    secret = runtime.settings.admin_break_glass_secret
    if not secret or not token:
        return None
    try:
        claims = admin_token.verify(secret, token, now)
    except admin_token.InvalidToken:
        return None
    return claims if claims.scope == admin_token.BREAK_GLASS else None


def admit(runtime: Runtime, claims: admin_token.Claims, *, method: str, path: str, body: dict[str, Any]) -> None:
    """Check that the bearer may make this request. Raises ApiError 403 if they are no admin any more, or the token does
    not permit it."""
    user = users.find(runtime, claims.user_id)
    if user is None or not user.is_admin:
        raise ApiError(403, "forbidden", "admin rights are required")
    if not _is_for(runtime, method, path, body):
        raise ApiError(403, "break_glass_not_allowed", f"the break-glass token is for the runbook {RUNBOOK} only")


def _is_for(runtime: Runtime, method: str, path: str, body: dict[str, Any]) -> bool:
    if method == "GET":
        return _READ.fullmatch(path) is not None
    if method != "POST":
        return False
    if path == _START:
        return body.get("runbook_name") == RUNBOOK
    open_ids = {str(row.id) for row in runtime.database.read(_OPEN, runbook=RUNBOOK)}
    if _RECORD.fullmatch(path):
        return str(body.get("execution_id")) in open_ids
    return bool(open_ids) and _SWITCH.fullmatch(path) is not None
