"""One mutant, run and judged: named by the jury, stopped, or alive."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from simulation.errors import EnvironmentFault
from simulation.proof.mutants.reach import Reach
from simulation.proof.mutants.source import Mutant, mutated
from simulation.proof.mutants.tree import PACKAGE, Run, out_of, run, tree

Fate = Literal["named", "no start", "stopped", "in doubt", "alive", "not reached", "equivalent"]
"""``named``: the jury has a finding. ``no start``: the platform does not stand, and the run says where it broke.
``stopped``: no verdict, since the run broke off or never ended. ``in doubt``: no finding, but a check could not tell.
``alive``: the verdict is a pass. ``not reached``: no scenario carries the line out. ``equivalent``: known to change
nothing that anybody could see, with the reason."""

_FATES: dict[int | None, Fate] = {0: "alive", 1: "named", 2: "in doubt"}
_ENVIRONMENT = 255
_HARNESS = "the harness itself broke"
"""What a run says where it did not know whose error it was."""


@dataclass(frozen=True, kw_only=True)
class Trial:
    """``scenario``: the last that it was judged by. ``checks``: those with a finding. ``said``: why it was stopped."""

    mutant: Mutant
    fate: Fate
    scenario: str = ""
    checks: tuple[str, ...] = ()
    said: str = ""


def attempt(mutant: Mutant, scenarios: Sequence[Reach], *, seed: int) -> Trial:
    """Run the mutant in one scenario after another until one does not let it pass.

    :raises EnvironmentFault: the machine failed, which says nothing about the mutant.
    """
    trial = Trial(mutant=mutant, fate="not reached")
    with tree() as folder:
        file = folder / PACKAGE / mutant.file
        changed = mutated(file.read_text(encoding="utf-8"), mutant)
        file.write_text(changed, encoding="utf-8")
        for reach in scenarios:
            trial = _judged(mutant, folder, reach, seed=seed)
            if trial.fate != "alive":
                break
    return trial


def _judged(mutant: Mutant, folder: Path, reach: Reach, *, seed: int) -> Trial:
    judge = reach.judge
    done = run(folder, judge.scenario, seed=seed, cpu_seconds=reach.patience, as_processes=judge.as_processes)
    fate: Fate = _FATES.get(done.exit_code, "no start" if _says_who(done) else "stopped")
    checks = _accusing(folder, judge.scenario) if fate == "named" else ()
    return Trial(mutant=mutant, fate=fate, scenario=str(judge), checks=checks, said=_why(done, fate))


def _says_who(done: Run) -> bool:
    return done.exit_code == _ENVIRONMENT and _HARNESS not in done.said


def _why(done: Run, fate: Fate) -> str:
    if fate not in ("no start", "stopped"):
        return ""
    if done.exit_code is None:
        return "ran for ever and was ended"
    if done.exit_code == _ENVIRONMENT and "No space left" in done.said:
        raise EnvironmentFault(problem=done.said, remedy="free disk space, then again")
    return f"exit code {done.exit_code}: {done.said}"


def _accusing(folder: Path, scenario: str) -> tuple[str, ...]:
    (file,) = (folder / out_of(scenario)).glob("*/latest/verdict.json")
    results = json.loads(file.read_text(encoding="utf-8"))["results"]
    return tuple(result["check"] for result in results if result["findings"])
