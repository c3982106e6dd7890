"""Who was called during a life: an operator by an alert, an engineer where no runbook helps; and because of what.

Planned work of the operator is no call: nothing had gone wrong.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Literal

from pydantic import BaseModel, ConfigDict

from simulation.checks.alert_causes import REACH
from simulation.checks.verdict import Verdict
from simulation.events import AlertFired, Escalated, ExecutionStarted, FaultInjected, FaultScheduled
from simulation.history import History

Who = Literal["operator", "engineer"]


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Call(_Row):
    """Somebody was needed.

    :param who: ``engineer``: what was needed beyond the runbooks, and in these days nobody is there.
    :param kind: of the fault behind it; empty where none had struck. :param what: the alert, the runbook or the check
        that called. :param sim_seconds: since the start of the run. :param since_strike: since the fault struck first.
    """

    who: Who
    kind: str
    what: str
    sim_seconds: int
    since_strike: int | None = None


class Calls(_Row):
    """:param struck: kind of fault → seconds from the start of the run until one struck for the first time.
    :param first: the first call for each kind and whom, in order."""

    struck: dict[str, int] = {}
    first: tuple[Call, ...] = ()

    def earliest(self, *who: Who) -> Call | None:
        """The first call for any of these; None: none of them was needed."""
        return min((call for call in self.first if call.who in who), key=lambda call: call.sim_seconds, default=None)


def calls_of(history: History, verdict: Verdict) -> Calls:
    """The first calls of a judged run. A platform that failed needed an engineer when the first finding happened."""
    begins = history.events[0].at
    struck: dict[str, datetime] = {}
    for strike in history.of(FaultInjected):
        struck[strike.fault_kind] = min(strike.at, struck.get(strike.fault_kind, strike.at))
    first: dict[tuple[Who, str], Call] = {}
    for who, kind, what, at in sorted(_called(history, verdict), key=lambda called: (called[3], called[0])):
        since = None if kind not in struck else max(0, _seconds(at - struck[kind]))
        first.setdefault(
            (who, kind), Call(who=who, kind=kind, what=what, sim_seconds=_seconds(at - begins), since_strike=since)
        )
    return Calls(
        struck={kind: _seconds(at - begins) for kind, at in sorted(struck.items())}, first=tuple(first.values())
    )


def _called(history: History, verdict: Verdict) -> Iterator[tuple[Who, str, str, datetime]]:
    alerts = {alert.alert_id: alert for alert in history.of(AlertFired)}
    begun = {started.execution_id: started for started in history.of(ExecutionStarted)}
    for started in begun.values():
        if started.alert_id in alerts:
            yield (
                "operator",
                _kind_behind(history, alerts[started.alert_id]),
                alerts[started.alert_id].alert,
                started.at,
            )
    for escalated in history.of(Escalated):
        started_for = begun.get(escalated.execution_id or "")
        alert = alerts.get(escalated.alert_id or (started_for.alert_id if started_for else None) or "")
        kind = "" if alert is None else _kind_behind(history, alert)
        what = (
            alert.alert if alert is not None else started_for.runbook if started_for is not None else escalated.reason
        )
        yield "engineer", kind, what, escalated.at
    kinds = {fault.fault_id: fault.fault_kind for fault in history.of(FaultScheduled)}
    for result in verdict.results:
        for finding in result.findings:
            at = finding.at or history.events[-1].at
            yield "engineer", kinds.get(finding.keys.named().get("fault_id", ""), ""), finding.check, at


def _kind_behind(history: History, alert: AlertFired) -> str:
    """Of the last fault that had struck and whose runbook is the alert's; where none is, of the last one that may still
    cause an alert."""
    planned = {fault.fault_id: fault for fault in history.of(FaultScheduled)}
    struck = [strike for strike in history.of(FaultInjected) if strike.at <= alert.at and strike.fault_id in planned]
    for strike in reversed(struck):
        if alert.runbook is not None and planned[strike.fault_id].runbook == alert.runbook:
            return strike.fault_kind
    for strike in reversed(struck):
        over = planned[strike.fault_id].ends_at
        if max(strike.at, over or strike.at) + REACH >= alert.at:
            return strike.fault_kind
    return ""


def _seconds(span: timedelta) -> int:
    return int(span.total_seconds())
