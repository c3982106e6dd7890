"""``simulate runbook …``: what the command line says of runbooks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click

from simulation.cli.options import out_option


@click.group()
def runbook() -> None:
    """Hold runbooks against their rules, and carry each of them out in three ways."""


@runbook.command("lint")
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "as_format",
    type=click.Choice(["text", "sarif", "json"]),
    default="text",
    show_default=True,
    help="SARIF 2.1.0 is for CI and editors.",
)
def runbook_lint(files: tuple[Path, ...], as_format: Literal["text", "sarif", "json"]) -> None:
    """Find all that is wrong with FILES, or with every runbook, the index, the alerts and the scenarios.

    Exit code 1: something was found.
    """
    from simulation.commands.runbook_lint import runbook_lint_command

    sys.exit(runbook_lint_command(files, as_format=as_format))


@runbook.command("test")
@click.argument("names", nargs=-1)
@click.option("--jobs", type=click.IntRange(1, 64), default=None, help="Runs at a time instead of one a core.")
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON on standard output.")
@out_option("Where the runs go that did not hold.")
def runbook_test(names: tuple[str, ...], jobs: int | None, as_json: bool, out: Path) -> None:
    """Carry the runbooks NAMES, or all, out in three ways, each in a run of its own scenario.

    \b
    recovered      the run passes, the runbook completed, its verification was carried out
    rolled back    its last verification fails: Rollback leaves everything as it was before the first writing step
    failed safely  its first writing step fails: failed, escalated, nothing half done, nothing silent

    Exit code 1: one of them does not hold; the reasons are printed and the run is kept.
    """
    from simulation.commands.runbook_test import runbook_test_command

    sys.exit(runbook_test_command(names, jobs=jobs, out=out, as_json=as_json))
