"""``simulate target check``: what is in order about a target folder, and what is not."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from simulation.environment.choice import environment_of_processes
from simulation.errors import UsageError, command
from simulation.paths import RUNBOOKS_FOLDER
from simulation.run_directory import DEFAULT_OUT
from simulation.scenario.file import find_scenario, load_scenario, refuse_another_profile
from simulation.scenario.orders import Profile
from simulation.targets.process.loader import read_target
from simulation.targets.process.trial import try_target
from simulation.untrusted import last_lines

DEFAULT_SCENARIO: Mapping[Profile, str] = {"contests": "smoke_2d", "payments": "shop_6d"}
_LAST_LINES = 10


@click.command()
@click.argument("folder", metavar="DIR", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--environment", type=click.Choice(["auto", "embedded", "containers"]), default="auto", show_default=True)
@click.option(
    "--scenario", default=None, help="Whose start, contest or orders it has; else smoke_2d, or shop_6d for a shop."
)
@click.option(
    "--log",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Where the backend's output is kept; else reports/target-check/NAME.log.",
)
def target_check(folder: Path, environment: str, scenario: str | None, log: Path | None) -> int:
    """Start the backend of DIR and try each piece of it by itself. Says what is wrong, with file and line.

    Exit code 1: something is wrong.
    """
    console = Console()
    choice = read_target(folder)
    console.print(f"[green]✓[/] {'files':<24}          read", highlight=False)
    usual = DEFAULT_SCENARIO[choice.file.profile]
    scenario = scenario or usual
    loaded = load_scenario(find_scenario(scenario), days=None, runbooks=RUNBOOKS_FOLDER)
    refuse_another_profile(loaded, choice.file.profile, place=scenario)
    environment = environment_of_processes(environment, choice.server_needs).name
    log = _empty(log or DEFAULT_OUT / "target-check" / f"{folder.resolve().name}.log")
    if choice.file.database.migrate is not None:
        most = choice.file.database.migrate_seconds
        console.print(f"… its migrations run first, and may take up to {most} s (migrate_seconds)", highlight=False)
    wrong: list[str] = []
    looked = time.monotonic()
    for finding in try_target(choice, scenario=loaded, environment=environment, log=log):
        took, looked = time.monotonic() - looked, time.monotonic()
        if finding.wrong is not None:
            wrong.append(finding.piece)
        mark, said = ("[green]✓[/]", finding.said) if finding.wrong is None else ("[red]✗[/]", finding.wrong)
        console.print(f"{mark} {finding.piece:<24} {took:5.1f} s  {escape(said)}", highlight=False, soft_wrap=True)
    if wrong and log.stat().st_size:
        console.print("the backend's last lines:", highlight=False)
        for line in last_lines(log, _LAST_LINES):
            console.print(f"  {escape(line)}", highlight=False, soft_wrap=True)
    again = command("target", "check", folder) if scenario == usual else command(
        "target", "check", folder, "--scenario", scenario
    )  # fmt: skip
    run = command("run", scenario, "--target", folder)
    step = f"mend {wrong[0]!r} first: what comes after it may follow from it. Then: {again}" if wrong else run
    console.print(f"  log   {escape(str(log))}\n  next  {escape(step)}", highlight=False, soft_wrap=True)
    return 1 if wrong else 0


def _empty(log: Path) -> Path:
    """:raises UsageError: it cannot be written."""
    try:
        log.parent.mkdir(parents=True, exist_ok=True)
        log.write_bytes(b"")
    except OSError as error:
        raise UsageError(
            place=str(log), problem=f"cannot be written: {error.strerror}", remedy="name a file by --log"
        ) from error
    return log.resolve()
