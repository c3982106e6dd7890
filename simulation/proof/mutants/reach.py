"""Which scenario reaches which line of the platform, so that a mutant is not tried where it cannot act."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from coverage import CoverageData

from simulation.errors import EnvironmentFault, command
from simulation.proof.mutants.tree import PACKAGE, Run, run, tree

_PASSED = 0
_ROOM = 5
"""A mutant may use that many times the processor time of the unchanged platform, so that only a loop is ended."""


@dataclass(frozen=True, kw_only=True)
class Judge:
    """A run by which mutants are judged: ``as_processes``, with the platform as processes of its own."""

    scenario: str
    as_processes: bool = False

    def __str__(self) -> str:
        return f"{self.scenario} as processes" if self.as_processes else self.scenario


@dataclass(frozen=True, kw_only=True)
class Reach:
    """One scenario with the unchanged platform.

    :param lines: file of the platform → the lines that were carried out. :param cpu_seconds: what the run took.
    """

    judge: Judge
    lines: dict[str, frozenset[int]]
    cpu_seconds: float

    @property
    def patience(self) -> int:
        """Seconds of processor time until a mutant is taken to loop for ever."""
        return math.ceil(self.cpu_seconds * _ROOM)


def reach_of(judge: Judge, *, seed: int) -> Reach:
    """Run the scenario with the platform as it is, line by line. Processes reach what the same run reaches inside.

    :raises EnvironmentFault: it does not pass: no mutant can be judged by it.
    """
    with tree() as folder:
        data = folder / "reached"
        options = ("-m", "coverage", "run", "--source", PACKAGE, "--data-file", str(data), "-m")
        plain = _passed(folder, Judge(scenario=judge.scenario), seed=seed, before=options)
        if judge.as_processes:
            plain = _passed(folder, judge, seed=seed)
        return Reach(judge=judge, lines=_lines(data, folder / PACKAGE), cpu_seconds=plain.cpu_seconds)


def _passed(folder: Path, judge: Judge, *, seed: int, before: Sequence[str] = ("-m",)) -> Run:
    plain = run(folder, judge.scenario, seed=seed, before=before, as_processes=judge.as_processes)
    if plain.exit_code != _PASSED:
        raise EnvironmentFault(
            problem=f"{judge} with seed {seed} ends with {plain.exit_code} and no mutant in it: {plain.said}",
            remedy=f"mend it first: {command('run', judge.scenario, '--seed', seed)}",
        )
    return plain


def _lines(data: Path, package: Path) -> dict[str, frozenset[int]]:
    measured = CoverageData(str(data))
    measured.read()
    files = {Path(file).resolve(): file for file in measured.measured_files()}
    return {
        path.relative_to(package.resolve()).as_posix(): frozenset(measured.lines(file) or ())
        for path, file in sorted(files.items())
    }


def reaching(reaches: Sequence[Reach], *, file: str, line: int) -> tuple[Reach, ...]:
    """Those that carry the line out, the cheapest first."""
    found = [reach for reach in reaches if line in reach.lines.get(file, ())]
    return tuple(sorted(found, key=lambda reach: (reach.cpu_seconds, str(reach.judge))))
