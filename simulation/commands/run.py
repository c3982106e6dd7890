"""``simulate run``: read everything, refuse what is wrong, run, print the verdict."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from simulation.assembly.request import prepare
from simulation.commands.output import print_verdict
from simulation.progress import Live, Plain, Progress, Silent
from simulation.proof.determinism import check_twice
from simulation.run import run
from simulation.scenario.model import Scenario

_NOT_DETERMINISTIC = 1


def run_command(
    *,
    scenario: str,
    seed: int,
    days: int | None,
    plan_file: Path | None,
    environment: str,
    out: Path,
    target: Path | None = None,
    swarm: bool,
    twice: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Returns the exit code of the verdict."""
    request = prepare(
        scenario=scenario,
        seed=seed,
        days=days,
        plan_file=plan_file,
        environment=environment,
        out=out,
        target=target,
        swarmed=swarm,
    )
    console = Console(stderr=True)
    progress = _progress(request.scenario, console, silent=quiet or as_json)
    try:
        result = run(request, progress)
    finally:
        if isinstance(progress, Live):
            progress.close()
    if as_json:
        click.echo(result.verdict.to_json(), nl=False)
    elif quiet:
        click.echo(f"{result.verdict.outcome} {result.directory.report}")
    else:
        print_verdict(result.report, result.directory.report)
    if twice and (difference := check_twice(result.directory, seed=seed)) is not None:
        console.print(f"[bold red]✗[/] not deterministic: {escape(str(difference))}", highlight=False, soft_wrap=True)
        return _NOT_DETERMINISTIC
    return result.verdict.exit_code


def _progress(scenario: Scenario, console: Console, *, silent: bool) -> Progress:
    if silent:
        return Silent()
    kind = Live if console.is_terminal else Plain
    return kind(start=scenario.start, days=scenario.days, console=console)
