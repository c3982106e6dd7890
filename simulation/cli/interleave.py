"""``simulate interleave``: two of the platform's doings at once, in every order of their statements up to a bound."""

from __future__ import annotations

import os
import time
from collections.abc import Iterable
from pathlib import Path

import click
from rich.console import Console

from simulation.assembly.request import prepare
from simulation.chance import chance
from simulation.cli.options import TargetFolder, jobs_option, out_option
from simulation.errors import UsageError
from simulation.paths import SCENARIOS_FOLDER
from simulation.proof.interleave.meet import KIND, Meet, Meeting
from simulation.proof.interleave.orders import Order, chance_of, drawn_orders, every_order
from simulation.proof.interleave.table import findings_of, table_of
from simulation.proof.parallel import in_parallel
from simulation.run_directory import RunDirectory
from simulation.words import plural

FOLDER = SCENARIOS_FOLDER / "interleave"
_WIDTH = 160
"""Columns where there is no terminal to fit."""


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the run, and of what is drawn.")
@click.option(
    "--switches",
    type=click.IntRange(0, 4),
    default=1,
    show_default=True,
    help="Every order with at most so many switches from one side to the other.",
)
@click.option(
    "--drawn", type=click.IntRange(0, 10_000), default=0, show_default=True, help="So many further orders by chance."
)
@click.option(
    "--depth", type=click.IntRange(2, 6), default=3, show_default=True, help="Of the defects that the drawn ones seek."
)
@click.option(
    "--target",
    type=TargetFolder(),
    default=None,
    help="A folder with target.toml: requests of that backend meet; it needs a SCENARIO.",
)
@jobs_option
@out_option("Where the runs that went wrong go.")
def interleave(
    scenarios: tuple[str, ...],
    seed: int,
    switches: int,
    drawn: int,
    depth: int,
    target: Path | None,
    jobs: int | None,
    out: Path,
) -> int:
    """Let the two of each SCENARIO meet in one order of statements after another, each in a run of its own.

    The two are those of its fault two_at_once. Without a SCENARIO: every pair of scenarios/interleave. Same seed, same
    orders. Exit code 1: the jury found something in a run; 2: two did not meet.
    """
    console = Console(stderr=True)
    if target is not None and not scenarios:
        raise UsageError(
            place="--target",
            problem="the pairs of scenarios/interleave are those of the platform that comes along",
            remedy="name a scenario whose fault two_at_once is a request of this backend, with other: again",
        )
    directory = RunDirectory.create(out=out, scenario="interleave", seed=seed)
    began, met = time.perf_counter(), {}
    chances: list[str] = []
    for name in scenarios or sorted(str(file) for file in FOLDER.glob("*.yaml")):
        _require_a_meeting(name, seed, out, target)
        meet = Meet(scenario=name, seed=seed, out=directory.path / "runs", target=target)
        first = meet(())
        pair, steps = Path(name).stem, max(2, len(first.sequence))
        orders = dict.fromkeys(every_order(steps, switches=switches))
        orders |= dict.fromkeys(drawn_orders(steps, depth=depth, number=drawn, source=chance(seed, f"orders:{pair}")))
        orders.pop(())
        console.print(f"{pair}: {plural(len(orders) + 1, 'order')} of {plural(steps, 'step')}", highlight=False)
        met[pair] = [first, *_in_order(orders, meet, jobs or len(os.sched_getaffinity(0)))]
        if drawn:
            least = chance_of(steps, depth=depth, number=drawn)
            chances.append(f"{pair}: {drawn} drawn orders show a defect of depth {depth} with p >= {least:.3f}")
    directory.become_latest()
    output = Console(width=None if console.is_terminal else _WIDTH)
    output.print(table_of(met))
    for line in (*chances, *findings_of(met, seed=seed)):
        output.print(line, highlight=False, soft_wrap=True, markup=False)
    runs = sum(len(meetings) for meetings in met.values())
    output.print(f"{plural(runs, 'run')} in {time.perf_counter() - began:.0f} s", highlight=False)
    outcomes = {meeting.outcome for meetings in met.values() for meeting in meetings}
    return 1 if "wrong" in outcomes else 2 if "not met" in outcomes else 0


def _require_a_meeting(scenario: str, seed: int, out: Path, target: Path | None) -> None:
    """:raises UsageError: nobody meets in it, or several do."""
    request = prepare(scenario=scenario, seed=seed, environment="embedded", out=out, target=target)
    if sum(fault.kind == KIND for fault in request.plan.faults) != 1:
        raise UsageError(
            place=scenario, problem=f"it has no fault {KIND}, or several", remedy=f"see simulate faults {KIND}"
        )


def _in_order(orders: Iterable[Order], meet: Meet, workers: int) -> list[Meeting]:
    wanted = list(orders)
    done = in_parallel(wanted, meet, workers=workers, told=lambda _: None)
    return sorted(done, key=lambda meeting: wanted.index(meeting.order))
