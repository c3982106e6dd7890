"""Pydantic's validation errors as messages for whoever wrote the file: file and line, the value, the remedy."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from simulation.documents.keys import alternatives_at, keys_at, without_tags
from simulation.documents.yaml import MarkedYaml
from simulation.errors import UsageError

_TIMES = "write 2026-03-01T00:00:00Z or 'day 3 08:00'"
_LONGEST_NAME = 100
"""Characters of an unknown name that are compared with the known ones; longer ones take long to compare."""
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


def refused(
    document: MarkedYaml,
    error: ValidationError,
    model: type[BaseModel],
    *,
    examples: str = "the project's scenarios have an example of every key",
) -> UsageError:
    """The error that stands first in the file. A misspelt key is told before the key that is missing because of it.

    :param examples: where to look, for whoever wrote a value that is not accepted.
    """
    errors = _roots(error.errors(include_url=False))
    first = min(errors, key=lambda found: (found["type"] == "missing", document.line_of(_path(found, model))))
    problem, remedy = _explain(first, model, examples)
    return document.error(_path(first, model), problem=problem + more(len(errors)), remedy=remedy)


def _roots(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Leaves out errors about a whole of which a part is wrong: a list with one bad item is not also "too short"."""
    wholes = {error["loc"][:length] for error in errors for length in range(len(error["loc"]))}
    return [error for error in errors if error["loc"] not in wholes]


def _path(error: ErrorDetails, model: type[BaseModel]) -> tuple[str | int, ...]:
    context = error.get("ctx", {})
    own = context.get("path", ()) if error["type"] == "refused" else ()
    if error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        own = (str(context["discriminator"]).strip("'"),)
    return without_tags(model, (*error["loc"], *own))


def _explain(error: ErrorDetails, model: type[BaseModel], examples: str) -> tuple[str, str]:
    """Problem and remedy of one validation error."""
    kind, context = error["type"], error.get("ctx", {})
    path = _path(error, model)
    dotted = ".".join(str(part) for part in path if part != "[key]")
    if kind == "refused":
        return f"{dotted}: {context['problem']}", str(context["remedy"])
    if kind in ("extra_forbidden", "missing") and (one_of := alternatives_at(model, error["loc"][:-1])):
        return _explain_key(error, dotted, one_of)
    if kind == "extra_forbidden":
        return f"{dotted}: unknown key", suggest(str(path[-1]), keys_at(model, error["loc"][:-1]))
    if kind in ("missing", "union_tag_not_found"):
        return f"{dotted}: is missing", f"add `{path[-1]}:`"
    if kind in ("literal_error", "union_tag_invalid"):
        expected = str(context["expected_tags" if kind == "union_tag_invalid" else "expected"])
        said = context.get("tag", error["input"])
        choices = [part.strip("' ") for part in expected.replace(" or ", ",").split(",")]
        return f"{dotted}: {reprlib.repr(said)} is none of the known values", suggest(str(said), choices)
    said = f"{error['msg'][:1].lower()}{error['msg'][1:]}"
    return f"{dotted}: {reprlib.repr(error['input'])} is not accepted, {said}", _REMEDIES.get(kind) or _bound(
        context, examples
    )


def _explain_key(error: ErrorDetails, dotted: str, one_of: Mapping[str, type[BaseModel]]) -> tuple[str, str]:
    """Of a mapping that is one of several: a key that it lacks, or that another one has."""
    *_, tag, key = error["loc"]
    fields = one_of[str(tag)].model_fields
    if error["type"] == "missing":
        return f"{dotted}: a {tag} needs {key}", f"add `{key}:`"
    known = ", ".join(sorted(fields, key=lambda name: not fields[name].is_required()))
    if any(key in other.model_fields for other in one_of.values()):
        return f"{dotted}: {error['input']} means nothing to a {tag}", f"remove it; a {tag} takes {known}"
    return f"{dotted}: unknown key", suggest(str(key), list(fields))


def _bound(context: dict[str, Any], examples: str) -> str:
    """The range that a number out of range should have been in."""
    words = {"ge": "or more", "le": "or less", "gt": "is too little, write more", "lt": "is too much, write less"}
    for bound, said in words.items():
        if bound in context:
            return f"{context[bound]} {said}"
    if "max_length" in context:
        return f"{context['max_length']} at most"
    return f"change the value; {examples}"


def suggest(value: str, known: Sequence[str]) -> str:
    """A remedy for an unknown name: the known one that is spelt most like it, and a list of all."""
    nearest = difflib.get_close_matches(value[:_LONGEST_NAME], known, n=1, cutoff=0.5)
    listed = f"known: {', '.join(known)}"
    return f"did you mean {nearest[0]!r}? {listed}" if nearest else listed


def more(findings: int) -> str:
    """How many more errors there are, said after the first."""
    return f" (and {findings - 1} more in this file)" if findings > 1 else ""
