"""What a target's log must say: which line belongs to which row that it wrote, or to which fact outside.

The scope of a line about a row is that of a write (:mod:`simulation.contract.document`), without ``joins``; that of a
line about a fact has ``now`` and the fact by its name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, JsonValue, PrivateAttr, model_validator

from simulation.contract.facts_named import Facts
from simulation.contract.paths import Template
from simulation.contract.rules import Rule
from simulation.documents.strict import refusal

_GROUPS = ("at", "fields")
_HOLE = re.compile(r"\{[^{}]*\}")
FIELD = re.compile(r'(\w+)=("(?:\\.|[^"\\])*"|\S*)')
"""A field of a line, and its value as it is written there."""


def _shape(text: str) -> str:
    try:
        groups = re.compile(text).groupindex
    except re.error as error:
        raise refusal(f"is no regular expression: {error}", remedy="write one that a whole line matches") from error
    missing = [name for name in _GROUPS if name not in groups]
    if missing:
        raise refusal(
            f"has no group called {' or '.join(missing)}",
            remedy="name the instant (?P<at>…) and the fields (?P<fields>…); the rest of the line is what it says",
        )
    return text


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class LogLine(_Part):
    """A line that the log must have, and what stands in its fields.

    ``says``: the line without its instant and its fields. It is about each ``row`` of a table that is written with
    ``op`` and has the values of ``when`` after and of ``before`` before it, in a transaction whose audit record has one
    of the ``actions`` (if any are named), and that writes to each table that ``touching`` maps to true and to none that
    it maps to false; or about each fact of ``for_each``. If several lines about a row fit, the first counts.

    ``every``: whether a row or fact without its line is a finding. ``many``: there may be any number of such lines
    about one row or fact, also none, beside the one that counts. ``within_seconds``: how much later the line may be.
    ``fields``: all of them; null is a field that is not there.
    """

    says: Template
    what: str = ""
    row: str | None = None
    op: Literal["insert", "update"] = "insert"
    actions: tuple[str, ...] = ()
    when: dict[str, JsonValue | list[JsonValue]] = {}
    before: dict[str, JsonValue | list[JsonValue]] = {}
    touching: dict[str, bool] = {}
    for_each: Facts | None = None
    every: bool = True
    many: bool = False
    within_seconds: Annotated[int, Field(ge=0)] = 0
    fields: dict[str, Rule] = {}

    @model_validator(mode="after")
    def _about_something(self) -> Self:
        if (self.row is None) == (self.for_each is None):
            raise refusal(
                f"the line {self.says!r} is about {'nothing' if self.row is None else 'a row and a fact'}",
                remedy="write either `row:` with a table, or `for_each:` with a fact",
            )
        return self


@dataclass(frozen=True, kw_only=True)
class ReadLine:
    """``says``: a line without its instant, which stands at ``at_span``, and without its fields."""

    says: str
    at: str
    at_span: tuple[int, int]
    fields: str


class Log(_Part):
    """``shape``: a regular expression for a whole line, with the groups ``at`` and ``fields`` (``key=value``)."""

    shape: Annotated[str, AfterValidator(_shape)]
    lines: Annotated[tuple[LogLine, ...], Field(min_length=1)]
    _numbers: dict[str, int | None] = PrivateAttr(default_factory=dict)
    """What :meth:`number_of` has found; a log has few kinds of lines, and many of each."""

    def read(self, text: str) -> ReadLine | None:
        """A line in its parts; None: it has another shape."""
        return _read(self.shape, text)

    def number_of(self, says: str) -> int | None:
        """The number of the first declaration that lines with these words may be of; None: of none."""
        if says not in self._numbers:
            fits = (number for number, line in enumerate(self.lines) if _pattern(line.says).fullmatch(says))
            self._numbers[says] = next(fits, None)
        return self._numbers[says]


@lru_cache(maxsize=65_536)
def _read(shape: str, text: str) -> ReadLine | None:
    parts = re.fullmatch(shape, text)
    if parts is None:
        return None
    words = text[: parts.start("at")] + text[parts.end("at") : parts.start("fields")]
    return ReadLine(says=" ".join(words.split()), at=parts["at"], at_span=parts.span("at"), fields=parts["fields"])


@cache
def _pattern(says: str) -> re.Pattern[str]:
    return re.compile(".+".join(map(re.escape, _HOLE.split(says))))
