"""``simulate run``: read everything, refuse what is wrong, run, print the verdict."""

from __future__ import annotations

from pathlib import Path

import click
from rich.console import Console
from rich.markup import escape

from simulation.assembly.request import prepare
from simulation.cli.options import Names, TargetFolder, environment_option, out_option, seal_option
from simulation.cli.output import print_verdict
from simulation.errors import UsageError
from simulation.paths import DEFAULT_SCENARIO
from simulation.progress import Live, Plain, Progress, Silent
from simulation.proof.campaign.draws import Way, redraw
from simulation.proof.determinism import check_twice
from simulation.run import own_files
from simulation.run import run as run_scenario
from simulation.scenario.file import available_scenarios
from simulation.scenario.model import Scenario
from simulation.sealing.keys import load_private_key
from simulation.sealing.seal import seal

_NOT_DETERMINISTIC = 1


@click.command()
@click.argument("scenario", type=Names(available_scenarios), default=DEFAULT_SCENARIO)
@click.option(
    "--seed", type=int, default=1, show_default=True, help="Draws people, scores, and moments. Same seed, same history."
)
@click.option(
    "--days", type=click.IntRange(1, 366), default=None, help="Simulated days instead of the scenario's own number."
)
@click.option(
    "--faults",
    "plan_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="Run a stored faults.json instead of the scenario's faults.",
)
@environment_option("embedded", "containers", "compose")
@out_option("Where run directories go.")
@click.option(
    "--target",
    type=TargetFolder(),
    default=None,
    help="A folder with target.toml: run that backend instead of the staging platform that comes along.",
)
@click.option("--swarm", is_flag=True, help="Draw the faults from the whole catalogue by the seed instead.")
@click.option(
    "--draw",
    type=click.Choice(["several", "meeting", "covering"]),
    default=None,
    help="Draw them by the seed in a way that reaches further: several of a kind; those that meet at one payment; rows"
    " of a covering array.",
)
@click.option(
    "--twice", is_flag=True, help="Run it again in another process and show the first event where the histories part."
)
@seal_option
@click.option("--quiet", is_flag=True, help="Print the verdict's one line only.")
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON on standard output.")
def run(
    scenario: str,
    seed: int,
    days: int | None,
    plan_file: Path | None,
    environment: str,
    out: Path,
    target: Path | None,
    swarm: bool,
    draw: Way | None,
    twice: bool,
    seal_key: Path | None,
    quiet: bool,
    as_json: bool,
) -> int:
    """Run SCENARIO (a name from `simulate scenarios`, or a YAML file) and judge it."""
    if swarm and draw is not None:
        raise UsageError(
            place="--swarm", problem=f"draws the faults, and so does --draw {draw}", remedy="say one of them"
        )
    key = None if seal_key is None else load_private_key(seal_key)
    request = prepare(
        scenario=scenario,
        seed=seed,
        days=days,
        plan_file=plan_file,
        environment=environment,
        out=out,
        target=target,
        swarmed=swarm,
        redraw=None if draw is None else redraw(draw),
    )
    console = Console(stderr=True)
    progress = _progress(request.scenario, console, silent=quiet or as_json)
    try:
        result = run_scenario(request, progress)
    finally:
        if isinstance(progress, Live):
            progress.close()
    if key is not None:
        seal(result.directory, key)
    if as_json:
        click.echo(result.verdict.to_json(), nl=False)
    elif quiet:
        click.echo(f"{result.verdict.outcome} {result.directory.report}")
    else:
        print_verdict(result.report, result.directory.report)
    if twice:
        difference = check_twice(result.directory, asked=own_files(result.directory, request))
        if difference is not None:
            said = f"[bold red]✗[/] not deterministic: {escape(str(difference))}"
            console.print(said, highlight=False, soft_wrap=True)
            return _NOT_DETERMINISTIC
    return result.verdict.exit_code


def _progress(scenario: Scenario, console: Console, *, silent: bool) -> Progress:
    if silent:
        return Silent()
    kind = Live if console.is_terminal else Plain
    return kind(start=scenario.start, days=scenario.days, console=console)
