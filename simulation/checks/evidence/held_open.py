"""Transactions that a fault held open while simulated time passed: their rows bear the instant at which they began.

PostgreSQL's ``now()`` is the start of the transaction. Nothing passes while a transaction is open, unless a fault lets
somebody else go on meanwhile (fixtures/spec/platform.md, Background work), or Stripe takes its time for a call that is
made within it.
"""

from __future__ import annotations

from datetime import datetime, timedelta

from simulation.checks.evidence.case import Case
from simulation.events import FaultInjected, StripeCall
from simulation.scenario.faults.concurrency import TwoAtOnce

_LONGEST = timedelta(minutes=10)
"""What the other of the two may take: a run of a job, some calls of which are never answered."""
_LONGEST_CALLS = timedelta(minutes=2)
"""What some calls take, one after the other, each half a minute at most."""


def may_have_begun(case: Case, committed: datetime) -> datetime:
    """The earliest instant at which a transaction that was committed then can have begun."""
    met = [strike.at for strike in case.remembered(_meetings) if committed - _LONGEST <= strike.at <= committed]
    calls = [call.at for call in case.remembered(_struck_calls) if committed - _LONGEST_CALLS <= call.at <= committed]
    return min((*met, *calls), default=committed)


def _meetings(case: Case) -> list[FaultInjected]:
    return [strike for strike in case.events(FaultInjected) if strike.fault_kind == TwoAtOnce.name()]


def _struck_calls(case: Case) -> list[StripeCall]:
    """Those that a fault made take their time, or that were never answered."""
    return [call for call in case.events(StripeCall) if call.fault_id is not None and call.origin == "platform"]
