"""``simulate runbook …``: what the command line says of runbooks."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Literal

import click


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
