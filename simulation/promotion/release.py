"""The release file (YAML): what is promoted, the release before it, and who is on call."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from simulation.documents.refusal import refused
from simulation.documents.yaml import read_yaml
from simulation.errors import UsageError

_VERSION = r"^v\d+\.\d+\.\d+$"


class OnCall(BaseModel):
    """The engineer on call during the promotion."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    engineer: str = Field(min_length=1)
    reach: str = Field(min_length=1)
    """Phone number or pager address."""


class Release(BaseModel):
    """The contents of a release file. Paths are relative to its folder."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    version: Annotated[str, Field(pattern=_VERSION)]
    previous: Annotated[str, Field(pattern=_VERSION)]
    """The previous release: a git tag, or a folder of that name next to the release file."""
    tests: tuple[str, ...] = Field(min_length=1)
    """The command of the full test suite, as a list of words, run in the project's folder.

    The word ``python`` stands for the interpreter that runs this check.
    """
    mobile_app_updated: str = ""
    """Who confirmed that the mobile app is updated; needed only for a breaking change."""
    rollback_procedure: str
    rollback_snapshot: str
    dashboards: tuple[str, ...] = Field(min_length=1)
    """Metrics that the dashboards show, so that the platform must report them."""
    on_call: OnCall


def load_release(file: Path) -> Release:
    """Read a release file.

    :raises UsageError: it is invalid; with line, value and remedy.
    """
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
    """The major version: 2 for ``v2.3.0``."""
    return int(version.removeprefix("v").split(".")[0])
