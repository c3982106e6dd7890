"""The OpenAPI document of the staging platform, from its routes and what their functions read and answer.

Paths, methods and path parameters come from the application's URL map. Fields come from the source of each endpoint:
what it takes from the body by ``parsing``, from the query and the headers by ``request``, and what it answers by
``jsonify``. What an endpoint answers as whole rows is an open object: the tables themselves are in the schema snapshot.
"""

from __future__ import annotations

import ast
import inspect
import json
import re
import sys
import textwrap
from collections.abc import Callable, Iterator
from typing import Any

from simulation.staging.platform import Platform
from simulation.staging.settings import Settings

Document = dict[str, Any]

_VERSION = "0.1.0"
_BODY_TYPES = {
    "text_of": "string",
    "uuid_of": "string",
    "time_of": "string",
    "integer_of": "integer",
    "boolean_of": "boolean",
    "object_of": "object",
}
_OPTIONAL = frozenset({"object_of"})


def document() -> Document:
    """The document, every map in alphabetical order."""
    nowhere = Settings(
        environment="test",
        database_url="postgresql+psycopg://nobody@/nothing?host=/nowhere",
        stripe_api_key="",
        stripe_webhook_secret="",
        admin_jwt_secret="",
        provider_base_url="https://provider.test",
    )
    app = Platform(nowhere, log=lambda _line: None).wsgi
    paths: dict[str, dict[str, Any]] = {}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<(?:[a-z]+:)?([a-z_]+)>", r"{\1}", rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}):
            paths.setdefault(path, {})[method.lower()] = _operation(app.view_functions[rule.endpoint], path)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Staging contest platform", "version": _VERSION},
        "paths": {path: dict(sorted(paths[path].items())) for path in sorted(paths)},
        "components": {"securitySchemes": {"admin": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}}},
    }


def text() -> str:
    """As it is committed."""
    return json.dumps(document(), indent=2, sort_keys=True) + "\n"


def _operation(view: Callable[..., Any], path: str) -> Document:
    calls = list(_calls(view))
    operation: Document = {
        "parameters": [
            *({"in": "path", "name": name, "required": True, "schema": {"type": "string"}} for name in _names(path)),
            *(_parameter("query", name) for name in sorted(_asked(calls, "request.args.get"))),
            *(_parameter("header", name) for name in sorted(_asked(calls, "request.headers.get"))),
        ],
        "responses": {"200": {"description": "done", **_content(_answers(calls))}},
    }
    body, required = _body(calls)
    if body:
        schema: Document = {"type": "object", "properties": body}
        operation["requestBody"] = {"content": {"application/json": {"schema": {**schema, "required": required}}}}
    if path.startswith("/api/admin/"):
        operation["security"] = [{"admin": []}]
    return operation


def _names(path: str) -> list[str]:
    return re.findall(r"{([a-z_]+)}", path)


def _parameter(where: str, name: str) -> Document:
    return {"in": where, "name": name, "required": False, "schema": {"type": "string"}}


def _calls(view: Callable[..., Any]) -> Iterator[ast.Call]:
    """Calls of the endpoint's function, and of the little functions beside it that it calls by name."""
    seen: set[str] = set()
    waiting: list[Callable[..., Any]] = [view]
    while waiting:
        function = waiting.pop(0)
        tree = ast.parse(textwrap.dedent(inspect.getsource(function)))
        beside = {**inspect.getclosurevars(function).nonlocals, **inspect.getclosurevars(function).globals}
        for node in ast.walk(tree):
            if not isinstance(node, ast.Call):
                continue
            yield node
            name = ast.unparse(node.func)
            other = beside.get(name)
            if inspect.isfunction(other) and name not in seen and _is_small(other):
                seen.add(name)
                waiting.append(other)


def _is_small(function: Callable[..., Any]) -> bool:
    """Of the HTTP layer or a reader of terms; what lies deeper does not see the request."""
    module = function.__module__
    return module.startswith("simulation.staging.http.") or module == "simulation.staging.contests.terms"


def _asked(calls: list[ast.Call], name: str) -> set[str]:
    return {argument for call in calls if ast.unparse(call.func) == name for argument in _texts(call)[:1]}


def _texts(call: ast.Call) -> list[str]:
    return [node.value for node in call.args if isinstance(node, ast.Constant) and isinstance(node.value, str)]


def _body(calls: list[ast.Call]) -> tuple[Document, list[str]]:
    """Fields of the body with their types, and those that are required."""
    fields: dict[str, Any] = {}
    required: set[str] = set()
    for call in calls:
        reader = ast.unparse(call.func).rpartition(".")[2]
        if reader in _BODY_TYPES:
            for name in _texts(call)[:1]:
                fields[name] = {"type": _BODY_TYPES[reader]}
                required |= {name} if reader not in _OPTIONAL and "if " not in ast.unparse(call) else set()
        elif reader == "require":
            required |= set(_texts(call))
            for name in _texts(call):
                fields.setdefault(name, {})
        elif ast.unparse(call.func) in ("body.get", "requests.body().get"):
            for name in _texts(call)[:1]:
                fields.setdefault(name, {})
    return dict(sorted(fields.items())), sorted(required & set(fields))


def _answers(calls: list[ast.Call]) -> Document:
    """Fields of the answer that the endpoint names itself."""
    fields: Document = {}
    for call in calls:
        if ast.unparse(call.func) == "jsonify":
            fields |= {word.arg: _typed(word.value) for word in call.keywords if word.arg is not None}
    return dict(sorted(fields.items()))


def _typed(value: ast.expr) -> Document:
    if isinstance(value, ast.Constant):
        return {"type": {bool: "boolean", int: "integer", str: "string"}.get(type(value.value), "object")}
    if isinstance(value, ast.ListComp):
        return {"type": "array"}
    if isinstance(value, ast.Call):
        kind = {"str": "string", "iso": "string", "asdict": "object", "row_json": "object"}.get(ast.unparse(value.func))
        return {"type": kind} if kind else {}
    return {}


def _content(fields: Document) -> Document:
    schema = {"type": "object", **({"properties": fields} if fields else {})}
    return {"content": {"application/json": {"schema": schema}}}


if __name__ == "__main__":
    sys.stdout.write(text())
