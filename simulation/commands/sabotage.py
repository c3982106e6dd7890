"""``simulate sabotage``: plant defects, see whether the jury names them, and print the matrix."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.table import Table

from simulation.errors import EnvironmentFault
from simulation.run_directory import RunDirectory
from simulation.sabotage.campaign import carry_out
from simulation.sabotage.catalogue import CATALOGUE, chosen
from simulation.sabotage.matrix import matrix_of
from simulation.sabotage.report_html import render_html
from simulation.sabotage.report_matrix import Matrix
from simulation.sabotage.report_terminal import legend, table_of, totals_of
from simulation.sabotage.trial import Trial

_FIRST_SEED = 1
_WIDTH = 140
"""Columns where there is no terminal to fit."""


def sabotage_command(names: Sequence[str], *, everything: bool, seeds: int, jobs: int | None, out: Path) -> int:
    """0: everything was caught by name and every control passed; 1: not so; 2: a defect could not be tried here.

    Without names: lists the catalogue.
    """
    if not names and not everything:
        Console().print(_listing())
        return 0
    entries = chosen(() if everything else names)
    folder = RunDirectory.create(out=out, scenario="sabotage", seed=_FIRST_SEED).path
    console = Console(stderr=True)
    campaign = carry_out(
        entries,
        seeds=range(_FIRST_SEED, _FIRST_SEED + seeds),
        jobs=jobs or len(os.sched_getaffinity(0)),
        out=folder / "runs",
        told=lambda trial: console.print(_progress(trial), highlight=False),
    )
    matrix = matrix_of(campaign)
    file = _write(folder, matrix)
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
