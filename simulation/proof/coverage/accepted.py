"""Falsehoods that nobody notices and nobody could: declared, each with the reason, so that a new one is
told apart."""

from __future__ import annotations

import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulation.errors import UsageError
from simulation.paths import ROOT
from simulation.proof.coverage.falsehood import Area, Falsehood

FILE = ROOT / "fixtures" / "coverage" / "accepted.toml"


class _Entry(BaseModel):
    """``table`` (of another ``area`` what the falsehood is about: a request, metric, page or kind of event) and
    ``fact`` (a column, or a place in a document) may have ``*`` in them."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    area: Area = "table"
    table: str
    fact: str
    kinds: tuple[str, ...] = Field(min_length=1)
    why: str = Field(min_length=20)

    def is_about(self, falsehood: Falsehood) -> bool:
        return (
            falsehood.area == self.area
            and falsehood.kind in self.kinds
            and fnmatchcase(falsehood.subject, self.table)
            and fnmatchcase(falsehood.fact, self.fact)
        )


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    accepted: tuple[_Entry, ...] = ()


@dataclass(frozen=True)
class Accepted:
    """What is declared; :data:`NOTHING` where nothing is."""

    entries: Sequence[_Entry] = ()

    def reason(self, falsehood: Falsehood) -> str | None:
        """Why it need not be noticed; None: it must be."""
        return next((entry.why for entry in self.entries if entry.is_about(falsehood)), None)

    @classmethod
    def load(cls, file: Path = FILE) -> Accepted:
        """:raises UsageError: the file is not what it should be."""
        try:
            document = _Document.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError, ValidationError) as error:
            raise UsageError(
                place=str(file),
                problem=f"the list of accepted falsehoods cannot be read: {error}",
                remedy="each [[accepted]] has table, fact, kinds and why (20 characters or more)",
            ) from error
        return cls(document.accepted)


NOTHING = Accepted()
