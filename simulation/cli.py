"""The command line. Exit codes: 0 pass, 1 fail, 2 unknown, 254 wrong usage, 255 the harness itself broke."""

from __future__ import annotations

import errno
import signal
import sys
from pathlib import Path
from types import FrameType
from typing import NoReturn

import click
from rich.console import Console

from simulation.errors import SimulationError
from simulation.run_directory import DEFAULT_OUT
from simulation.runbook_cli import runbook
from simulation.target_cli import target

DEFAULT_SCENARIO = "founder_absence_14d"
_NO_ROOM = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
_DISK_FULL = "53100"
"""PostgreSQL's code for it."""
_INTERRUPTED = 130
_TERMINATED = 143


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
def cli() -> None:
    """Prove that a money-moving contest platform survives days in which nobody touches it.

    A run simulates players, Stripe, the score provider and an operator around a real platform with a real
    PostgreSQL, injects faults, and has a jury judge what happened from independent records.

    \b
    simulate run                     14 founderless days; a verdict in one screen and a report
    simulate run smoke_2d            two days, one contest, seconds
    simulate run --seed 7            another history of the same scenario
    simulate check RUN_DIR           judge a stored history again
    simulate postmortem RUN_DIR      what happened, why, what we changed: filled in from a run
    simulate gate --seeds 1-5        the nightly gate: several seeds, in containers, with stripe-mock
    simulate runbook test            every runbook carried out in three ways; runbook lint: its text
    simulate sabotage --all          plant every defect and see the jury name it
    simulate staging up              the platform alone, to follow runbooks by hand
    simulate target init DIR         describe a backend of your own
    simulate scenarios               what can be run
    simulate doctor                  what this machine has and lacks

    Exit codes: 0 pass, 1 fail, 2 unknown, 254 wrong usage, 255 the harness itself broke.
    """


@cli.command()
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
@click.option(
    "--environment",
    type=click.Choice(["auto", "embedded", "containers", "compose"]),
    default="auto",
    show_default=True,
    help="Where PostgreSQL and stripe-mock come from.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_OUT,
    show_default=True,
    help="Where run directories go.",
)
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


@cli.command()
@click.argument("scenario", default=DEFAULT_SCENARIO)
@click.option("--seeds", default="1-5", show_default=True, help="Which seeds, as in 1-5,9.")
@click.option(
    "--environment",
    type=click.Choice(["auto", "containers", "compose"]),
    default="auto",
    show_default=True,
    help="Where PostgreSQL and stripe-mock come from.",
)
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_OUT,
    show_default=True,
    help="Where run directories and the gate's own go.",
)
@click.option("--quiet", is_flag=True, help="No progress lines.")
def gate(scenario: str, seeds: str, environment: str, out: Path, quiet: bool) -> None:
    """Run SCENARIO for several seeds; exit with the worst verdict. Needs containers and stripe-mock."""
    from simulation.commands.gate import GateRequest, gate_command, parse_seeds

    request = GateRequest(scenario=scenario, seeds=parse_seeds(seeds), environment=environment, out=out, quiet=quiet)
    sys.exit(gate_command(request))


@cli.command()
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON on standard output.")
def check(run_dir: Path, as_json: bool) -> None:
    """Judge the history stored in RUN_DIR again and rewrite its report. Needs no platform and no database."""
    from simulation.commands.check import check_command

    sys.exit(check_command(run_dir, as_json=as_json))


@cli.command()
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
def postmortem(run_dir: Path) -> None:
    """Print the postmortem of the run in RUN_DIR, filled in; write it there as postmortem.md if there is none yet."""
    from simulation.commands.postmortem import postmortem_command

    sys.exit(postmortem_command(run_dir))


@cli.command()
@click.argument("names", nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every defect of the catalogue.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=1, show_default=True, help="Seeds 1 to N for each.")
@click.option("--jobs", type=click.IntRange(1, 64), default=None, help="Runs at a time instead of one a core.")
@click.option(
    "--out",
    type=click.Path(file_okay=False, path_type=Path),
    default=DEFAULT_OUT,
    show_default=True,
    help="Where the matrix and the run directories go.",
)
def sabotage(names: tuple[str, ...], everything: bool, seeds: int, jobs: int | None, out: Path) -> None:
    """Plant the defects NAMES, each in a run of its own, and see whether the checks named for them find them.

    Without NAMES and --all: lists the catalogue. Exit code 1: a defect was missed, found only by a check that was not
    named for it, never had its chance, or the same run without it did not pass.
    """
    from simulation.commands.sabotage import sabotage_command

    sys.exit(sabotage_command(names, everything=everything, seeds=seeds, jobs=jobs, out=out))


