"""The list of all falsehoods to try on a history, in a fixed order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace

from simulation.history import History
from simulation.proof.coverage.columns import column_falsehoods
from simulation.proof.coverage.draw import Draw
from simulation.proof.coverage.falsehood import Falsehood
from simulation.proof.coverage.free_statements import FreeStatements
from simulation.proof.coverage.log import log_falsehoods
from simulation.proof.coverage.recorded import Recorded
from simulation.proof.coverage.statements import statement_falsehoods
from simulation.proof.coverage.whole_rows import row_falsehoods


def falsehoods_of(history: History, draw: Draw) -> list[Falsehood]:
    """All falsehoods that change an event; the same for the same history and draw, in any process."""
    recorded, free = Recorded.of(history), FreeStatements(history)
    told = (
        *column_falsehoods(recorded, draw),
        *row_falsehoods(recorded, draw),
        *_free(free, statement_falsehoods(history.events, draw)),
        *_free(free, log_falsehoods(history, draw)),
    )
    return [falsehood for falsehood in told if falsehood.edits]


def _free(free: FreeStatements, told: Iterable[Falsehood]) -> Iterator[Falsehood]:
    """The falsehoods, each with the reason why the contract leaves its fact free, if it does."""
    return (replace(falsehood, free=free.reason(falsehood)) for falsehood in told if falsehood.edits)
