"""The dashboards as pages for an admin's browser: plain HTML that works without scripts and refreshes itself.

A browser signs in once with a bearer token and then carries a short-lived cookie that no script can read and that is
not sent with requests from other sites. The pages change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from flask import Response, redirect, request
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel
from werkzeug.wrappers import Response as BaseResponse

from simulation.staging.access import sessions
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.http import admission
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import ADMIN, Refusals, Responses, elsewhere, text_answer
from simulation.staging.runtime import Runtime

COOKIE = "admin_session"
REFRESH_SECONDS = 60
TITLES = {
    "operational": "Operational",
    "contest-status": "Contest status",
    "audit-trail": "Audit trail",
    "error-trends": "Error trends",
}
_TEMPLATES = Path(__file__).with_name("templates")
_HEADERS = {
    "Cache-Control": "no-store",
    "Content-Security-Policy": "default-src 'none'; style-src 'self'; form-action 'self'; base-uri 'none';"
    " frame-ancestors 'none'",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class OfPage(BaseModel):
    """The page that an address names."""

    name: str


def blueprint(api: Api) -> APIBlueprint:
    """Sign in, sign out, and one page for each dashboard."""
    routes = api.routes("dashboard_pages", "/admin")
    template = _environment().get_template
    _add_pages(routes, api, template)
    _add_session(routes, api, template)

    @routes.get("/dashboards.css", responses=text_answer("text/css"))
    def style() -> Response:
        return Response((_TEMPLATES / "dashboards.css").read_text(), mimetype="text/css")

    return routes


_Templates = Callable[[str], jinja2.Template]
_UNKNOWN: Refusals = {404: ("dashboard_not_found",)}


def _add_pages(routes: APIBlueprint, api: Api, template: _Templates) -> None:
    @routes.get("/dashboards", responses=elsewhere())
    def front() -> BaseResponse:
        return redirect("/admin/dashboards/operational", code=303)

    @routes.get("/dashboards/<name>", responses={**text_answer("text/html", _UNKNOWN), **elsewhere()})
    def page(path: OfPage) -> BaseResponse:
        if path.name not in TITLES:
            raise ApiError(404, "dashboard_not_found", f"dashboards are: {', '.join(TITLES)}")
        session = _session(api.runtime)
        if session is None:
            return redirect(f"/admin/login?next={path.name}", code=303)
        shown = api.boards.pages[path.name]()
        about = {"name": path.name, "titles": TITLES, "user": session.name, "refresh_seconds": REFRESH_SECONDS}
        return _html(template(f"{path.name}.html.j2").render(page=shown, **about))


def _add_session(routes: APIBlueprint, api: Api, template: _Templates) -> None:
    @routes.get("/login", responses=text_answer("text/html"))
    def login_form() -> BaseResponse:
        return _html(template("login.html.j2").render(next=_next(), refused=False))

    form = {
        "content": {
            "application/x-www-form-urlencoded": {
                "schema": {
                    "type": "object",
                    "properties": {"token": {"type": "string"}, "next": {"type": "string"}},
                    "required": ["token"],
                }
            }
        }
    }
    refused: Responses = {status: text_answer("text/html")[200] for status in ADMIN}

    @routes.post("/login", request_body=form, responses={**elsewhere(), **refused})
    def login() -> BaseResponse:
        token = request.form.get("token", "").strip()
        try:
            context, token_ends = admission.admin_by_token(api.runtime, api.levels, token)
        except ApiError as error:
            return _html(template("login.html.j2").render(next=_next(), refused=True), status=error.status)
        now = datetime.now(UTC)
        ends = min(now + sessions.LIFE, token_ends)
        secret = sessions.begin(api.runtime, context, expires_at=ends)
        answer = redirect(f"/admin/dashboards/{_next()}", code=303)
        answer.set_cookie(
            COOKIE,
            secret,
            max_age=int((ends - now).total_seconds()),
            path="/admin",
            secure=request.is_secure,
            httponly=True,
            samesite="Strict",
        )
        return answer

    @routes.post("/logout", responses=elsewhere())
    def logout() -> BaseResponse:
        session = _session(api.runtime)
        if session is not None:
            context = Context(actor=session.user_id, request_id=admission.request_id())
            sessions.end(api.runtime, context, session)
        answer = redirect("/admin/login", code=303)
        answer.delete_cookie(COOKIE, path="/admin", httponly=True, samesite="Strict")
        return answer


def _session(runtime: Runtime) -> sessions.Session | None:
    secret = request.cookies.get(COOKIE)
    return sessions.find(runtime, secret) if secret else None


def _next() -> str:
    """Where to go after signing in: one of our pages, whatever the address says."""
    asked = request.values.get("next", "")
    return asked if asked in TITLES else "operational"


def _html(text: str, *, status: int = 200) -> Response:
    return Response(text, status=status, mimetype="text/html", headers=_HEADERS)


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.FileSystemLoader(_TEMPLATES),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"moment": _moment, "short": lambda text: str(text)[:8], "lasted": _lasted}
    return environment


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
