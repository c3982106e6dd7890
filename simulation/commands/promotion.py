"""``simulate promotion check`` and ``simulate snapshot``: what a release goes through, in the specification's order."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path

import click

from simulation.errors import UsageError
from simulation.paths import SCHEMA_SNAPSHOT
from simulation.promotion import ritual
from simulation.promotion.checks import CHECKS, Promotion, PromotionCheck
from simulation.promotion.release import load_release
from simulation.promotion.separation import read_env

_REFUSED = 1


def promotion_check_command(name: str, *, release: Path, staging_env: Path, production_env: Path) -> int:
    """Carry out one check, or all in order up to the first that fails; 0 when all asked for hold."""
    promotion = Promotion(
        folder=release.parent.resolve(),
        release=load_release(release),
        staging=read_env(staging_env),
        production=read_env(production_env),
        api_base_url=os.environ.get("API_BASE_URL", ""),
    )
    for number, check in enumerate(CHECKS, start=1):
        if name in ("all", check.name) and not _holds(number, check, promotion):
            return _REFUSED
    if name == "all":
        click.echo(f"{promotion.release.version} may be promoted")
    return 0


def _holds(number: int, check: PromotionCheck, promotion: Promotion) -> bool:
    problems = list(check.look(promotion))
    click.echo(f"{number}. {check.says}: {'no' if problems else 'yes'}")
    for problem in problems:
        click.echo(f"   {problem}")
    if problems:
        click.echo(f"   remedy: {check.remedy}")
    return not problems


def snapshot_start_command(*, iteration: str, snapshot: Path, record: Path | None) -> int:
    """Say, and write down where asked, what the iteration begins from."""
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
        record.write_text(text)
    return 0


def snapshot_end_command(*, iteration: str, title: str, changes: str, snapshot: Path) -> int:
    """Replace the snapshot by what the migrations make now, under its header."""
    text = ritual.closing_snapshot(
        iteration=iteration,
        title=title,
        changes=changes,
        on=datetime.now(UTC).date(),
        folder=snapshot.parent,
    )
    temporary = snapshot.with_suffix(".next")
    temporary.write_text(text)
    temporary.replace(snapshot)
    click.echo(f"snapshot of iteration {iteration} written; commit it, then: simulate snapshot verify")
    return 0


def snapshot_verify_command(*, snapshot: Path) -> int:
    """Whether the snapshot may close the iteration."""
    found = list(ritual.problems(_existing(snapshot)))
    click.echo(f"the snapshot may close the iteration: {'no' if found else 'yes'}")
    for problem in found:
        click.echo(f"   {problem}")
    return _REFUSED if found else 0


def _existing(snapshot: Path) -> Path:
    if not snapshot.is_file():
        raise UsageError(
            place=str(snapshot), problem="is no file", remedy=f"name the snapshot, usually {SCHEMA_SNAPSHOT.name}"
        )
    return snapshot
