"""``simulate promotion check``: what a release goes through before its promotion, in the specification's order."""

from __future__ import annotations

import os
from pathlib import Path

import click

from simulation.cli.options import out_option
from simulation.closure.evidence import record_promotion
from simulation.environment.release import release as code
from simulation.promotion.checks import CHECKS, Promotion, PromotionCheck
from simulation.promotion.release import load_release
from simulation.promotion.separation import read_env

_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@click.command()
@click.argument("name", type=click.Choice(["all", *(check.name for check in CHECKS)]), default="all")
@click.option("--release", type=_FILE, envvar="RELEASE_FILE", required=True, help="The release file.")
@click.option("--staging-env", type=_FILE, envvar="STAGING_ENV_FILE", required=True, help="Variables of staging.")
@click.option("--production-env", type=_FILE, envvar="PRODUCTION_ENV_FILE", required=True, help="Of production.")
@out_option("Where all seven leave their record for `simulate closure`.")
def promotion_check(name: str, release: Path, staging_env: Path, production_env: Path, out: Path) -> int:
    """Carry out one check, or all in order until the first that fails. Shows no value of the environment files.

    Exit code 1: a check fails.
    """
    promotion = Promotion(
        folder=release.parent.resolve(),
        release=load_release(release),
        staging=read_env(staging_env),
        production=read_env(production_env),
        api_base_url=os.environ.get("API_BASE_URL", ""),
    )
    held: list[str] = []
    failed = None
    for number, check in enumerate(CHECKS, start=1):
        if name in ("all", check.name):
            if not _holds(number, check, promotion):
                failed = check.name
                break
            held.append(check.name)
    if name == "all":
        record_promotion(out, release=promotion.release.version, made_by=code(), held=held, failed=failed)
        if failed is None:
            click.echo(f"{promotion.release.version} may be promoted")
    return 0 if failed is None else 1


def _holds(number: int, check: PromotionCheck, promotion: Promotion) -> bool:
    problems = list(check.look(promotion))
    click.echo(f"{number}. {check.says}: {'no' if problems else 'yes'}")
    for problem in problems:
        click.echo(f"   {problem}")
    if problems:
        click.echo(f"   remedy: {check.remedy}")
    return not problems
