"""``simulate crashpoints``: kill the platform before and after every statement, and judge each run."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from simulation.cli.options import jobs_option, out_option
from simulation.errors import UsageError
from simulation.paths import SCENARIOS_FOLDER
from simulation.proof.crashpoints.kill import Ending, Killing
from simulation.proof.crashpoints.learn import learn
from simulation.proof.crashpoints.points import Point, points_of
from simulation.proof.crashpoints.table import findings_of, table_of, write_json
from simulation.proof.parallel import in_parallel
from simulation.run_directory import RunDirectory
from simulation.words import plural

FOLDER = SCENARIOS_FOLDER / "crashpoints"
_WIDTH = 160
"""Columns where there is no terminal to fit."""


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--of", "part", default="", metavar="TEXT", help="Only transactions whose row in the table has TEXT.")
@click.option(
    "--every", type=click.IntRange(1, 1000), default=1, show_default=True, help="Only every N-th place: a sample."
)
@click.option("--list", "listed", is_flag=True, help="List the places and kill nothing.")
@jobs_option
@out_option("Where the table, and the runs that did not survive, go.")
def crashpoints(
    scenarios: tuple[str, ...], seed: int, part: str, every: int, listed: bool, jobs: int | None, out: Path
) -> int:
    """Kill the platform before and after every statement of SCENARIOs, each time in a run of its own.

    One run tells which transactions change a governed table and which calls to Stripe and the score provider lie
    between them. Transactions of equal statements are one row of the table, and the first of them is killed. Without
    a SCENARIO: those of scenarios/crashpoints, which collect, settle, pay, refund and restore. Exit code 1: a run had
    a finding; 2: a place was not met.
    """
    console = Console(stderr=True)
    names = scenarios or tuple(sorted(str(file) for file in FOLDER.glob("*.yaml")))
    directory = RunDirectory.create(out=out, scenario="crashpoints", seed=seed)
    began = time.perf_counter()
    endings: list[Ending] = []
    known: set[tuple[str, ...]] = set()
    for name in names:
        points = [point for point in _points(name, seed, directory.path / "runs") if part in point.row]
        points = [point for point in points if point.shape not in known]
        known.update(point.shape for point in points)
        points = points[::every]
        console.print(f"{Path(name).stem}: {plural(len(points), 'place')}", highlight=False)
        if listed:
            for point in points:
                click.echo(f"{point.row}, {point.where}")
            continue
        killing = Killing(scenario=name, seed=seed, out=directory.path / "runs")
        workers = jobs or len(os.sched_getaffinity(0))
        endings += _in_order(points, killing, workers, console)
    if listed:
        return 0
    if not endings:
        raise UsageError(place="--of", problem=f"no transaction has {part!r} in its row", remedy="see them with --list")
    return _tell(endings, directory, seed, time.perf_counter() - began, terminal=console.is_terminal)


def _points(scenario: str, seed: int, out: Path) -> list[Point]:
    """The places that one run of the scenario has. A run that does not pass by itself tells nothing.

    :raises UsageError: it does not pass.
    """
    learned = learn(scenario, seed=seed, out=out)
    if learned.outcome != "pass":
        raise UsageError(
            place=scenario,
            problem=f"with seed {seed} and nothing killed its verdict is {learned.outcome}, not pass",
            remedy="see why with simulate run, or choose another seed",
        )
    return points_of(learned)


def _in_order(points: Sequence[Point], killing: Killing, workers: int, console: Console) -> list[Ending]:
    """The endings in the order of the points."""

    def told(ending: Ending) -> None:
        if ending.directory is not None:
            console.print(f"  {ending.outcome}: {ending.point.row}, {ending.point.where}", highlight=False)

    done = in_parallel(points, killing, workers=workers, told=told)
    return sorted(done, key=lambda ending: points.index(ending.point))


def _tell(endings: Sequence[Ending], directory: RunDirectory, seed: int, wall_seconds: float, *, terminal: bool) -> int:
    output = Console(width=None if terminal else _WIDTH)
    output.print(table_of(endings))
    for finding in findings_of(endings, seed=seed):
        output.print(finding, highlight=False, soft_wrap=True, markup=False)
    write_json(directory.path / "crashpoints.json", endings)
    directory.become_latest()
    median = sorted(ending.wall_seconds for ending in endings)[len(endings) // 2]
    output.print(f"{plural(len(endings), 'run')} in {wall_seconds:.0f} s, median {median:.1f} s a run", highlight=False)
    outcomes = {ending.outcome for ending in endings}
    return 1 if "wrong" in outcomes else 2 if "not met" in outcomes else 0
