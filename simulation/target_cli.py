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
