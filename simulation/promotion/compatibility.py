"""Breaking changes between two OpenAPI documents: differences that break a client of the previous release."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

Document = Mapping[str, Any]
_REFERENCE = "#/components/schemas/"
_DEEPEST = 12
"""Nested objects are compared down to this depth."""


def breaking_changes(previous: Document, current: Document) -> list[str]:
    """One line for each change: removed (renamed counts as removed), given another type, or newly required."""
    before, after = _Release(document=previous), _Release(document=current)
    return list(_in_paths(before, after))


@dataclass(frozen=True, kw_only=True)
class _Release:
    """The OpenAPI document of one release, with its ``$ref`` references resolved."""

    document: Document

    @property
    def paths(self) -> Document:
        found: Document = self.document.get("paths", {})
        return found

    def schema(self, given: Document) -> Document:
        """The schema with its ``$ref`` resolved; keys next to the reference override or extend what it refers to."""
        reference = given.get("$ref")
        if reference is None:
            return given
        found: Document = self.document["components"]["schemas"][str(reference).removeprefix(_REFERENCE)]
        refined = {**found.get("properties", {}), **given.get("properties", {})}
        return {**found, **given, "properties": refined} if refined else {**found, **given}

    def types(self, given: Document) -> frozenset[str]:
        """Every type that a value may have, with its format if any: ``string``, ``string uuid``, ``null``."""
        schema = self.schema(given)
        choices = schema.get("anyOf") or schema.get("oneOf")
        if choices:
            return frozenset().union(*(self.types(choice) for choice in choices))
        kind = schema.get("type")
        return frozenset({" ".join(filter(None, (kind, schema.get("format"))))}) if kind else frozenset()

    def objects(self, given: Document) -> Iterator[Document]:
        """The object schemas that a value may have, directly or as elements of a list or values of a map."""
        schema = self.schema(given)
        for choice in (*schema.get("anyOf", ()), *schema.get("oneOf", ())):
            yield from self.objects(choice)
        if "items" in schema:
            yield from self.objects(schema["items"])
        if isinstance(schema.get("additionalProperties"), dict):
            yield from self.objects(schema["additionalProperties"])
        if "properties" in schema:
            yield schema


@dataclass(frozen=True, kw_only=True)
class _Compared:
    """Both releases, and the direction in which the compared values are sent."""

    before: _Release
    after: _Release
    is_answer: bool
    """True for responses, which clients of the previous release read; False for requests, which they send."""

    def narrower(self, old: Document, new: Document) -> bool:
        """Whether the receiver of a value may get a type that its own release does not allow."""
        said, known = (new, old) if self.is_answer else (old, new)
        speaker, reader = (self.after, self.before) if self.is_answer else (self.before, self.after)
        understood, kinds = reader.types(known), speaker.types(said) or {"anything"}
        return bool(understood) and not all(_understood(kind, understood) for kind in kinds)


def _understood(kind: str, known: frozenset[str]) -> bool:
    return kind in known or kind.split()[0] in known or (kind == "integer" and "number" in known)


def _in_paths(before: _Release, after: _Release) -> Iterator[str]:
    asked = _Compared(before=before, after=after, is_answer=False)
    answered = _Compared(before=before, after=after, is_answer=True)
    for path, methods in sorted(before.paths.items()):
        for method, operation in sorted(methods.items()):
            name = f"{method.upper()} {path}"
            now = after.paths.get(path, {}).get(method)
            if now is None:
                yield f"{name}: removed"
                continue
            yield from _of_parameters(name, asked, operation, now)
            yield from _of_request(name, asked, operation, now)
            yield from _of_answers(name, answered, operation, now)
            if not operation.get("security") and now.get("security"):
                yield f"{name}: needs a token now"


def _of_parameters(name: str, compared: _Compared, operation: Document, now: Document) -> Iterator[str]:
    old, new = ({(p["in"], p["name"]): p for p in o.get("parameters", ())} for o in (operation, now))
    for where, parameter in sorted(old.keys() - new.keys()):
        yield f"{name}: {where} parameter {parameter}: removed"
    for key in sorted(new):
        subject = f"{name}: {key[0]} parameter {key[1]}"
        if new[key].get("required") and not old.get(key, {}).get("required"):
            yield f"{subject}: required now"
        if key in old:
            yield from _of_value(subject, compared, old[key].get("schema", {}), new[key].get("schema", {}))


def _of_request(name: str, compared: _Compared, operation: Document, now: Document) -> Iterator[str]:
    old, new = _content(operation.get("requestBody", {})), _content(now.get("requestBody", {}))
    yield from _of_fields(f"{name}: field of the request ", compared, old, new)


def _of_answers(name: str, compared: _Compared, operation: Document, now: Document) -> Iterator[str]:
    for status, answer in sorted(operation.get("responses", {}).items()):
        known = now.get("responses", {}).get(status)
        if known is not None:
            refused = f" {status}" if status >= "400" else ""
            subject = f"{name}: field of the answer{refused} "
            yield from _of_fields(subject, compared, _content(answer), _content(known))
        elif status < "400":
            yield f"{name}: answer {status}: removed"


def _of_fields(subject: str, compared: _Compared, old: Document, new: Document, depth: int = 0) -> Iterator[str]:
    """Fields that are removed, have another type, or are newly required, also within nested objects."""
    olds, news = list(compared.before.objects(old)), list(compared.after.objects(new))
    for number, now in enumerate(news):
        known = olds[number] if number < len(olds) else {"properties": {}}
        if not compared.is_answer:
            demanded = set(now.get("required", ())) - set(known.get("required", ()))
            yield from (f"{subject}{field}: required now" for field in sorted(demanded))
        else:
            lost = set(known.get("required", ())) - set(now.get("required", ()))
            yield from (f"{subject}{field}: may be missing now" for field in sorted(lost & set(now["properties"])))
        for field, schema in sorted(known["properties"].items()):
            if field not in now["properties"]:
                yield f"{subject}{field}: removed"
            elif depth < _DEEPEST:
                yield from _of_value(f"{subject}{field}", compared, schema, now["properties"][field])
                yield from _of_fields(f"{subject}{field}.", compared, schema, now["properties"][field], depth + 1)


def _of_value(subject: str, compared: _Compared, old: Document, new: Document) -> Iterator[str]:
    types = compared.before.types(old), compared.after.types(new)
    if types[0] and compared.narrower(old, new):
        told = [" or ".join(sorted(names)) or "anything" for names in types]
        yield f"{subject}: {told[0]} before, {told[1]} now"
    values, now = compared.before.schema(old).get("enum", ()), compared.after.schema(new).get("enum")
    for value in sorted(set(values) - set(values if now is None else now)):
        yield f"{subject}: {value} is gone"


def _content(body: Document) -> Document:
    found: Document = body.get("content", {}).get("application/json", {}).get("schema", {})
    return found
