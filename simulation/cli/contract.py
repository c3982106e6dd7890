"""``simulate contract``: hold what a run wrote against a contract, as it stands in a folder now."""

from __future__ import annotations

from pathlib import Path

import click

from simulation.checks.conformance.report import contract_report
from simulation.cli.options import TargetFolder
from simulation.run_directory import RunDirectory
from simulation.stored_run import stored_history
from simulation.targets.process.loader import contract_of


@click.command()
@click.argument("run_dir", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option(
    "--target",
    "folder",
    type=TargetFolder(),
    default=None,
    help="A target folder with contract.yaml or contract/: judge by that one, as it is now.",
)
@click.option("--most", type=click.IntRange(1), default=20, show_default=True, help="Complaints to print.")
def contract(run_dir: Path, folder: Path | None, most: int) -> int:
    """Hold what the platform wrote in RUN_DIR against its contract, and say how much of it the contract covers.

    Without --target: by the contract that the run had. With it, a contract can be written without running again.
    """
    declared = None if folder is None else contract_of(folder)
    report = contract_report(stored_history(RunDirectory.stored(run_dir)), declared)
    click.echo(report.text(most=most))
    return report.exit_code
