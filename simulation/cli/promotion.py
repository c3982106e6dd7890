"""``simulate promotion …`` and ``snapshot …``: what the runbooks of a release call."""

from __future__ import annotations

import sys
from pathlib import Path

import click

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.group()
def promotion() -> None:
    """Promotion of a release to production: the specification's seven checks."""


@promotion.command("check")
@click.argument(
    "name",
    type=click.Choice(["all", "schema", "openapi", "compatibility", "stripe", "ingestion", "tests", "checklist"]),
    default="all",
)
@click.option("--release", type=_FILE, envvar="RELEASE_FILE", required=True, help="The release file.")
@click.option("--staging-env", type=_FILE, envvar="STAGING_ENV_FILE", required=True, help="Variables of staging.")
@click.option("--production-env", type=_FILE, envvar="PRODUCTION_ENV_FILE", required=True, help="Of production.")
def promotion_check(name: str, release: Path, staging_env: Path, production_env: Path) -> None:
    """Carry out one check, or all in order until the first that fails. Shows no value of the environment files."""
    from simulation.commands.promotion import promotion_check_command

    sys.exit(promotion_check_command(name, release=release, staging_env=staging_env, production_env=production_env))


@click.group()
def snapshot() -> None:
    """The schema snapshot at the start and the end of an iteration."""


_SNAPSHOT = click.option(
    "--snapshot",
    "file",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="SNAPSHOT_FILE",
    default=Path("fixtures/schema.snapshot.sql"),
    show_default=True,
)


@snapshot.command("start")
@click.option("--iteration", required=True)
@click.option("--record", type=click.Path(dir_okay=False, path_type=Path), help="Write the baseline down there.")
@_SNAPSHOT
def snapshot_start(iteration: str, record: Path | None, file: Path) -> None:
    """Say what the iteration begins from: migration, tables, hash, commit, pending migrations."""
    from simulation.commands.promotion import snapshot_start_command

    sys.exit(snapshot_start_command(iteration=iteration, snapshot=file, record=record))


@snapshot.command("end")
@click.option("--iteration", required=True)
@click.option("--title", required=True)
@click.option("--changes", required=True, help="What changed in the schema, in a line.")
@_SNAPSHOT
def snapshot_end(iteration: str, title: str, changes: str, file: Path) -> None:
    """Replace the snapshot by what the migrations make now, under a header of the iteration."""
    from simulation.commands.promotion import snapshot_end_command

    sys.exit(snapshot_end_command(iteration=iteration, title=title, changes=changes, snapshot=file))


@snapshot.command("verify")
@_SNAPSHOT
def snapshot_verify(file: Path) -> None:
    """Whether the snapshot is whole, current, indexed and committed."""
    from simulation.commands.promotion import snapshot_verify_command

    sys.exit(snapshot_verify_command(snapshot=file))
