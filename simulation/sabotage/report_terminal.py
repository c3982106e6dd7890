"""The matrix in a terminal: a line a defect, then the totals."""

from __future__ import annotations

from rich.table import Table
from rich.text import Text

from simulation.reporting.times import duration
from simulation.sabotage.report_matrix import Matrix, MatrixRow

_STYLES = {"caught": "green", "missed": "bold red", "unnamed": "bold red", "never triggered": "bold yellow"}
_NO_TIME = "–"


def table_of(matrix: Matrix) -> Table:
    """One line for each defect and seed."""
    table = Table(box=None, pad_edge=False)
    for heading in ("sabotage", "result", "caught by (named)", "missed by", "detected after"):
        table.add_column(heading, overflow="fold")
    for row in matrix.rows:
        table.add_row(
            row.name,
            Text(row.result, style=_STYLES.get(row.result, "bold red")),
            _checks(row, "named"),
            _checks(row, "silent"),
            _NO_TIME if row.detection_seconds is None else duration(row.detection_seconds),
        )
    return table


def legend() -> Text:
    return Text(
        "caught: every named check found it · unnamed: only others did · never triggered: it had no chance", style="dim"
    )


def totals_of(matrix: Matrix) -> Text:
    """The numbers that the README shows."""
    totals = matrix.totals
    text = Text()
    text.append(f"{matrix.caught} of {len(matrix.rows)} caught by name", style="green" if matrix.good else "bold red")
    for result in ("missed", "unnamed", "never triggered", "control failed"):
        text.append(f" · {totals.get(result, 0)} {result}")
    text.append(f" · controls {matrix.controls_passed} of {len(matrix.controls)} passed")
    for name, why in matrix.untried.items():
        text.append(f"\nnot tried: {name} ({why})", style="bold yellow")
    return text


def _checks(row: MatrixRow, kind: str) -> str:
    return ", ".join(name for name, cell in row.cells.items() if cell == kind)
