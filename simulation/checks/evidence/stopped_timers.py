"""Job timers that a fault stopped: meanwhile the job is not to blame for not running, and a runbook may do its work.

Source: fixtures/spec/requirements.md (R-24), fixtures/spec/platform.md (Background work).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from simulation.checks.evidence.case import Case
from simulation.events import FaultInjected, FaultScheduled
from simulation.scenario.faults.concurrency import TwoAtOnce
from simulation.scenario.faults.programs import PayoutTimerStopped

_KINDS = (PayoutTimerStopped.name(), TwoAtOnce.name())
"""The second waits for what it is to meet, and has no end of its own."""
_NO_JOB = "?"


def stops(case: Case, job: str) -> Sequence[tuple[datetime, datetime]]:
    """Periods in which a fault kept the named job's timer from firing."""
    struck = {event.fault_id: event.at for event in case.events(FaultInjected)}
    return [
        (fault.starts_at, struck[fault.fault_id] if fault.ends_at is None else fault.ends_at)
        for fault in case.events(FaultScheduled)
        if fault.fault_kind in _KINDS and fault.fault_id in struck and fault.keys.get("job", _NO_JOB) in job
    ]


def was_stopped(case: Case, job: str, at: datetime) -> bool:
    """Whether a fault kept the named job's timer from firing at this moment."""
    return any(start <= at <= end for start, end in stops(case, job))
