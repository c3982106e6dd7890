"""``simulate sabotage``: plant defects, see whether the jury names them, and print the matrix."""

from __future__ import annotations

import os
from pathlib import Path
from typing import get_args

import click
from rich.console import Console
from rich.table import Table

from simulation.cli.options import Names, jobs_option, out_option
from simulation.errors import EnvironmentFault
from simulation.run_directory import RunDirectory
from simulation.sabotage.campaign import carry_out
from simulation.sabotage.catalogue import CATALOGUE, chosen
from simulation.sabotage.matrix import matrix_of
from simulation.sabotage.registry import Family
from simulation.sabotage.report_html import render_html
from simulation.sabotage.report_matrix import Matrix
from simulation.sabotage.report_terminal import legend, table_of, totals_of
from simulation.sabotage.trial import Trial

_FIRST_SEED = 1
_WIDTH = 140
"""Columns where there is no terminal to fit."""


@click.command()
@click.argument("names", type=Names(lambda: CATALOGUE), nargs=-1)
@click.option("--all", "everything", is_flag=True, help="Every defect of the catalogue.")
@click.option("--family", type=click.Choice(get_args(Family)), default=None, help="Every defect of a family.")
@click.option("--seeds", type=click.IntRange(1, 1000), default=1, show_default=True, help="Seeds 1 to N for each.")
@click.option(
    "--swarm", is_flag=True, help="Draw the faults by the seed: not every defect finds its chance among them."
)
@jobs_option
@out_option("Where the matrix and the run directories go.")
def sabotage(
    names: tuple[str, ...],
    everything: bool,
    family: Family | None,
    seeds: int,
    swarm: bool,
    jobs: int | None,
    out: Path,
) -> int:
    """Plant the defects NAMES and see whether the checks named for them find them. Each in a run of its own.

    Without NAMES, --family and --all: lists the catalogue. Exit code 1: a defect was missed, found only by a check that
    was not named for it, never had its chance, or the same run without it did not pass. 2: one could not be tried here.
    """
    names += tuple(entry.name for entry in CATALOGUE.values() if entry.family == family)
    if not names and not everything:
        Console().print(_listing())
        return 0
    entries = chosen(() if everything else names)
    directory = RunDirectory.create(out=out, scenario="sabotage", seed=_FIRST_SEED)
    console = Console(stderr=True)
    campaign = carry_out(
        entries,
        seeds=range(_FIRST_SEED, _FIRST_SEED + seeds),
        workers=jobs or len(os.sched_getaffinity(0)),
        out=directory.path / "runs",
        swarmed=swarm,
        told=lambda trial: console.print(_progress(trial), highlight=False),
    )
    matrix = matrix_of(campaign)
    file = _write(directory.path, matrix)
    directory.become_latest()
    output = Console(width=None if console.is_terminal else _WIDTH)
    for part in (table_of(matrix), legend(), totals_of(matrix)):
        output.print(part)
    output.print(f"matrix  {file}", highlight=False, soft_wrap=True)
    if not campaign.good:
        return 1
    return 2 if campaign.untried else 0


def _listing() -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("sabotage", "family", "scenario", "what it breaks"):
        table.add_column(heading, overflow="fold")
    for entry in CATALOGUE.values():
        table.add_row(entry.name, entry.family, entry.scenario, entry.breaks)
    return table


def _progress(trial: Trial) -> str:
    name = trial.sabotage or f"(control) {trial.scenario}"
    return f"{name:50} seed {trial.seed}  {trial.outcome:8} {trial.wall_seconds:5.1f} s"


def _write(folder: Path, matrix: Matrix) -> Path:
    file = folder / "sabotage.html"
    try:
        file.write_text(render_html(matrix), encoding="utf-8")
        (folder / "sabotage.json").write_text(matrix.model_dump_json(indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(
            problem=f"cannot write {file}: {error.strerror}", remedy="name a folder that has room: --out DIR"
        ) from error
    return file
