"""``simulate determinism``: the same input gives the same history, shown by running it twice."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console

from simulation.cli.options import TargetFolder
from simulation.errors import UsageError
from simulation.proof.determinism import compare_pairs, of_another_profile, pairs_of


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    default=None,
    help="Seeds 1 to N for each scenario.  [default: 20 for a named scenario and the default one, 1 for others]",
)
@click.option("--load", is_flag=True, help="Keep every core busy meanwhile.")
@click.option(
    "--target",
    type=TargetFolder(),
    default=None,
    help="A folder with target.toml: run that backend instead of the staging platform that comes along.",
)
def determinism(scenarios: tuple[str, ...], seeds: int | None, load: bool, target: Path | None) -> int:
    """Run SCENARIOs twice for each seed; show where two histories part first.

    Without a SCENARIO: every one that comes with the project and that its staging platform can run, those of the
    runbooks, of the defects and of past defects too. Both runs of a seed have different hash seeds. Exit code 1: two
    histories differ.
    """
    if target is not None and not scenarios:
        raise UsageError(
            place="--target",
            problem="of the scenarios that come along, some are for the staging platform alone",
            remedy="name those that this backend is to live through",
        )
    pairs = list(pairs_of(scenarios, seeds=seeds))
    console, parted = Console(), 0
    if not scenarios:
        others = ", ".join(of_another_profile())
        console.print(f"left out, since they need a backend of their own: {others}; name them with --target DIR")
    for number, ((scenario, seed), difference) in enumerate(compare_pairs(pairs, load=load, target=target), start=1):
        parted += difference is not None
        told = f"[{number}/{len(pairs)}] {scenario} seed {seed}: {difference or 'equal'}"
        console.print(told, highlight=False, soft_wrap=True, markup=False)
    gave = f"{len(pairs) - parted} of {len(pairs)} gave the same history twice{' under load' if load else ''}"
    console.print(gave, highlight=False)
    return 1 if parted else 0
