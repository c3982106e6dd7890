"""What a campaign of mutants has found so far, on disk, so that it can be carried out in portions."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TypeVar

from simulation.errors import UsageError
from simulation.proof.mutants.reach import Judge, Reach
from simulation.proof.mutants.source import Mutant
from simulation.proof.mutants.trial import Trial

_TRIALS = "mutants.jsonl"
_REACHES = "reaches.jsonl"
_Item = TypeVar("_Item")


@dataclass(frozen=True, kw_only=True)
class Kept:
    """The folder of a campaign: a line for each scenario measured and each mutant judged.

    :param again: judge those once more that were not named, since contract or scenarios have changed.
    """

    folder: Path
    again: bool = False

    def reaches(self) -> list[Reach]:
        """:raises UsageError: the file is not one that a campaign left."""
        return _read(self.folder / _REACHES, _reach)

    def trials(self) -> dict[Mutant, Trial]:
        """The fates known so far; of a mutant that was judged twice the last.

        :raises UsageError: the file is not one that a campaign left.
        """
        known = {trial.mutant: trial for trial in _read(self.folder / _TRIALS, _trial)}
        return {mutant: trial for mutant, trial in known.items() if trial.fate == "named" or not self.again}

    def keep_reach(self, reach: Reach) -> None:
        lines = {file: sorted(numbers) for file, numbers in reach.lines.items()}
        self._add(_REACHES, {**asdict(reach), "lines": lines})

    def keep_trial(self, trial: Trial) -> None:
        self._add(_TRIALS, asdict(trial))

    def _add(self, name: str, document: dict[str, object]) -> None:
        with open(self.folder / name, "a", encoding="utf-8") as file:
            file.write(json.dumps(document) + "\n")


def _reach(document: dict[str, object]) -> Reach:
    lines = document["lines"]
    assert isinstance(lines, dict)
    judge = document["judge"]
    assert isinstance(judge, dict)
    read = {file: frozenset(numbers) for file, numbers in lines.items()}
    return Reach(**{**document, "lines": read, "judge": Judge(**judge)})  # type: ignore[arg-type]


def _trial(document: dict[str, object]) -> Trial:
    mutant, checks = document["mutant"], document["checks"]
    assert isinstance(mutant, dict)
    assert isinstance(checks, list)
    return Trial(**{**document, "mutant": Mutant(**mutant), "checks": tuple(checks)})  # type: ignore[arg-type]


def _read(file: Path, item: Callable[[dict[str, object]], _Item]) -> list[_Item]:
    if not file.exists():
        return []
    found = []
    for number, line in enumerate(file.read_text(encoding="utf-8").splitlines(), start=1):
        try:
            found.append(item(json.loads(line)))
        except (ValueError, TypeError, KeyError, AssertionError) as error:
            raise UsageError(
                place=f"{file}:{number}",
                problem=f"no line that simulate mutants wrote: {error}",
                remedy="begin a new campaign, without --resume",
            ) from error
    return found
