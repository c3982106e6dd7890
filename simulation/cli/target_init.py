"""``simulate target init``: a folder to begin with."""

from __future__ import annotations

from pathlib import Path

import click

from simulation.targets.new_folder import write_target_folder


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
def target_init(folder: Path) -> int:
    """Write a commented target.toml, observe.sql and people.py into DIR. It must be empty or not there yet."""
    for file in write_target_folder(folder):
        click.echo(f"wrote {file}")
    click.echo(
        f"""
1. target.toml   how your backend is started and what it believes in; the lines marked CHANGE first
2. observe.sql   seventeen queries that tell the jury where your tables hold what
3. people.py     how a player joins and pays; delete it if your routes are those of fixtures/spec/platform.md

Then:  simulate target check {folder}
       simulate run smoke_2d --target {folder}"""
    )
    return 0
