"""``simulate scenarios``: what can be run."""

from __future__ import annotations

import click
from rich.console import Console
from rich.table import Table

from simulation.paths import RUNBOOKS_FOLDER
from simulation.scenario.file import available_scenarios, load_scenario


@click.command()
def scenarios() -> int:
    """List the scenarios that come with the project."""
    table = Table(box=None, pad_edge=False)
    for heading in ("scenario", "days", "contests", "faults", "what it is for"):
        table.add_column(heading, justify="right" if heading in ("days", "contests", "faults") else "left")
    for file in available_scenarios().values():
        scenario = load_scenario(file, runbooks=RUNBOOKS_FOLDER)
        numbers = (str(scenario.days), str(len(scenario.contests)), str(len(scenario.faults)))
        table.add_row(scenario.name, *numbers, scenario.description)
    Console().print(table)
    return 0
