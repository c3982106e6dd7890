"""Every answer of the platform under test, held against the OpenAPI document that it declares."""

from __future__ import annotations

import re
from functools import cache
from typing import Any

from flask import Flask, Response, request
from jsonschema import Draft202012Validator

from simulation.targets.builtin import openapi

Document = dict[str, Any]
_WITHOUT_AN_ENDPOINT = {
    401: "unauthorized",
    403: "forbidden",
    404: "not_found",
    405: "method_not_allowed",
}
"""What an address that names no endpoint is answered with."""


@cache
def document() -> Document:
    return openapi.document()


def watch(app: Flask) -> list[str]:
    """The answers that are not declared, as they come."""
    undeclared: list[str] = []

    @app.after_request
    def look(response: Response) -> Response:
        path = None if request.url_rule is None else re.sub(r"<(?:\w+:)?(\w+)>", r"{\1}", request.url_rule.rule)
        body = response.get_json(silent=True) if response.is_json else None
        problem = wrong_with(request.method, path, response.status_code, response.mimetype, body)
        if problem:
            undeclared.append(problem)
        return response

    return undeclared


def wrong_with(method: str, path: str | None, status: int, media_type: str, body: Any) -> str:
    """What of an answer is not declared; empty if all of it is. ``path`` None: the request named no endpoint."""
    name = f"{method} {path} {status}"
    if path is None:
        return "" if body and body["error"] == _WITHOUT_AN_ENDPOINT.get(status) else f"{name}: {body}"
    declared = document()["paths"].get(path, {}).get(method.lower(), {}).get("responses", {}).get(str(status))
    if declared is None:
        return f"{name}: not declared, answered {body}"
    content = declared.get("content", {media_type: {"schema": {}}})
    if media_type not in content:
        return f"{name}: {media_type} is not declared"
    schema = {**content[media_type]["schema"], "components": document()["components"]}
    if media_type != "application/json":
        return ""
    errors = [f"{error.json_path}: {error.message}" for error in Draft202012Validator(schema).iter_errors(body)]
    return f"{name}: {'; '.join(errors)}" if errors else ""
