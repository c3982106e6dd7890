"""``simulate shrink``: the smallest scenario that still gives a failed run's finding, and when it became inevitable."""

from __future__ import annotations

import json
import os
import shlex
import time
from pathlib import Path

import click
from rich.console import Console

from simulation.assembly.request import prepare
from simulation.cli.options import jobs_option, out_option
from simulation.errors import UsageError
from simulation.faults.plan import FaultPlan, load_plan
from simulation.proof.shrink.life import Ground, Life
from simulation.proof.shrink.reductions import size
from simulation.proof.shrink.search import Step
from simulation.proof.shrink.shrink import MOST_RUNS, Shrinking, Shrunk, cause_to_keep
from simulation.proof.shrink.story import name_of
from simulation.run_directory import RunDirectory
from simulation.sabotage.catalogue import chosen
from simulation.sabotage.registry import Sabotage
from simulation.sabotage.trial import PLANTED
from simulation.stored_run import stored_history

_FAILED, _NOT_WHOLE = 1, 2


@click.command()
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--finding", metavar="CHECK", help="Keep this check's finding instead of the run's first.")
@click.option("--sabotage", metavar="NAME", help="Defect planted in every run, where the folder does not name it.")
@click.option(
    "--most-runs", type=click.IntRange(2, 10_000), default=MOST_RUNS, show_default=True, help="Stop after so many runs."
)
@jobs_option
@out_option("Where the scenario, and the run that it gives, go.")
def shrink(
    run_dir: Path, finding: str | None, sabotage: str | None, most_runs: int, jobs: int | None, out: Path
) -> int:
    """Find the smallest scenario that still gives the finding of the run in RUN_DIR.

    Faults are left out first, then contests, entrants, rounds and days; a candidate counts only with the same check and
    the same cause. Writes a scenario for scenarios/regressions that tells the story, and says when the finding became
    inevitable. Ctrl-C keeps the smallest so far. Exit code 1: the finding did not come again; 2: --most-runs was used
    up before all was tried.
    """
    stored = RunDirectory.stored(run_dir)
    start, target = _start(stored)
    defect = _defect(stored, sabotage)
    directory = RunDirectory.create(out=out, scenario="shrink", seed=start.seed)
    ground = Ground(out=directory.path, target=target, defect=defect)
    console, began = Console(stderr=True), time.perf_counter()
    console.print(f"the run itself: {size(start.scenario)}", highlight=False)
    lived = ground.live(start)
    if not lived.causes:
        console.print(f"with seed {start.seed} the run passes now: nothing to shrink", highlight=False)
        return _FAILED
    cause = cause_to_keep(lived, check=finding, preferred=() if defect is None else defect.caught_by)
    console.print(f"to keep: {cause}", highlight=False, markup=False, soft_wrap=True)
    shrinking = Shrinking(
        ground=ground,
        start=start,
        lived=lived,
        cause=cause,
        workers=jobs or len(os.sched_getaffinity(0)),
        most_runs=most_runs,
        told=lambda step: console.print(_progress(step), highlight=False, markup=False),
    )
    try:
        shrinking.carry_out()
    finally:
        file = _write(directory, shrinking.result, ground)
    _tell(shrinking.result, file, time.perf_counter() - began)
    return 0 if shrinking.result.whole else _NOT_WHOLE


def _start(stored: RunDirectory) -> tuple[Life, Path | None]:
    """The stored run, and the folder of its target where it is not the platform that comes along.

    :raises UsageError: it cannot be run again from what the folder has.
    """
    started = stored_history(stored).started
    if started is None:
        raise UsageError(place=str(stored.history), problem="it has no beginning", remedy="name another run's folder")
    option = shlex.split(started.target_option)
    target = Path(option[-1]) if option else None
    request = prepare(
        scenario=str(stored.scenario), seed=started.seed, environment="embedded", out=stored.path, target=target
    )
    if load_plan(stored.faults, request.scenario) != FaultPlan.from_scenario(request.scenario, started.seed):
        raise UsageError(
            place=str(stored.faults),
            problem="the run's faults are not those of its scenario.yaml, which is what is shrunk",
            remedy="run a scenario that has these faults, without --faults, and shrink that run",
        )
    return Life(scenario=request.scenario, seed=started.seed), target


def _defect(stored: RunDirectory, name: str | None) -> Sabotage | None:
    """The defect that was planted in the run, by the option or by what the folder says.

    :raises UsageError: there is none of this name.
    """
    if name is None:
        try:
            with stored.reading(PLANTED) as opened:
                name = opened.read(200).decode(errors="replace").strip()
        except FileNotFoundError:
            return None
    return chosen([name])[0]


def _progress(step: Step) -> str:
    return f"  {'still' if step.shows else 'gone ':5}  {step.lived.outcome:9}  {size(step.life.scenario)}"


def _write(directory: RunDirectory, shrunk: Shrunk, ground: Ground) -> Path:
    """The scenario and what is known of it; of the runs only the smallest one's folder stays."""
    ground.keep_only(shrunk.lived)
    file = f"{name_of(shrunk.life.scenario, shrunk.cause)}.yaml"
    directory.write(file, shrunk.to_yaml())
    directory.write("shrink.json", json.dumps(shrunk.as_row(), indent=2, ensure_ascii=False) + "\n")
    directory.become_latest()
    return directory.path / file


def _tell(shrunk: Shrunk, file: Path, wall_seconds: float) -> None:
    output = Console()
    for text in (shrunk.story, str(shrunk.inevitable), shrunk.how):
        output.print(text, highlight=False, soft_wrap=True, markup=False)
    output.print(f"scenario  {file}", highlight=False, soft_wrap=True, markup=False)
    output.print(f"its run   {shrunk.lived.directory}  ({wall_seconds:.0f} s in all)", highlight=False, soft_wrap=True)
