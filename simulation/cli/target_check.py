"""``simulate target check``: what is in order about a target folder, and what is not."""

from __future__ import annotations

import tempfile
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from simulation.environment.choice import environment_of_processes
from simulation.paths import RUNBOOKS_FOLDER
from simulation.scenario.file import find_scenario, load_scenario
from simulation.targets.process.loader import read_target
from simulation.targets.process.trial import try_target
from simulation.untrusted import last_lines

_SCENARIO = "smoke_2d"
_LAST_LINES = 10


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--environment", type=click.Choice(["auto", "embedded", "containers"]), default="auto", show_default=True)
def target_check(folder: Path, environment: str) -> int:
    """Start the backend of DIR and try each piece of it by itself. Says what is wrong, with file and line.

    Exit code 1: something is wrong.
    """
    console = Console()
    choice = read_target(folder)
    console.print(f"[green]✓[/] {'files':<22} read", highlight=False)
    scenario = load_scenario(find_scenario(_SCENARIO), days=None, runbooks=RUNBOOKS_FOLDER)
    environment = environment_of_processes(environment, choice.server_needs).name
    wrong = 0
    with tempfile.TemporaryDirectory(prefix="simulate-target-check-") as scratch:
        log = Path(scratch) / "backend.log"
        for finding in try_target(choice, scenario=scenario, environment=environment, log=log):
            wrong += finding.wrong is not None
            mark, said = ("[green]✓[/]", finding.said) if finding.wrong is None else ("[red]✗[/]", finding.wrong)
            console.print(f"{mark} {finding.piece:<22} {escape(said)}", highlight=False, soft_wrap=True)
        if wrong and log.exists():
            console.print("the backend's last lines:", highlight=False)
            for line in last_lines(log, _LAST_LINES):
                console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)
    return 1 if wrong else 0
