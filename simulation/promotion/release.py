"""The release file: what is promoted, against which release, and who stands by. YAML, beside what it names."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulation.documents.refusal import refused
from simulation.documents.yaml import read_yaml
from simulation.errors import UsageError

_VERSION = r"^v\d+\.\d+\.\d+$"


class OnCall(BaseModel):
    """Whom the promotion may wake."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engineer: str = Field(min_length=1)
    reach: str = Field(min_length=1)
    """Telephone or pager."""


class Release(BaseModel):
    """Paths go from the file's folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[str, Field(pattern=_VERSION)]
    previous: Annotated[str, Field(pattern=_VERSION)]
    """A git tag, or a folder of that name beside the file."""
    tests: tuple[str, ...] = Field(min_length=1)
    """The command of the full test suite, word by word, run in the project's folder; ``python`` is its own."""
    mobile_app_updated: str = ""
    """Who confirmed it; needed only with a breaking change."""
    rollback_procedure: str
    rollback_snapshot: str
    dashboards: tuple[str, ...] = Field(min_length=1)
    """Metrics that the dashboards draw and the platform must report."""
    on_call: OnCall


def load_release(file: Path) -> Release:
    """Raises :class:`UsageError` with line, value and remedy."""
    document = read_yaml(file)
    if not isinstance(document.value, dict):
        raise UsageError(
            place=str(file), problem="is no release file", remedy="write `version:`, `previous:` and so on"
        )
    try:
        return Release.model_validate(document.value)
    except ValidationError as error:
        raise refused(document, error, Release) from error


def major(version: str) -> int:
    """The first number of ``v2.3.0``."""
    return int(version.removeprefix("v").split(".")[0])
