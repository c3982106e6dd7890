"""A falsehood: one recorded fact of a history, changed as a defect would change it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from simulation.proof.coverage.edits import Edits

Area = Literal["table", "row", "answer", "metric", "sample", "runbook", "log"]

AREAS: dict[Area, str] = {
    "table": "columns of tables",
    "row": "whole rows",
    "answer": "answers to people and operators",
    "metric": "metrics",
    "sample": "samples of pages",
    "runbook": "runbook executions",
    "log": "lines of the log",
}
"""Area → its name in reports."""


@dataclass(frozen=True, kw_only=True)
class Falsehood:
    """``edits`` are the events changed by the falsehood; the other fields describe it."""

    area: Area
    subject: str
    """By area: the table, request, metric, page, kind of event or what the line says."""
    fact: str
    """The column, the path in a document, or the field."""
    operation: str = ""
    """For area ``table``: ``insert`` or ``update``."""
    column: str = ""
    """For area ``table``: the column that contains the fact."""
    kind: str
    where: str
    """The chosen row (its key) or event."""
    plain: bool = False
    """This is the falsehood that counts for its column when each column gets only one."""
    free: str | None = None
    """Why the contract leaves the column, the place in an answer, the metric or the field free; None: it does not."""
    edits: Edits
