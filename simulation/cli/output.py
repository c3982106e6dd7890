"""What commands print: the verdict in one screen."""

from __future__ import annotations

from pathlib import Path

from rich.console import Console

from simulation.reporting.terminal import COLUMNS, render
from simulation.reporting.view import Report


def print_verdict(report: Report, file: Path) -> None:
    """The verdict on standard output, at most 48 lines of 100 columns; a log has all of them."""
    console = Console()
    width = min(COLUMNS, console.width) if console.is_terminal else COLUMNS
    Console(width=width).print(render(report, file), crop=False)