@cli.command()
@click.argument("scenario", default="smoke_2d")
@click.option("--seeds", type=click.IntRange(1, 1000), default=20, show_default=True, help="Seeds 1 to N.")
@click.option("--load", is_flag=True, help="Keep every core busy meanwhile.")
def determinism(scenario: str, seeds: int, load: bool) -> None:
    """Run SCENARIO twice for each seed, with different hash seeds, and show where two histories part first."""
    from simulation.commands.determinism import determinism_command

    sys.exit(determinism_command(scenario, seeds=seeds, load=load))


@cli.group()
def staging() -> None:
    """The staging platform on this machine, for people: to look at, and to follow runbooks by hand."""


@staging.command("up")
@click.option("--scenario", default="smoke_2d", show_default=True, help="What happens around the platform.")
@click.option("--until", default=None, help="Live through the scenario up to this moment first: 'day 1 12:00'.")
@click.option("--seed", type=int, default=1, show_default=True, help="Draws people, scores, and moments.")
@click.option(
    "--clock",
    type=click.Choice(["real", "simulated"]),
    default="real",
    show_default=True,
    help="real: the scenario's moment is now. simulated: time stands still until 'sleep' in its shell lets it pass.",
)
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Of the platform; any free one by default.")
@click.option(
    "--environment",
    type=click.Choice(["auto", "embedded", "containers", "compose"]),
    default="auto",
    show_default=True,
    help="Where PostgreSQL comes from.",
)
def staging_up(scenario: str, until: str | None, seed: int, clock: str, port: int, environment: str) -> None:
    """Bring the platform up with its database, Stripe twin and score provider on loopback, until Ctrl-C."""
    from simulation.commands.staging import staging_up_command

    sys.exit(
        staging_up_command(scenario=scenario, until=until, seed=seed, clock=clock, port=port, environment=environment)
    )


@staging.command("shell")
@click.option("--port", type=int, default=None, help="Of the platform, where several are up; else the latest.")
def staging_shell(port: int | None) -> None:
    """A shell in front of the platform that is up: addresses and admin token set, on the platform's clock."""
    from simulation.commands.staging import staging_shell_command

    staging_shell_command(port=port)


_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)


@cli.group()
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


@cli.group()
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


@cli.command()
def scenarios() -> None:
    """List the scenarios that come with the project."""
    from simulation.commands.scenarios import scenarios_command

    sys.exit(scenarios_command())


@cli.command()
def doctor() -> None:
    """Say what is here, what is missing, and what to do about it."""
    from simulation.commands.doctor import doctor_command

    sys.exit(doctor_command())


cli.add_command(runbook)
cli.add_command(target)


def main() -> NoReturn:
    """Entry point. A wrong option is wrong usage (254); Ctrl-C and kill unwind, so that nothing is left running."""
    signal.signal(signal.SIGTERM, _terminate)
    errors = Console(stderr=True)
    try:
        cli.main(standalone_mode=False)
    except click.exceptions.Exit as done:
        sys.exit(done.exit_code)
    except click.ClickException as error:
        error.show()
        sys.exit(254)
    except (click.Abort, KeyboardInterrupt):
        errors.print("interrupted; everything that was started is stopped", highlight=False)
        sys.exit(_INTERRUPTED)
    except SimulationError as error:
        errors.print(f"[bold red]✗[/] {_escaped(str(error))}", highlight=False, soft_wrap=True)
        sys.exit(error.exit_code)
    except SystemExit:
        raise
    except Exception as error:
        _broke(errors, error)
    sys.exit(0)


def _broke(errors: Console, error: Exception) -> NoReturn:
    """A full disk is said in a sentence; of an error that nobody foresaw, all is shown to whoever mends the harness."""
    said = _no_room(error)
    if said is not None:
        errors.print(f"[bold red]✗[/] {_escaped(said)}", highlight=False, soft_wrap=True)
    else:
        errors.print_exception(show_locals=False)
        errors.print("the harness itself broke; this says nothing about the platform", highlight=False)
    sys.exit(255)


def _no_room(error: BaseException | None) -> str | None:
    """What to do when the error, or what it came from, is a disk without room."""
    while error is not None:
        if isinstance(error, OSError) and error.errno in _NO_ROOM:
            return (
                f"the run cannot be written: {error.strerror}\n"
                "  remedy: free some disk space, or name a folder that has room: --out DIR"
            )
        if getattr(error, "sqlstate", None) == _DISK_FULL:
            return (
                f"PostgreSQL has no room left: {error}\n"
                "  remedy: free some disk space or memory, or set TMPDIR to a folder that has room"
            )
        error = error.__cause__ or error.__context__
    return None


def _escaped(text: str) -> str:
    from rich.markup import escape

    return escape(text)


def _terminate(_signal: int, _frame: FrameType | None) -> NoReturn:
    sys.stderr.write("terminated; everything that was started is being stopped\n")
    sys.exit(_TERMINATED)


if __name__ == "__main__":
    main()
