"""The runbooks as pages for an admin's browser: one each, and how to follow one with the index.

Who may see the dashboards may see them: by the browser's session, or with an admin's bearer token. They show the
files in force and change nothing.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import urlencode

from flask import redirect, request
from flask_openapi.blueprint import APIBlueprint
from markupsafe import Markup
from pydantic import BaseModel
from werkzeug.wrappers import Response

from simulation.staging.errors import ApiError
from simulation.staging.http import admission, pages
from simulation.staging.http.api import Api
from simulation.staging.http.declaration import ADMIN, elsewhere, text_answer
from simulation.staging.http.markdown_page import html_of
from simulation.staging.operations.runbook_texts import GUIDE, PAGES, RunbookTexts

_OF_A_FILE = re.compile(r"(?P<name>\w+)\.md(?P<part>#[\w-]+)?")


class OfRunbook(BaseModel):
    """The runbook that an address names."""

    name: str


def blueprint(api: Api) -> APIBlueprint:
    """The index with how to follow a runbook, and one page for each."""
    routes, texts = api.routes("runbook_pages", PAGES), api.boards.runbooks
    template = pages.templates(texts).get_template
    responses = {**text_answer("text/html", ADMIN, {404: ("runbook_not_found",)}), **elsewhere()}

    @routes.get("", responses=responses)
    def index() -> Response:
        def made(user: str | None) -> str:
            title, _, body = texts.guide().strip().partition("\n")
            if not body:
                raise ApiError(404, "runbook_not_found", "this deployment shows no runbooks")
            return template("runbooks.html.j2").render(
                user=user, title=title.removeprefix("#").strip(), body=_html(body, texts)
            )

        return _for_reader(api, "runbooks", made)

    @routes.get("/<name>", responses=responses)
    def page(path: OfRunbook) -> Response:
        def made(user: str | None) -> str:
            found = texts.find(path.name)
            if found is None:
                raise ApiError(404, "runbook_not_found", f"the runbooks are listed at {PAGES}")
            return template("runbook.html.j2").render(user=user, runbook=found, body=_html(found.body, texts))

        return _for_reader(api, f"runbooks/{path.name}", made)

    return routes


def _for_reader(api: Api, after: str, made: Callable[[str | None], str]) -> Response:
    """The page that ``made`` makes for an admin, told the name of whoever has a session; anybody else is led to the
    login, and from there to ``after``."""
    session = pages.session_of(api.runtime)
    if session is not None:
        return pages.html(made(session.name))
    if "Authorization" not in request.headers:
        return redirect(f"/admin/login?{urlencode({'next': after})}", code=303)
    admission.admit_admin(api.runtime, api.levels)
    return pages.html(made(None))


def _html(markdown: str, texts: RunbookTexts) -> Markup:
    """``html_of`` makes markup of Markdown alone, whatever stands in it."""

    def address(target: str) -> str | None:
        if target.startswith("#"):
            return target
        file = _OF_A_FILE.fullmatch(target)
        if file is None:
            return None
        page = PAGES if file["name"] == GUIDE else texts.page(file["name"])
        return page and f"{page}{file['part'] or ''}"

    return Markup(html_of(markdown, address=address))  # noqa: S704 - no markup of the file's own passes
