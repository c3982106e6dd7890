"""One run with one defect planted, or with none (the control), reduced to what the matrix needs."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from simulation.assembly import RunRequest
from simulation.assembly.request import prepare
from simulation.checks import verdict
from simulation.checks.verdict import Verdict
from simulation.errors import SimulationError
from simulation.history import History
from simulation.paths import SCENARIOS_FOLDER
from simulation.progress import Progress, Silent
from simulation.reporting.write import write_report
from simulation.run import carry_out
from simulation.run_directory import RunDirectory
from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import Sabotage

SCENARIOS = SCENARIOS_FOLDER / "sabotage"
PLANTED = "sabotage.txt"
"""File of a run's folder with the name of the defect that was planted in it."""


@dataclass(frozen=True, kw_only=True)
class Seen:
    """What one check said: how many findings, the first of them and its simulated time, or why it is in doubt."""

    findings: int
    first_at: datetime | None
    message: str
    doubt: str | None


@dataclass(frozen=True, kw_only=True)
class Trial:
    """``sabotage`` is None for a control. ``broke_off``: the harness stopped the run, and why. ``report``: of a run
    that did not go as it must, seen from the folder above ``out``; empty for the others."""

    sabotage: str | None
    scenario: str
    seed: int
    outcome: str
    triggers: tuple[datetime, ...]
    ended_at: datetime | None
    seen: Mapping[str, Seen]
    broke_off: str | None
    wall_seconds: float
    directory: Path
    report: str = ""


def attempt(sabotage: Sabotage | None, *, scenario: str, seed: int, out: Path, swarmed: bool = False) -> Trial:
    """Run the scenario with the defect planted and judge it. Never raises for what the run or the harness does.

    :param swarmed: with the seed's faults in place of the scenario's own.
    """
    began = time.perf_counter()
    request = prepare(
        scenario=str(SCENARIOS / f"{scenario}.yaml"), seed=seed, environment="embedded", out=out, swarmed=swarmed
    )
    if sabotage is not None:
        options = (*(("--seeds", str(seed)) if seed > 1 else ()), *(("--swarm",) if swarmed else ()))
        request = replace(request, asked=("sabotage", sabotage.name, *options))
    patches = Patches()
    with patches.under_way():
        if sabotage is not None:
            sabotage.plant(patches)
        directory, history, broke_off = _live(request, patches, sabotage)
        history = patches.rewritten(history)
        judged = verdict.judge(history)
    seen = _seen(judged)
    as_it_must = judged.outcome == "pass" if sabotage is None else all(name in seen for name in sabotage.caught_by)
    return Trial(
        sabotage=None if sabotage is None else sabotage.name,
        scenario=scenario,
        seed=seed,
        outcome=judged.outcome,
        triggers=tuple(patches.triggers),
        ended_at=history.events[-1].at if history.events else None,
        seen=seen,
        broke_off=broke_off,
        wall_seconds=time.perf_counter() - began,
        directory=directory.path,
        report="" if as_it_must else _report(directory.path, history, judged, out),
    )


def _report(directory: Path, history: History, judged: Verdict, out: Path) -> str:
    """Keep what the run looked like: whoever asks why a defect was missed reads it."""
    write_report(directory, history, judged)
    return f"{out.name}/{directory.relative_to(out).as_posix()}/report.html"


def _live(request: RunRequest, patches: Patches, sabotage: Sabotage | None) -> tuple[RunDirectory, History, str | None]:
    """The history, and the error that stopped the run before its end, if any: a run that was stopped has not passed."""
    directory = RunDirectory.create(out=request.out, scenario=request.scenario.name, seed=request.seed)
    if sabotage is not None:
        directory.write(PLANTED, f"{sabotage.name}\n")
    progress: Progress = Silent()
    try:
        return directory, carry_out(request, directory, progress, plant=patches.plant), None
    except SimulationError as error:
        return directory, History.load(directory.history), str(error)
    except Exception as error:
        return directory, History.load(directory.history), f"{type(error).__name__}: {error}"


def _seen(judged: Verdict) -> dict[str, Seen]:
    """Only checks that said something against the run."""
    said: dict[str, Seen] = {}
    for result in judged.results:
        if result.findings or result.unknown is not None:
            dated = [finding.at for finding in result.findings if finding.at is not None]
            said[result.check] = Seen(
                findings=len(result.findings),
                first_at=min(dated, default=None),
                message=result.findings[0].message if result.findings else "",
                doubt=result.unknown,
            )
    return said
