"""``simulate closure``: whether the iteration may close."""

from __future__ import annotations

import signal
import subprocess
import sys
from pathlib import Path

import click
from rich.console import Console

from simulation.cli.options import out_option
from simulation.closure.absence import absence_gate, closing_run
from simulation.closure.gates import Closure
from simulation.closure.report import as_json, as_text, write_closure
from simulation.closure.runbooks import runbooks_gate
from simulation.closure.schema import schema_gate
from simulation.environment.process import die_with_parent
from simulation.environment.release import release
from simulation.errors import command
from simulation.paths import DEFAULT_SCENARIO, SCHEMA_SNAPSHOT

_LONG = {"simulation": ("run", "--quiet"), "of this commit": ("run", "--quiet"), "rehearsed": ("runbook", "test")}
"""Item → the command without a person's part that gives it."""


@click.command()
@click.option("--scenario", default=DEFAULT_SCENARIO, show_default=True, help="The simulation that has to pass.")
@click.option(
    "--run-dir",
    "named",
    type=click.Path(exists=True, file_okay=False, path_type=Path),
    default=None,
    help="The run that is to close it, instead of the newest.",
)
@click.option(
    "--snapshot",
    type=click.Path(dir_okay=False, path_type=Path),
    envvar="SNAPSHOT_FILE",
    default=SCHEMA_SNAPSHOT,
    help="The schema snapshot, if it is not fixtures/schema.snapshot.sql.",
)
@click.option("--iteration", default="06", show_default=True)
@click.option("--run", "lives", is_flag=True, help="Run the simulation and rehearse the runbooks first, if they lack.")
@out_option("Where runs and rehearsals are, and where the answer goes.")
@click.option("--json", "as_document", is_flag=True, help="Print the answer as JSON on standard output.")
def closure(
    scenario: str, named: Path | None, snapshot: Path, iteration: str, lives: bool, out: Path, as_document: bool
) -> int:
    """Say whether the iteration may close. By its three gates; names what is missing, with the command for it.

    \b
    06A  the table of runbook executions: schema snapshot, columns, indexes, append-only in a run
    06B  the runbooks: lint, three rehearsals of each, the seven checks of the promotion
    06C  the simulation: passed, as written, by this commit, every check verified, reviewed by people

    Lints, takes a schema, and judges the run's history anew; reads what `run`, `runbook test` and `promotion check`
    left under --out. Exit code 0: yes; 1: no; 2: something could not be looked at.
    """
    told = _asked(scenario, named, snapshot, iteration, out)
    if lives and (lacking := [item.name for item in told.items if item.state != "pass" and item.name in _LONG]):
        for words in dict.fromkeys(_LONG[name] for name in lacking):
            _carry_out((*words, *((scenario,) if words[0] == "run" else ()), "--out", str(out)))
        told = _asked(scenario, None, snapshot, iteration, out)
    folder = write_closure(out, told)
    if as_document:
        click.echo(as_json(told), nl=False)
    else:
        output = Console()
        output.print(as_text(told), highlight=False, soft_wrap=True, markup=False)
        output.print(f"\n{folder / 'summary.md'}", highlight=False, soft_wrap=True, markup=False)
    return told.exit_code


def _asked(scenario: str, named: Path | None, snapshot: Path, iteration: str, out: Path) -> Closure:
    of = release()
    run = closing_run(out, scenario=scenario, release=of, named=named)
    verdict = None if run is None else run.verdict
    gates = (
        schema_gate(snapshot, verdict, iteration=iteration),
        runbooks_gate(out, of),
        absence_gate(run, scenario=scenario, release=of),
    )
    return Closure(gates=gates, of=of)


def _carry_out(words: tuple[str, ...]) -> None:
    """A command of its own, whose result is then read like any other's."""
    Console(stderr=True).print(command(*words), highlight=False, soft_wrap=True, markup=False)
    child = subprocess.Popen(
        [sys.executable, "-m", "simulation", *words], preexec_fn=die_with_parent(signal.SIGTERM), stdout=sys.stderr
    )
    try:
        child.wait()
    except BaseException:  # whoever stops us stops it, and lets it clear up
        child.terminate()
        child.wait()
        raise
