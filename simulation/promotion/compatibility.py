"""What a client of the previous release would trip over: the breaking differences between two OpenAPI documents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

Document = Mapping[str, Any]


def breaking_changes(previous: Document, current: Document) -> list[str]:
    """One line each: endpoints removed, fields removed (a renamed one is removed), types changed, demands added."""
    return list(_in_paths(previous.get("paths", {}), current.get("paths", {})))


def _in_paths(previous: Document, current: Document) -> Iterator[str]:
    for path, methods in sorted(previous.items()):
        for method, operation in sorted(methods.items()):
            name = f"{method.upper()} {path}"
            now = current.get(path, {}).get(method)
            if now is None:
                yield f"{name}: removed"
                continue
            yield from _of_parameters(name, operation, now)
            yield from _of_fields(f"{name}: field of the request", _request(operation), _request(now))
            for field in sorted(_required(now) - _required(operation)):
                yield f"{name}: field of the request {field}: required now"
            yield from _of_fields(f"{name}: field of the answer", _answer(operation), _answer(now))
            if not operation.get("security") and now.get("security"):
                yield f"{name}: needs a token now"


def _of_parameters(name: str, previous: Document, current: Document) -> Iterator[str]:
    before, after = ({(p["in"], p["name"]): p for p in o.get("parameters", ())} for o in (previous, current))
    for where, parameter in sorted(before.keys() - after.keys()):
        yield f"{name}: {where} parameter {parameter}: removed"
    for key in sorted(after.keys() - before.keys()):
        if after[key].get("required"):
            yield f"{name}: {key[0]} parameter {key[1]}: required now"


def _of_fields(name: str, previous: Document, current: Document) -> Iterator[str]:
    for field, schema in sorted(previous.items()):
        if field not in current:
            yield f"{name} {field}: removed"
        elif schema.get("type") != current[field].get("type") and "type" in schema:
            yield f"{name} {field}: {schema['type']} before, {current[field].get('type', 'anything')} now"


def _request(operation: Document) -> Document:
    return _schema(operation.get("requestBody", {})).get("properties", {})  # type: ignore[no-any-return]


def _required(operation: Document) -> set[str]:
    return set(_schema(operation.get("requestBody", {})).get("required", ()))


def _answer(operation: Document) -> Document:
    return _schema(operation.get("responses", {}).get("200", {})).get("properties", {})  # type: ignore[no-any-return]


def _schema(content: Document) -> Document:
    return content.get("content", {}).get("application/json", {}).get("schema", {})  # type: ignore[no-any-return]
