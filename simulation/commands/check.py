"""``simulate check``: judge a stored history again."""

from __future__ import annotations

from pathlib import Path

import click

from simulation.checks.verdict import judge
from simulation.commands.output import print_verdict
from simulation.errors import UsageError
from simulation.history import History
from simulation.reporting.write import write_report
from simulation.run_directory import RunDirectory


def check_command(run_dir: Path, *, as_json: bool) -> int:
    """Returns the exit code of the verdict; the report in ``run_dir`` is written anew."""
    history = stored_history(run_dir)
    verdict = judge(history)
    report = write_report(run_dir, history, verdict)
    if as_json:
        click.echo(verdict.to_json(), nl=False)
    else:
        print_verdict(report, RunDirectory(path=run_dir).report)
    return verdict.exit_code


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
