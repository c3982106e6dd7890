"""Pydantic's validation errors as messages for whoever wrote the file: file and line, the value, the remedy."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from simulation.documents.keys import keys_at
from simulation.documents.yaml import MarkedYaml
from simulation.errors import UsageError

_TIMES = "write 2026-03-01T00:00:00Z or 'day 3 08:00'"
_REMEDIES = {
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "datetime_type": _TIMES,
    "datetime_parsing": _TIMES,
    "datetime_from_date_parsing": _TIMES,
    "string_type": "write a text",
    "string_pattern_mismatch": "use lower-case letters, digits and _, with a letter first",
    "model_type": "write `key: value` lines below it",
    "dict_type": "write `key: value` lines below it",
    "tuple_type": "write a list: lines that begin with `- `",
}


def refused(document: MarkedYaml, error: ValidationError, model: type[BaseModel]) -> UsageError:
    """The error that stands first in the file. A misspelt key is told before the key that is missing because of it."""
    errors = _roots(error.errors(include_url=False))
    first = min(errors, key=lambda found: (found["type"] == "missing", document.line_of(_path(found))))
    problem, remedy = _explain(first, model)
    return document.error(_path(first), problem=problem + more(len(errors)), remedy=remedy)


def _roots(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Leaves out errors about a whole of which a part is wrong: a list with one bad item is not also "too short"."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if not any(len(place) > len(error["loc"]) and place[: len(error["loc"])] == error["loc"] for place in places)
    ]


def _path(error: ErrorDetails) -> tuple[str | int, ...]:
    own = error["ctx"].get("path", ()) if error["type"] == "refused" else ()
    return (*error["loc"], *own)


def _explain(error: ErrorDetails, model: type[BaseModel]) -> tuple[str, str]:
    """Problem and remedy of one validation error."""
    path, kind, context = _path(error), error["type"], error.get("ctx", {})
    dotted = ".".join(str(part) for part in path if part != "[key]")
    if kind == "refused":
        return f"{dotted}: {context['problem']}", str(context["remedy"])
    if kind == "extra_forbidden":
        return f"{dotted}: unknown key", suggest(str(path[-1]), keys_at(model, path[:-1]))
    if kind == "missing":
        return f"{dotted}: is missing", f"add `{path[-1]}:`"
    if kind == "literal_error":
        expected = str(context["expected"])
        choices = [part.strip("' ") for part in expected.replace(" or ", ",").split(",")]
        return f"{dotted}: {error['input']!r} is none of the known values", suggest(str(error["input"]), choices)
    said = f"{error['msg'][:1].lower()}{error['msg'][1:]}"
    return f"{dotted}: {reprlib.repr(error['input'])} is not accepted, {said}", _REMEDIES.get(kind) or _bound(context)


def _bound(context: dict[str, Any]) -> str:
    """The range that a number out of range should have been in."""
    words = {"ge": "or more", "le": "or less", "gt": "is too little, write more", "lt": "is too much, write less"}
    for bound, said in words.items():
        if bound in context:
            return f"{context[bound]} {said}"
    return "change the value; the project's scenarios have an example of every key"


def suggest(value: str, known: Sequence[str]) -> str:
    """A remedy for an unknown name: the known one that is spelt most like it, and a list of all."""
    nearest = difflib.get_close_matches(value, known, n=1, cutoff=0.5)
    listed = f"known: {', '.join(known)}"
    return f"did you mean {nearest[0]!r}? {listed}" if nearest else listed


def more(findings: int) -> str:
    """How many more errors there are, said after the first."""
    return f" (and {findings - 1} more in this file)" if findings > 1 else ""
