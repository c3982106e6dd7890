"""``simulate check`` and ``postmortem``: a stored history, judged again and told."""

from __future__ import annotations

from pathlib import Path

import click

from simulation.checks.verdict import judge
from simulation.cli.output import print_verdict
from simulation.errors import EnvironmentFault, UsageError
from simulation.history import History
from simulation.reporting.view import build_report
from simulation.reporting.write import POSTMORTEM, postmortem_of, write_report
from simulation.run_directory import RunDirectory

_RUN_DIR = click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.command()
@_RUN_DIR
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON on standard output.")
def check(run_dir: Path, as_json: bool) -> int:
    """Judge the history stored in RUN_DIR again and rewrite its report. Needs no platform and no database."""
    history = stored_history(run_dir)
    verdict = judge(history)
    report = write_report(run_dir, history, verdict)
    if as_json:
        click.echo(verdict.to_json(), nl=False)
    else:
        print_verdict(report, RunDirectory(path=run_dir).report)
    return verdict.exit_code


@click.command()
@_RUN_DIR
def postmortem(run_dir: Path) -> int:
    """Print the postmortem of the run in RUN_DIR, filled in. Write it there as postmortem.md if there is none yet."""
    history = stored_history(run_dir)
    text = postmortem_of(build_report(history, judge(history)), history)
    click.echo(_kept(run_dir / POSTMORTEM, text), err=True)
    click.echo(text, nl=False)
    return 0


def stored_history(run_dir: Path) -> History:
    """The history in a run's folder.

    :raises UsageError: it is no run's folder, or the history is damaged.
    """
    directory = RunDirectory(path=run_dir)
    if not directory.history.is_file():
        raise UsageError(
            place=str(run_dir), problem="there is no history.jsonl in it", remedy="name the folder of a run"
        )
    try:
        return History.load(directory.history)
    except ValueError as error:
        raise UsageError(
            place=str(directory.history), problem=str(error), remedy="the file was changed or is damaged; run again"
        ) from error


def _kept(file: Path, text: str) -> str:
    """Write the postmortem where there is none: people may have written in the one that is there."""
    try:
        with open(file, "x", encoding="utf-8") as new:
            new.write(text)
    except FileExistsError:
        return f"kept as it is, people may have written in it: {file}; what follows on standard output is fresh"
    except OSError as error:
        raise EnvironmentFault(
            problem=f"{file} cannot be written: {error.strerror or error}", remedy="make room or make it writable"
        ) from error
    return f"written: {file}"
