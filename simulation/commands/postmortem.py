"""``simulate postmortem``: the postmortem of a stored run, filled in as far as a history can tell."""

from __future__ import annotations

from pathlib import Path

import click

from simulation.checks.verdict import judge
from simulation.commands.check import stored_history
from simulation.errors import EnvironmentFault
from simulation.reporting.view import build_report
from simulation.reporting.write import POSTMORTEM, postmortem_of


def postmortem_command(run_dir: Path) -> int:
    """Print it, and write ``postmortem.md`` where there is none: people may have written in the one that is there.

    :raises UsageError: no run's folder. :raises EnvironmentFault: it cannot be written.
    """
    history = stored_history(run_dir)
    text = postmortem_of(build_report(history, judge(history)), history)
    file = run_dir / POSTMORTEM
    try:
        with open(file, "x", encoding="utf-8") as new:
            new.write(text)
        said = f"written: {file}"
    except FileExistsError:
        said = f"kept as it is, people may have written in it: {file}; what follows on standard output is fresh"
    except OSError as error:
        raise EnvironmentFault(
            problem=f"{file} cannot be written: {error.strerror or error}", remedy="make room or make it writable"
        ) from error
    click.echo(said, err=True)
    click.echo(text, nl=False)
    return 0
