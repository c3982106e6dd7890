"""What long commands leave for ``simulate closure``: who passed, and by which code. Read without trust.

A file says what its writer says: against one who writes falsely there are sealed runs (``simulate seal``).
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Literal, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError

from simulation.checks.run_record import UNKNOWN, Release
from simulation.errors import UsageError
from simulation.run_directory import RunDirectory

REHEARSALS = "runbooks/rehearsals.json"
PROMOTION = "promotion/promotion.json"
_MOST_BYTES = 1 << 22


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_D = TypeVar("_D", bound=_Document)


class MadeBy(_Document):
    version: str
    commit: str
    tree: str

    @classmethod
    def of(cls, release: Release) -> MadeBy:
        return cls(version=release.version, commit=release.commit, tree=release.tree)

    def is_of(self, release: Release) -> bool:
        """Whether it was made by exactly this code: the same commit, all of it committed."""
        return self.commit == release.commit != UNKNOWN and self.tree == release.tree == "clean"

    def __str__(self) -> str:
        return str(Release(version=self.version, commit=self.commit, tree=self.tree))


class RehearsalRecord(_Document):
    """A runbook that was rehearsed; ``held``: way → whether it held."""

    sha256: str
    made_by: MadeBy
    held: dict[str, bool]


class Rehearsals(_Document):
    """By the runbook's name. The last rehearsal of each counts."""

    runbooks: dict[str, RehearsalRecord]


class PromotionRecord(_Document):
    """A release whose seven checks were carried out, up to the first that failed."""

    release: str
    made_by: MadeBy
    held: tuple[str, ...]
    failed: str | None
    outcome: Literal["pass", "fail"]


def record_rehearsals(out: Path, records: Mapping[str, RehearsalRecord]) -> None:
    """Keep what was rehearsed now, beside what was rehearsed before."""
    before = read_rehearsals(out)
    runbooks = {**(before.runbooks if before else {}), **records}
    _write(out, REHEARSALS, Rehearsals(runbooks=dict(sorted(runbooks.items()))))


def record_promotion(out: Path, *, release: str, made_by: Release, held: Sequence[str], failed: str | None) -> None:
    """Keep how the promotion check of a release went."""
    record = PromotionRecord(
        release=release,
        made_by=MadeBy.of(made_by),
        held=tuple(held),
        failed=failed,
        outcome="fail" if failed else "pass",
    )
    _write(out, PROMOTION, record)


def read_rehearsals(out: Path) -> Rehearsals | None:
    """None: nothing was rehearsed.

    :raises UsageError: the file was changed, or another version wrote it.
    """
    return _read(out, REHEARSALS, Rehearsals)


def read_promotion(out: Path) -> PromotionRecord | None:
    """None: no promotion was checked. Raises like :func:`read_rehearsals`."""
    return _read(out, PROMOTION, PromotionRecord)


def _write(out: Path, name: str, document: BaseModel) -> None:
    (out / name).parent.mkdir(parents=True, exist_ok=True)
    RunDirectory(path=out).write(name, document.model_dump_json(indent=2) + "\n")


def _read(out: Path, name: str, kind: type[_D]) -> _D | None:
    try:
        with RunDirectory(path=out).reading(name) as opened:
            return kind.model_validate(json.loads(opened.read(_MOST_BYTES)))
    except FileNotFoundError:
        return None
    except (ValidationError, ValueError, RecursionError) as error:
        said = error.errors()[0]["msg"] if isinstance(error, ValidationError) else str(error)
        raise UsageError(
            place=str(out / name), problem=f"cannot be read: {said}", remedy="remove it, and do what wrote it once more"
        ) from error
