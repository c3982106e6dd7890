"""What ``simulate crashpoints`` shows and stores: a row for each transaction and call, and each finding below."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

from rich.table import Table

from simulation.errors import command
from simulation.proof.crashpoints.kill import Ending
from simulation.run_directory import RunDirectory

_OUTCOMES = ("survived", "turned away", "escalated", "wrong", "not met")


def table_of(endings: Sequence[Ending]) -> Table:
    """By transaction: how many places, and how many of them ended in each way."""
    table = Table(box=None, pad_edge=False)
    table.add_column("transaction → tables it writes, or ⇢ call", overflow="fold")
    for heading in ("places", *_OUTCOMES):
        table.add_column(heading, justify="right")
    for row in dict.fromkeys(ending.point.row for ending in endings):
        counted: Counter[str] = Counter(ending.outcome for ending in endings if ending.point.row == row)
        table.add_row(row, str(counted.total()), *(str(counted[outcome] or "") for outcome in _OUTCOMES))
    total: Counter[str] = Counter(ending.outcome for ending in endings)
    table.add_section()
    table.add_row("all", str(total.total()), *(str(total[outcome]) for outcome in _OUTCOMES))
    return table


def findings_of(endings: Sequence[Ending], *, seed: int) -> list[str]:
    """A paragraph for each place that went wrong or was not met: what was found, and how to see it again."""
    return [
        "\n".join(
            (
                f"{ending.outcome}: {ending.point.row}, {ending.point.where}",
                *(f"  {finding}" for finding in ending.findings),
                f"  report {ending.directory}/report.html",
                f"  again: {command(*RunDirectory(path=ending.directory).again(seed=seed))}",
            )
        )
        for ending in endings
        if ending.directory is not None
    ]


def write_json(file: Path, endings: Sequence[Ending]) -> None:
    """Every place with its ending, for programs."""
    rows = [
        {
            "transaction": ending.point.row,
            "place": ending.point.where,
            "fault": ending.point.fault.model_dump(mode="json"),
            "outcome": ending.outcome,
            "findings": list(ending.findings),
        }
        for ending in endings
    ]
    file.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
