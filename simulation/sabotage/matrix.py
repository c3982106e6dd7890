"""A campaign as the matrix that people and machines read."""

from __future__ import annotations

from simulation.checks.catalogue import CHECKS
from simulation.errors import command
from simulation.sabotage.campaign import Campaign
from simulation.sabotage.registry import HOW
from simulation.sabotage.report_matrix import Cell, Control, Matrix, MatrixRow
from simulation.sabotage.ruling import Ruling


def matrix_of(campaign: Campaign) -> Matrix:
    return Matrix(
        columns=tuple(check.name for check in CHECKS),
        rows=tuple(_row(ruling) for ruling in campaign.rulings),
        controls=tuple(
            Control(
                scenario=trial.scenario,
                seed=trial.seed,
                outcome=trial.outcome,
                wall_seconds=trial.wall_seconds,
                report=trial.report,
            )
            for trial in campaign.controls
        ),
        untried=campaign.untried,
    )


def _row(ruling: Ruling) -> MatrixRow:
    entry, trial = ruling.sabotage, ruling.trial
    first = next((trial.seen[check] for check in ruling.named), None)
    return MatrixRow(
        name=entry.name,
        family=entry.family,
        how=HOW[entry.how],
        breaks=entry.breaks,
        origin=entry.origin,
        scenario=entry.scenario,
        seed=trial.seed,
        outcome=trial.outcome,
        result=ruling.result,
        triggers=len(trial.triggers),
        cells=_cells(ruling),
        first_words=(first.message or first.doubt or "") if first else trial.broke_off or "",
        detection_seconds=None if ruling.detection is None else int(ruling.detection.total_seconds()),
        wall_seconds=round(trial.wall_seconds, 1),
        again=command("sabotage", entry.name, *(("--seeds", trial.seed) if trial.seed > 1 else ())),
        report=trial.report,
    )


def _cells(ruling: Ruling) -> dict[str, Cell]:
    cells: dict[str, Cell] = dict.fromkeys(ruling.others, "beside")
    cells.update(dict.fromkeys(ruling.silent, "silent"))
    cells.update(dict.fromkeys(ruling.named, "named"))
    return cells
