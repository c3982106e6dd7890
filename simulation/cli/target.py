"""The part of the command line for backends of one's own: ``simulate target``."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.group()
def target() -> None:
    """A backend of your own, described by a folder."""


@target.command("init")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def target_init(folder: Path) -> None:
    """Write a commented target.toml, observe.sql and people.py into DIR, which must be empty or not there yet."""
    from simulation.commands.target_init import target_init_command

    sys.exit(target_init_command(folder))


@target.command("check")
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--environment", type=click.Choice(["auto", "embedded"]), default="embedded", show_default=True)
def target_check(folder: Path, environment: str) -> None:
    """Start the backend of DIR, try each piece by itself, and say what is wrong, with file and line."""
    from simulation.commands.target_check import target_check_command

    sys.exit(target_check_command(folder, environment=environment))
