"""Transactions that a fault held open while simulated time passed: their rows bear the instant at which they began.

PostgreSQL's ``now()`` is the start of the transaction. Nothing passes while a transaction is open, unless a fault lets
somebody else go on meanwhile (fixtures/spec/platform.md, Background work).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from simulation.checks.evidence.case import Case
from simulation.events import FaultInjected
from simulation.scenario.faults.concurrency import TwoAtOnce

_LONGEST = timedelta(minutes=10)
"""What the other of the two may take: a run of a job, some calls of which are never answered."""


def may_have_begun(case: Case, committed: datetime) -> datetime:
    """The earliest instant at which a transaction that was committed then can have begun."""
    met = (strike.at for strike in case.remembered(_meetings) if committed - _LONGEST <= strike.at <= committed)
    return min(met, default=committed)


def _meetings(case: Case) -> list[FaultInjected]:
    return [strike for strike in case.events(FaultInjected) if strike.fault_kind == TwoAtOnce.name()]
