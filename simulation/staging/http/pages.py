"""What all pages for an admin's browser have in common: the session, the headers, the templates."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import jinja2
from flask import Response, request
from markupsafe import Markup

from simulation.staging.access import sessions
from simulation.staging.http.markdown_page import breakable
from simulation.staging.operations.runbook_texts import PAGES as RUNBOOKS
from simulation.staging.operations.runbook_texts import RunbookTexts
from simulation.staging.runtime import Runtime

COOKIE = "admin_session"
TITLES = {
    "operational": "Operational",
    "contest-status": "Contest status",
    "audit-trail": "Audit trail",
    "error-trends": "Error trends",
}
"""The dashboards, by the name in their address."""
TEMPLATES = Path(__file__).with_name("templates")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


def session_of(runtime: Runtime) -> sessions.Session | None:
    """The session whose cookie the request has; None without a valid one."""
    secret = request.cookies.get(COOKIE)
    return sessions.find(runtime, secret) if secret else None


def html(text: str, *, status: int = 200) -> Response:
    """A page that no other site can frame, no cache keeps, and in which no script runs."""
    return Response(text, status=status, mimetype="text/html", headers=_HEADERS)


def templates(runbooks: RunbookTexts) -> jinja2.Environment:
    """Whatever is put into one is text, never markup."""
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "breakable": _breakable,
        "moment": _moment,
        "short": lambda text: str(text)[:8],
        "lasted": _lasted,
    }
    environment.globals |= {
        "titles": TITLES,
        "runbooks": RUNBOOKS,
        "runbook_names": runbooks.names,
        "runbook_page": runbooks.page,
    }
    return environment


def _breakable(text: object) -> Markup:
    return Markup(breakable(str(text)))  # noqa: S704 - it escapes


def _moment(text: str | None) -> str:
    """``2026-03-05 12:20:00`` of an ISO time; a dash for none."""
    return text[:19].replace("T", " ").removesuffix("Z") if text else "–"


def _lasted(seconds: Any) -> str:
    """``1 h 10 min``, ``5 min``, ``40 s``; a dash for none."""
    if seconds is None:
        return "–"
    hours, rest = divmod(int(seconds), 3600)
    minutes, rest = divmod(rest, 60)
    if hours:
        return f"{hours} h {minutes} min" if minutes else f"{hours} h"
    return f"{minutes} min" if minutes else f"{rest} s"
