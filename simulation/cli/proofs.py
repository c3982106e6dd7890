"""``simulate sabotage`` and ``determinism``: proof that a run can fail, and that it repeats itself."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from simulation.cli.options import out_option


@click.command()
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every defect of the catalogue.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=1, show_default=True, help="Seeds 1 to N for each.")
@click.option("--jobs", type=click.IntRange(1, 64), default=None, help="Runs at a time instead of one a core.")
@out_option("Where the matrix and the run directories go.")
def sabotage(names: tuple[str, ...], everything: bool, seeds: int, jobs: int | None, out: Path) -> None:
    """Plant the defects NAMES, each in a run of its own, and see whether the checks named for them find them.

    Without NAMES and --all: lists the catalogue. Exit code 1: a defect was missed, found only by a check that was not
    named for it, never had its chance, or the same run without it did not pass.
    """
    from simulation.commands.sabotage import sabotage_command

    sys.exit(sabotage_command(names, everything=everything, seeds=seeds, jobs=jobs, out=out))


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option(
    "--seeds",
    type=click.IntRange(1, 1000),
    default=None,
    help="Seeds 1 to N for each scenario.  [default: 20 for a named scenario and the default one, 1 for others]",
)
@click.option("--load", is_flag=True, help="Keep every core busy meanwhile.")
def determinism(scenarios: tuple[str, ...], seeds: int | None, load: bool) -> None:
    """Run each SCENARIO twice for each seed, with different hash seeds, and show where two histories part first.

    Without a SCENARIO: every one that comes with the project, those of the runbooks, of the defects and of past
    defects too.
    """
    from simulation.proof.determinism import determinism_command

    sys.exit(determinism_command(scenarios, seeds=seeds, load=load))
