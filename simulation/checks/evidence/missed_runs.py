"""What excuses a background job that did not run for longer than its interval: only events within that period.

Source: fixtures/spec/platform.md (Background work), fixtures/spec/requirements.md (R-10).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from simulation.checks.evidence.case import Case
from simulation.checks.evidence.stopped_timers import stops
from simulation.checks.evidence.wal import as_instant
from simulation.events import (
    FaultInjected,
    FaultScheduled,
    HostingAction,
    JobFailed,
    JobSummary,
    ProgramEnded,
    StripeCall,
)
from simulation.scenario.faults.payments import WebhookThenKilled
from simulation.scenario.faults.programs import BackendKilled
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.faults.statement_fault import DOWN_SECONDS, StatementFault
from simulation.scenario.faults.transfers import TransferThenKilled

_REFUSED = 400
_KILLS = (TransferThenKilled.name(), WebhookThenKilled.name())
_KILLED_FOR_A_WHILE = BackendKilled.name()
_KILLED_AT_A_STATEMENT = frozenset(
    name for name, kind in KINDS.items() if issubclass(kind, StatementFault) and kind.deed == "kill"
)


def excused(case: Case, summary: JobSummary, since: datetime, until: datetime) -> timedelta:
    """How much longer than the job's interval this period without a run may be, because of what happened in it."""
    interval = timedelta(seconds=summary.interval_seconds)
    stopped = sum((_overlap(one, since, until) for one in stops(case, summary.job)), timedelta())
    within = [one for one in _restarts(case) if one[0] <= until and one[1] >= since]
    down = sum((_overlap(one, since, until) + interval for one in within), timedelta())
    killed = any(since <= at <= until for at in _kills(case))
    broken_off = len({at for at in case.remembered(_failed_by_stripe) if since <= at <= until})
    return stopped + down + _slow(case, since, until) + (interval if killed else timedelta()) + broken_off * interval


def broken_off_by_stripe(case: Case, failure: JobFailed) -> bool:
    """Whether a fault had Stripe fail a call in the turn of a job that raised: it leaves the rest to its next turn.

    A turn is named by when it began: ``job:timers:2026-03-04T08:00:00+00:00``.
    """
    began = as_instant(failure.cause.partition(":")[2].partition(":")[2]) or failure.at
    return any(began <= at <= failure.at for at in case.remembered(_failed_by_stripe))


def _failed_by_stripe(case: Case) -> Sequence[datetime]:
    """When calls of a shop failed for a fault of Stripe.

    A shop may break off what it cannot finish; a platform of contests must see to the others whose call comes through
    (fixtures/spec/platform.md, Payouts).
    """
    if case.scenario.profile == "contests":
        return ()
    failed = (call for call in case.events(StripeCall) if call.status is None or call.status >= _REFUSED)
    return [call.at for call in failed if call.fault_id is not None and call.origin == "platform"]


def _slow(case: Case, since: datetime, until: datetime) -> timedelta:
    """What statements took that a fault made slow: one worker runs all jobs."""
    seconds = {fault.fault_id: int(fault.keys.get("seconds", 0)) for fault in case.events(FaultScheduled)}
    strikes = (strike for strike in case.events(FaultInjected) if since <= strike.at <= until)
    return timedelta(seconds=sum(seconds.get(strike.fault_id, 0) for strike in strikes))


def _overlap(window: tuple[datetime, datetime], since: datetime, until: datetime) -> timedelta:
    return max(timedelta(), min(window[1], until) - max(window[0], since))


def _restarts(case: Case) -> Iterator[tuple[datetime, datetime]]:
    """Periods in which the platform was stopped by operations or killed by a fault, so that no job ran."""
    stopped: datetime | None = None
    for action in case.events(HostingAction):
        if action.action == "stop":
            stopped = action.at
        elif action.action == "start" and stopped is not None:
            yield stopped, action.at
            stopped = None
    yield from killed(case)


def began_anew(case: Case) -> tuple[datetime, ...]:
    """When the platform, or one of its programs, began anew, and with it whatever it keeps in memory."""
    actions = (action.at for action in case.events(HostingAction) if action.service == "platform")
    return tuple(sorted((*actions, *(moment for period in _restarts(case) for moment in period), *_kills(case))))


def killed(case: Case) -> Iterator[tuple[datetime, datetime]]:
    """Periods in which the platform was down because a fault had killed it."""
    ends = {fault.fault_id: fault.ends_at for fault in case.events(FaultScheduled)}
    for strike in case.events(FaultInjected):
        if strike.fault_kind == _KILLED_FOR_A_WHILE:
            yield strike.at, ends.get(strike.fault_id) or strike.at
        elif strike.fault_kind in _KILLED_AT_A_STATEMENT:
            yield strike.at, strike.at + timedelta(seconds=DOWN_SECONDS)


def _kills(case: Case) -> Iterator[datetime]:
    """Times at which the platform was killed or ended: a job's run in progress leaves no record of its end.

    Its next run comes one interval after the restart.
    """
    yield from (event.at for event in case.events(FaultInjected) if event.fault_kind in _KILLS)
    yield from (event.at for event in case.events(ProgramEnded))
