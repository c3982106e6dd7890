"""What every part is computed from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.checks.evidence.case import Case
from simulation.events import Row
from simulation.history import History
from simulation.reporting.parts.directory import Directory
from simulation.reporting.times import Calendar


@dataclass(frozen=True, kw_only=True)
class ReportSource:
    """The history with what the jury derives from it, and the names and the calendar it is told in."""

    history: History
    case: Case
    names: Directory
    calendar: Calendar

    def rows(self, relation: str) -> Sequence[Row]:
        """Rows of a canonical relation; none when it was not observed."""
        return self.history.rows(relation) or ()
