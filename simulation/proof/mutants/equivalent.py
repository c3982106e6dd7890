"""Mutants that change nothing that anybody could see from outside: by their kind, or since somebody read them."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulation.errors import UsageError
from simulation.paths import ROOT
from simulation.proof.mutants.source import Mutant

FILE = ROOT / "fixtures" / "mutants" / "equivalent.toml"


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    file: str
    function: str
    before: str
    after: str
    why: str = Field(min_length=20)


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    equivalent: tuple[_Entry, ...] = ()


@dataclass(frozen=True)
class Equivalents:
    """Identity of a mutant → why nobody can tell it from the original."""

    reasons: Mapping[tuple[str, str, str, str], str]

    def __contains__(self, mutant: Mutant) -> bool:
        return bool(mutant.same) or mutant.identity in self.reasons

    @classmethod
    def load(cls, file: Path = FILE) -> Equivalents:
        """:raises UsageError: the file is not what it should be."""
        try:
            document = _Document.model_validate(tomllib.loads(file.read_text(encoding="utf-8")))
        except (OSError, tomllib.TOMLDecodeError, ValidationError) as error:
            raise UsageError(
                place=str(file),
                problem=f"the list of equivalent mutants cannot be read: {error}",
                remedy="each [[equivalent]] has file, function, before, after and why (20 characters or more)",
            ) from error
        return cls({(e.file, e.function, e.before, e.after): e.why for e in document.equivalent})
