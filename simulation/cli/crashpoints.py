"""``simulate crashpoints``: kill the platform before and after every statement, and judge each run."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from simulation.assembly.request import jobs_without_a_sign
from simulation.cli.options import TargetFolder, jobs_option, out_option
from simulation.errors import UsageError, command
from simulation.paths import SCENARIOS_FOLDER
from simulation.proof.crashpoints.kill import Ending, Killing
from simulation.proof.crashpoints.learn import learn
from simulation.proof.crashpoints.points import Point, points_of
from simulation.proof.crashpoints.stored import Places, Stored
from simulation.proof.crashpoints.table import findings_of, table_of, write_json
from simulation.proof.parallel import in_parallel
from simulation.run_directory import RunDirectory
from simulation.words import plural

FOLDER = SCENARIOS_FOLDER / "crashpoints"
_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
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
@click.option("--most", type=click.IntRange(min=1), default=None, help="Make so many runs, and leave the rest.")
@click.option("--resume", type=_FOLDER, default=None, help="Go on with the command that left this folder.")
@click.option(
    "--target",
    type=TargetFolder(),
    default=None,
    help="A folder with target.toml: that backend is killed. Each of its jobs must have seen_in_sql.",
)
@jobs_option
@out_option("Where the table, and the runs that did not survive, go.")
def crashpoints(
    scenarios: tuple[str, ...],
    seed: int,
    part: str,
    every: int,
    listed: bool,
    most: int | None,
    resume: Path | None,
    target: Path | None,
    jobs: int | None,
    out: Path,
) -> int:
    """Kill the platform before and after every statement of SCENARIOs, each time in a run of its own.

    One run tells which transactions change a governed table and which calls to Stripe and the score provider lie
    between them. Transactions of equal statements are one row of the table, and the first of them is killed. Without
    a SCENARIO: those of scenarios/crashpoints, which collect, settle, pay, refund and restore. Exit code 1: a run had
    a finding; 2: a place was not met, or some are left, and the last line says how to go on; or TARGET can do nothing
    with one of the scenarios that were not named, which is said.
    """
    console = Console(stderr=True)
    _require_signs(target)
    names = scenarios or tuple(sorted(str(file) for file in FOLDER.glob("*.yaml")))
    stored = Stored(resume or RunDirectory.create(out=out, scenario="crashpoints", seed=seed).path)
    began, workers = time.perf_counter(), jobs or len(os.sched_getaffinity(0))
    left, room, refused = 0, most, False
    learned: dict[str, Places] = {}
    for name in names:  # all of them before anything is killed: what is refused is refused at once
        try:
            learned[name] = _places(name, seed, target, stored, part=part, every=every)
        except UsageError as error:
            if scenarios or target is None:
                raise
            refused = True
            console.print(f"{Path(name).stem}: left out: {error.problem}", highlight=False)
    for name, places in learned.items():
        now = stored.left(places)
        console.print(f"{Path(name).stem}: {plural(len(now), 'place')}", highlight=False)
        if listed:
            click.echo("\n".join(f"{point.row}, {point.where}" for point in places.points))
            continue
        wanted = now[:room]
        killing = Killing(scenario=name, seed=seed, out=stored.folder / "runs", target=target)
        _try(wanted, killing, stored, workers, console)
        left += len(now) - len(wanted)
        room = None if room is None else room - len(wanted)
    if listed:
        return 0
    if not learned:
        problem = "it can do nothing with any of the scenarios; see above"
        raise UsageError(place=str(target), problem=problem, remedy="name a SCENARIO that it can live through")
    if not stored.endings:
        raise UsageError(place="--of", problem=f"no transaction has {part!r} in its row", remedy="see them with --list")
    code = _tell(stored, seed, time.perf_counter() - began, terminal=console.is_terminal)
    if left:
        whose = () if target is None else ("--target", target)
        more = command("crashpoints", *scenarios, "--seed", seed, *whose, "--resume", stored.folder)
        console.print(f"{plural(left, 'place is', 'places are')} left: {more}", highlight=False, soft_wrap=True)
    return code or (2 if left or refused else 0)


def _require_signs(target: Path | None) -> None:
    """:raises UsageError: nobody knows which statements of a backend are whose."""
    unknown = () if target is None else jobs_without_a_sign(target)
    if unknown:
        raise UsageError(
            place=f"{target}/target.toml",
            problem=f"nothing says by which SQL {', '.join(unknown)} {'is' if len(unknown) == 1 else 'are'} known, so "
            "that a kill could be at another job's statement than it says",
            remedy="write seen_in_sql into each [[job]]",
        )


def _places(scenario: str, seed: int, target: Path | None, stored: Stored, *, part: str, every: int) -> Places:
    """Those that are kept, or what one run tells. A shape that an earlier scenario has is not tried again."""
    asked = scenario, seed, str(target or "")
    for places in stored.places:
        if (places.scenario, places.seed, places.target) == asked:
            return places
    known = {point.shape for places in stored.places for point in places.points}
    found = [point for point in _points(scenario, seed, target, stored.folder / "runs") if part in point.row]
    points = tuple([point for point in found if point.shape not in known][::every])
    places = Places(scenario=scenario, seed=seed, target=asked[2], points=points)
    stored.keep_places(places)
    return places


def _points(scenario: str, seed: int, target: Path | None, out: Path) -> list[Point]:
    """The places that one run of the scenario has. A run that does not pass by itself tells nothing.

    :raises UsageError: it does not pass.
    """
    learned = learn(scenario, seed=seed, out=out, target=target)
    if learned.outcome != "pass":
        raise UsageError(
            place=scenario,
            problem=f"with seed {seed} and nothing killed its verdict is {learned.outcome}, not pass",
            remedy="see why with simulate run, or choose another seed",
        )
    return points_of(learned)


def _try(points: Sequence[Point], killing: Killing, stored: Stored, workers: int, console: Console) -> None:
    def told(ending: Ending) -> None:
        stored.keep(ending)
        if ending.directory is not None:
            console.print(f"  {ending.outcome}: {ending.point.row}, {ending.point.where}", highlight=False)

    in_parallel(points, killing, workers=workers, told=told)


def _tell(stored: Stored, seed: int, wall_seconds: float, *, terminal: bool) -> int:
    output, endings = Console(width=None if terminal else _WIDTH), stored.in_order()
    output.print(table_of(endings))
    for finding in findings_of(endings, seed=seed):
        output.print(finding, highlight=False, soft_wrap=True, markup=False)
    write_json(stored.folder / "crashpoints.json", endings)
    with open(stored.folder / "crashpoints.txt", "w", encoding="utf-8") as file:
        Console(file=file, width=_WIDTH).print(table_of(endings))
    RunDirectory(path=stored.folder).become_latest()
    used = sum(ending.cpu_seconds for ending in endings)
    cost = f"{used:.0f} s of CPU, {used / len(endings):.1f} s a run; now {wall_seconds:.0f} s"
    output.print(f"{plural(len(endings), 'run')}: {cost}", highlight=False)
    outcomes = {ending.outcome for ending in endings}
    return 1 if "wrong" in outcomes else 2 if "not met" in outcomes else 0
