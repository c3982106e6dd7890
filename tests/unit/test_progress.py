"""What is said while a run goes on agrees with what its report says at the end."""

from __future__ import annotations

import io
from datetime import UTC, datetime

from rich.console import Console

from simulation.events import FaultInjected
from simulation.progress import Plain

START = datetime(2026, 3, 1, tzinfo=UTC)


def struck(fault_id: str) -> FaultInjected:
    return FaultInjected(
        seq=0, at=START, cause="", fault_id=fault_id, fault_kind="transfer_error", keys={}, detail="strike"
    )


def test_a_fault_that_strikes_several_times_is_one_fault() -> None:
    said = io.StringIO()
    progress = Plain(start=START, days=14, console=Console(file=said, width=120))
    for fault_id in ("again", "again", "once"):
        progress.seen(struck(fault_id))
    progress.at(START)
    assert "3 events  2 faults  0 alerts" in said.getvalue()
