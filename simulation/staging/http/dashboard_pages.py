"""The dashboards as pages for an admin's browser: plain HTML that works without scripts and refreshes itself.

A browser signs in once with a bearer token and then carries a short-lived cookie that no script can read and that is
not sent with requests from other sites. The pages change nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

import jinja2
from flask import Response, redirect, request
from flask_openapi.blueprint import APIBlueprint
from pydantic import BaseModel
from werkzeug.wrappers import Response as BaseResponse

from simulation.staging.access import sessions
from simulation.staging.context import Context
from simulation.staging.errors import ApiError
from simulation.staging.http import admission, pages
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import ADMIN, Refusals, Responses, elsewhere, text_answer
from simulation.staging.operations.runbook_texts import RunbookTexts

REFRESH_SECONDS = 60


class OfPage(BaseModel):
    """The page that an address names."""

    name: str


def blueprint(api: Api) -> APIBlueprint:
    """Sign in, sign out, and one page for each dashboard."""
    routes = api.routes("dashboard_pages", "/admin")
    template = pages.templates(api.boards.runbooks).get_template
    _add_pages(routes, api, template)
    _add_session(routes, api, template)

    @routes.get("/dashboards.css", responses=text_answer("text/css"))
    def style() -> Response:
        return Response((pages.TEMPLATES / "dashboards.css").read_text(), mimetype="text/css")

    return routes


_Templates = Callable[[str], jinja2.Template]
_UNKNOWN: Refusals = {404: ("dashboard_not_found",)}


def _add_pages(routes: APIBlueprint, api: Api, template: _Templates) -> None:
    @routes.get("/dashboards", responses=elsewhere())
    def front() -> BaseResponse:
        return redirect("/admin/dashboards/operational", code=303)

    @routes.get("/dashboards/<name>", responses={**text_answer("text/html", _UNKNOWN), **elsewhere()})
    def page(path: OfPage) -> BaseResponse:
        if path.name not in pages.TITLES:
            raise ApiError(404, "dashboard_not_found", f"dashboards are: {', '.join(pages.TITLES)}")
        session = pages.session_of(api.runtime)
        if session is None:
            return redirect(f"/admin/login?next={path.name}", code=303)
        shown = api.boards.pages[path.name]()
        about = {"name": path.name, "user": session.name, "refresh_seconds": REFRESH_SECONDS}
        return pages.html(template(f"{path.name}.html.j2").render(page=shown, **about))


def _add_session(routes: APIBlueprint, api: Api, template: _Templates) -> None:
    @routes.get("/login", responses=text_answer("text/html"))
    def login_form() -> BaseResponse:
        return pages.html(template("login.html.j2").render(next=_next(api.boards.runbooks), refused=False))

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
            return pages.html(
                template("login.html.j2").render(next=_next(api.boards.runbooks), refused=True), status=error.status
            )
        now = datetime.now(UTC)
        ends = min(now + sessions.LIFE, token_ends)
        secret = sessions.begin(api.runtime, context, expires_at=ends)
        answer = redirect(_page_of(_next(api.boards.runbooks)), code=303)
        answer.set_cookie(
            pages.COOKIE,
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
        session = pages.session_of(api.runtime)
        if session is not None:
            context = Context(actor=session.user_id, request_id=admission.request_id())
            sessions.end(api.runtime, context, session)
        answer = redirect("/admin/login", code=303)
        answer.delete_cookie(pages.COOKIE, path="/admin", httponly=True, samesite="Strict")
        return answer


def _next(runbooks: RunbookTexts) -> str:
    """Where to go after signing in: one of our pages, whatever the address says."""
    asked = request.values.get("next", "")
    if asked == "runbooks" or asked.removeprefix("runbooks/") in runbooks.names():
        return asked
    return asked if asked in pages.TITLES else "operational"


def _page_of(after: str) -> str:
    return f"/admin/dashboards/{after}" if after in pages.TITLES else f"/admin/{after}"
