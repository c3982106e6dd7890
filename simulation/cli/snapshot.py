"""``simulate snapshot``: the schema snapshot at the start and the end of an iteration."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import click

from simulation.errors import UsageError
from simulation.paths import SCHEMA_SNAPSHOT
from simulation.promotion import ritual

_FILE = click.Path(dir_okay=False, path_type=Path)
_SNAPSHOT = click.option(
    "--snapshot",
    type=_FILE,
    envvar="SNAPSHOT_FILE",
    default=Path("fixtures/schema.snapshot.sql"),
    show_default=True,
)


@click.command()
@click.option("--iteration", required=True)
@click.option("--record", type=_FILE, help="Write the baseline down there.")
@_SNAPSHOT
def snapshot_start(iteration: str, record: Path | None, snapshot: Path) -> int:
    """Say what the iteration begins from. Migration, tables, hash, commit, pending migrations."""
    begin = ritual.baseline(_existing(snapshot))
    text = (
        f"iteration {iteration} begins from\n"
        f"  migration: {begin.migration}\n"
        f"  tables: {begin.tables}\n"
        f"  schema sha256: {begin.sha256}\n"
        f"  commit: {begin.commit}\n"
        f"  pending migrations: {', '.join(begin.pending) or 'none'}\n"
    )
    click.echo(text, nl=False)
    if record is not None:
        record.write_text(text, encoding="utf-8")
    return 0


@click.command()
@click.option("--iteration", required=True)
@click.option("--title", required=True)
@click.option("--changes", required=True, help="What changed in the schema, in a line.")
@_SNAPSHOT
def snapshot_end(iteration: str, title: str, changes: str, snapshot: Path) -> int:
    """Replace the snapshot by what the migrations make now. Under a header of the iteration."""
    text = ritual.closing_snapshot(
        iteration=iteration,
        title=title,
        changes=changes,
        on=datetime.now(UTC).date(),
        folder=snapshot.parent,
    )
    temporary = snapshot.with_suffix(".next")
    temporary.write_text(text, encoding="utf-8")
    temporary.replace(snapshot)
    click.echo(f"snapshot of iteration {iteration} written; commit it, then: simulate snapshot verify")
    return 0


@click.command()
@click.option("--iteration", default="06", show_default=True, help="For the remedy.")
@_SNAPSHOT
def snapshot_verify(iteration: str, snapshot: Path) -> int:
    """Say whether the snapshot is whole, current, indexed and committed.

    Exit code 1: it is not.
    """
    found = list(ritual.problems(_existing(snapshot)))
    click.echo(f"the snapshot may close the iteration: {'no' if found else 'yes'}")
    for problem in found:
        click.echo(f"   {snapshot}: {problem}")
    for number, remedy in enumerate(ritual.remedies(snapshot, found, iteration=iteration), start=1):
        click.echo(f"   remedy {number}: {remedy}")
    return 1 if found else 0


def _existing(snapshot: Path) -> Path:
    if not snapshot.is_file():
        raise UsageError(
            place=str(snapshot), problem="is no file", remedy=f"name the snapshot, usually {SCHEMA_SNAPSHOT.name}"
        )
    return snapshot
