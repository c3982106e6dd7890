"""``simulate run``, ``gate``, ``check``, ``postmortem``: run a scenario, and judge it."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from simulation.cli.options import environment_option, out_option
from simulation.paths import DEFAULT_SCENARIO


@click.command()
@click.argument("scenario", default=DEFAULT_SCENARIO)
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
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="A folder with target.toml: run that backend instead of the staging platform that comes along.",
)
@click.option("--swarm", is_flag=True, help="Draw the faults from the whole catalogue by the seed instead.")
@click.option(
    "--twice", is_flag=True, help="Run it again in another process and show the first event where the histories part."
)
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
    twice: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Run SCENARIO (a name from `simulate scenarios`, or a YAML file) and judge it."""
    from simulation.commands.run import run_command

    sys.exit(
        run_command(
            scenario=scenario,
            seed=seed,
            days=days,
            plan_file=plan_file,
            environment=environment,
            out=out,
            target=target,
            swarm=swarm,
            twice=twice,
            quiet=quiet,
            as_json=as_json,
        )
    )


@click.command()
@click.argument("scenario", default=DEFAULT_SCENARIO)
@click.option("--seeds", default="1-5", show_default=True, help="Which seeds, as in 1-5,9.")
@environment_option("containers", "compose")
@out_option("Where run directories and the gate's own go.")
@click.option("--quiet", is_flag=True, help="No progress lines.")
def gate(scenario: str, seeds: str, environment: str, out: Path, quiet: bool) -> None:
    """Run SCENARIO for several seeds; exit with the worst verdict. Needs containers and stripe-mock."""
    from simulation.commands.gate import GateRequest, gate_command, parse_seeds

    request = GateRequest(scenario=scenario, seeds=parse_seeds(seeds), environment=environment, out=out, quiet=quiet)
    sys.exit(gate_command(request))


@click.command()
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON on standard output.")
def check(run_dir: Path, as_json: bool) -> None:
    """Judge the history stored in RUN_DIR again and rewrite its report. Needs no platform and no database."""
    from simulation.commands.check import check_command

    sys.exit(check_command(run_dir, as_json=as_json))


@click.command()
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
def postmortem(run_dir: Path) -> None:
    """Print the postmortem of the run in RUN_DIR, filled in; write it there as postmortem.md if there is none yet."""
    from simulation.commands.postmortem import postmortem_command

    sys.exit(postmortem_command(run_dir))
