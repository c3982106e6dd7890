"""Paths, templates and arguments: the parts that all rules of a contract are written with.

A *path* names something in the scope of a write or an answer, e.g. ``request.body.email`` or ``row.contest_id``; the
names a scope has are listed in :mod:`simulation.contract.document` and :mod:`simulation.contract.statements`.
"""

from __future__ import annotations

import re
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, JsonValue, Tag

from simulation.documents.strict import refusal

_PATH = re.compile(r"[A-Za-z_]\w*(\.[\w*:-]+)*")
_HOLE = re.compile(r"\{([^{}]*)\}")


def _path(text: str) -> str:
    if not _PATH.fullmatch(text):
        raise refusal(f"{text!r} is no path", remedy="write names joined by dots, such as request.body.email")
    return text


def _template(text: str) -> str:
    for hole in _HOLE.findall(text):
        _path(hole)
    return text


Path = Annotated[str, AfterValidator(_path)]
Template = Annotated[str, AfterValidator(_template)]
"""A text with paths in braces: ``payout:{row.id}``."""


def holes(template: str) -> tuple[str, ...]:
    """The paths in a template's braces, in order."""
    return tuple(_HOLE.findall(template))


def filled(template: str, values: dict[str, str]) -> str:
    """The template with the value of each path in place of its braces."""
    return _HOLE.sub(lambda hole: values[hole.group(1)], template)


class BaseRule(BaseModel):
    """What all rules have in common: they do not change, and every key is known."""

    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Literally(BaseRule):
    """A constant argument, as opposed to a path."""

    constant: JsonValue


def _kind_of_argument(value: Any) -> str:
    if isinstance(value, Literally) or (isinstance(value, dict) and set(value) == {"constant"}):
        return "constant"
    return "rule" if isinstance(value, (dict, BaseRule)) else "path"


Argument = Annotated[
    Annotated[Path, Tag("path")] | Annotated[Literally, Tag("constant")] | Annotated["Rule", Tag("rule")],  # type: ignore[name-defined]  # noqa: F821
    Discriminator(_kind_of_argument),
]
"""A path, ``{constant: value}``, or a rule of exactly one value."""
