"""``simulate check`` and ``postmortem``: a stored history, judged again and told."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import click

from simulation.checks.verdict import EXIT_CODES, Verdict, judge
from simulation.cli.options import TargetFolder
from simulation.cli.output import print_verdict
from simulation.reporting.record import with_record
from simulation.reporting.view import build_report
from simulation.reporting.write import POSTMORTEM, postmortem_of, write_report
from simulation.run_directory import RunDirectory
from simulation.sealing.folder import is_sealed
from simulation.stored_run import contradictions, other_words, refuse_contradictions, stored_history, stored_verdict
from simulation.targets.process.loader import contract_of
from simulation.untrusted import printable

_RUN_DIR = click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))


@click.command()
@_RUN_DIR
@click.option("--json", "as_json", is_flag=True, help="Print the verdict as JSON on standard output.")
@click.option(
    "--target",
    "folder",
    type=TargetFolder(),
    default=None,
    help="A target folder with contract.yaml or contract/: judge by that contract, as it is now; nothing is written.",
)
def check(run_dir: Path, as_json: bool, folder: Path | None) -> int:
    """Judge the history stored in RUN_DIR again and rewrite its report. Needs no platform and no database.

    Says where files of RUN_DIR contradict each other, since one of them was changed: such a run never passes, and
    nothing is written. Nor is anything written in a sealed folder.
    """
    directory = RunDirectory.stored(run_dir)
    history, before = stored_history(directory), stored_verdict(directory)
    changed = contradictions(directory, history, before)
    verdict = judge(history, contract=None if folder is None else contract_of(folder))
    verdict = verdict if changed is None else _doubted(verdict)
    if before is not None and before.outcome != verdict.outcome:
        click.echo(f"! verdict.json says {printable(before.outcome)}; judged now, it is {verdict.outcome}", err=True)
    if changed is not None:
        click.echo(f"! {changed}\n  nothing is written", err=True)
    elif is_sealed(directory):
        click.echo(f"! {directory.path} is sealed: nothing is written there", err=True)
    report = build_report(history, verdict, folder=directory.shown)
    verdict = with_record(verdict, report)
    if changed is None:
        for said in other_words(before, verdict):
            click.echo(f"! {said}", err=True)
        if folder is None and not is_sealed(directory):
            write_report(directory.path, history, verdict)
    if as_json:
        click.echo(verdict.to_json(), nl=False)
    else:
        print_verdict(report, RunDirectory(path=run_dir).report)
    return verdict.exit_code


@click.command()
@_RUN_DIR
def postmortem(run_dir: Path) -> int:
    """Print the postmortem of the run in RUN_DIR, filled in. Write it there as postmortem.md if there is none yet.

    In a sealed folder nothing is written.
    """
    directory = RunDirectory.stored(run_dir)
    history = stored_history(directory)
    refuse_contradictions(directory, history, stored_verdict(directory))
    text = postmortem_of(build_report(history, judge(history), folder=directory.shown), history)
    click.echo(_kept(directory, text), err=True)
    click.echo(text, nl=False)
    return 0


def _doubted(verdict: Verdict) -> Verdict:
    """Of a history that was changed, or whose other files were: nobody knows whether it is what happened."""
    return (
        replace(verdict, outcome="unknown", exit_code=EXIT_CODES["unknown"]) if verdict.outcome == "pass" else verdict
    )


def _kept(directory: RunDirectory, text: str) -> str:
    """Write the postmortem where there is none: people may have written in the one that is there."""
    file = directory.path / POSTMORTEM
    if is_sealed(directory):
        return f"not written, since the folder is sealed: {file}"
    if directory.write(POSTMORTEM, text, keep=True):
        return f"written: {file}"
    return f"kept as it is, people may have written in it: {file}; what follows on standard output is fresh"
