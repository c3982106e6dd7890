"""The input from which every part of the view model is computed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.checks.evidence.case import Case
from simulation.events import Row
from simulation.history import History
from simulation.reporting.parts.directory import Directory
from simulation.reporting.parts.fields import text
from simulation.reporting.times import Calendar


@dataclass(frozen=True, kw_only=True)
class ReportSource:
    """The history, the case that the checks read, names for ids, and the calendar for times."""

    history: History
    case: Case
    names: Directory
    calendar: Calendar

    def rows(self, relation: str) -> Sequence[Row]:
        """Rows of a canonical relation; empty when it was not observed."""
        return self.history.rows(relation) or ()

    def currency(self, row: Row) -> str:
        """Of a row's amount: as it says, else its contest's."""
        return text(row, "currency").lower() or self.case.told_currency(text(row, "contest_id"))
