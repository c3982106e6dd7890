"""The matrix of a campaign as data: rows are defects, columns are checks, plain enough for JSON, terminal and page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Literal

from pydantic import BaseModel, ConfigDict

from simulation.checks.criteria import RULES

Cell = Literal["named", "silent", "beside", ""]
"""An expected check that found the defect; an expected one that did not; another one that did; nothing."""


class MatrixRow(BaseModel):
    """One defect with one seed."""

    model_config = ConfigDict(frozen=True)

    name: str
    family: str
    how: str
    breaks: str
    origin: str
    scenario: str
    seed: int
    outcome: str
    result: str
    triggers: int
    cells: Mapping[str, Cell]
    first_words: str
    """The message of the first named check that caught it."""
    detection_seconds: int | None
    wall_seconds: float
    again: str
    """The command that reproduces it."""
    report: str = ""
    """Of its run, seen from the matrix, where it was not caught as it must be."""


class Control(BaseModel):
    model_config = ConfigDict(frozen=True)

    scenario: str
    seed: int
    outcome: str
    wall_seconds: float
    report: str = ""


class Matrix(BaseModel):
    """A whole campaign.

    ``columns``: checks in the order of the jury's catalogue. ``untried``: defect → why this machine cannot try it.
    """

    model_config = ConfigDict(frozen=True)

    columns: tuple[str, ...]
    rows: tuple[MatrixRow, ...]
    controls: tuple[Control, ...]
    untried: Mapping[str, str] = {}

    @property
    def totals(self) -> Mapping[str, int]:
        """Rows by result."""
        return Counter(row.result for row in self.rows)

    @property
    def caught(self) -> int:
        return self.totals.get("caught", 0)

    @property
    def controls_passed(self) -> int:
        return sum(control.outcome == "pass" for control in self.controls)

    @property
    def good(self) -> bool:
        return self.caught == len(self.rows) and self.controls_passed == len(self.controls)

    @property
    def families(self) -> Mapping[str, Sequence[MatrixRow]]:
        grouped: dict[str, list[MatrixRow]] = {}
        for row in self.rows:
            grouped.setdefault(row.family, []).append(row)
        return grouped

    @property
    def caught_by(self) -> Mapping[str, int]:
        """Check → defects that it, as named, caught."""
        return {name: sum(row.cells.get(name) == "named" for row in self.rows) for name in self.columns}

    @property
    def criteria(self) -> Sequence[tuple[str, int]]:
        """Failure criterion of the specification → defects that turn it red."""
        return [
            (rule.text, sum(any(row.cells.get(name) == "named" for name in rule.checks) for row in self.rows))
            for rule in RULES
            if rule.section == "failure"
        ]

    @property
    def slowest_wall_seconds(self) -> float:
        return max((row.wall_seconds for row in self.rows), default=0.0)
