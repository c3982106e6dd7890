"""A falsehood: one recorded fact of a history, told otherwise."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulation.proof.coverage.edits import Edits

Area = Literal["table", "row", "answer", "metric", "sample", "runbook"]

AREAS: dict[Area, str] = {
    "table": "columns of tables",
    "row": "whole rows",
    "answer": "answers to people and operators",
    "metric": "metrics",
    "sample": "samples of pages",
    "runbook": "runbook executions",
}
"""What each is called in a report."""


@dataclass(frozen=True, kw_only=True)
class Falsehood:
    """``edits`` make it; the rest says what it is about, for people."""

    area: Area
    subject: str
    """The table, the request, the metric, the page, the kind of event."""
    fact: str
    """The column, the path in a document, the field."""
    operation: str = ""
    """Of a table: ``insert`` or ``update``."""
    column: str = ""
    """Of a table: the column that the fact is in."""
    kind: str
    where: str
    """The row or the event that was chosen."""
    plain: bool = False
    """The one that stands for its column where each column is given one falsehood."""
    free: str | None = None
    """Of a table: why the contract leaves the column free; None: it does not."""
    edits: Edits
