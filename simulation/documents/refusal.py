"""Pydantic's validation errors as messages for whoever wrote the file: file and line, the value, the remedy."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from simulation.documents.keys import alternatives_at, keys_at, without_tags
from simulation.documents.strict import REFUSED, SEVERAL, TIMES
from simulation.documents.yaml import MarkedYaml
from simulation.errors import UsageError

MOST_TOLD = 100
"""Mistakes of a file; nobody reads more at once."""
_MOST_LISTED = 60
"""Known names that are listed."""
_LONGEST_NAME = 100
"""Characters of an unknown name that are compared with the known ones; longer ones take long to compare."""
_REMEDIES = {
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "datetime_type": TIMES,
    "datetime_parsing": TIMES,
    "datetime_from_date_parsing": TIMES,
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
    """All that is wrong, in the order of the file. Misspelt keys are told before those missing because of them.

    :param examples: where to look, for whoever wrote a value that is not accepted.
    """
    return UsageError.of(told(document, mistakes(error), model, examples=examples))


def mistakes(error: ValidationError) -> list[ErrorDetails]:
    """Each mistake by itself, with its place in ``loc`` and, where a validator names one, in ``ctx["path"]``."""
    return [single for found in _roots(error.errors(include_url=False)) for single in _singles(found)]


def told(
    document: MarkedYaml,
    errors: Sequence[ErrorDetails],
    model: type[BaseModel],
    *,
    examples: str = "the project's scenarios have an example of every key",
) -> list[UsageError]:
    """Each mistake as a message, in the order of the file."""

    def order(found: ErrorDetails) -> tuple[bool, int]:
        return found["type"] == "missing", document.line_of(path_of(found, model))

    said = []
    for found in sorted(errors, key=order)[:MOST_TOLD]:
        problem, remedy = _explain(found, model, examples)
        said.append(document.error(path_of(found, model), problem=problem, remedy=remedy))
    return said


def _singles(error: ErrorDetails) -> list[ErrorDetails]:
    """One for each mistake that a validator found in a whole: see :func:`simulation.documents.strict.refusals`."""
    if error["type"] != SEVERAL:
        return [error]
    return [{**error, "type": REFUSED, "ctx": context} for context in error["ctx"]["mistakes"]]


def _roots(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Leaves out errors about a whole of which a part is wrong: a list with one bad item is not also "too short"."""
    wholes = {error["loc"][:length] for error in errors for length in range(len(error["loc"]))}
    return [error for error in errors if error["loc"] not in wholes]


def path_of(error: ErrorDetails, model: type[BaseModel]) -> tuple[str | int, ...]:
    """The place of a mistake as the file has it."""
    context = error.get("ctx", {})
    own = context.get("path", ()) if error["type"] == REFUSED else ()
    if error["type"] in ("union_tag_invalid", "union_tag_not_found"):
        own = (str(context["discriminator"]).strip("'"),)
    return without_tags(model, (*error["loc"], *own))


def _explain(error: ErrorDetails, model: type[BaseModel], examples: str) -> tuple[str, str]:
    """Problem and remedy of one validation error."""
    kind, context = error["type"], error.get("ctx", {})
    path = path_of(error, model)
    dotted = ".".join(str(part) for part in path if part != "[key]")
    if kind == REFUSED:
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
    listed = f"known: {', '.join(known[:_MOST_LISTED])}{' …' * (len(known) > _MOST_LISTED)}"
    return f"did you mean {nearest[0]!r}? {listed}" if nearest else listed
