"""Every alert has a cause in the run; one without is a false alarm, and people mute alerts that are often false.

Source: fixtures/spec/requirements.md (Monitoring and alerting).
"""

from __future__ import annotations

from datetime import datetime, timedelta

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import keys_of_alert
from simulation.checks.evidence.money import moved
from simulation.checks.evidence.relations import TransferRow
from simulation.events import AlertFired, FaultInjected, FaultScheduled, StripeBalance, StripeMovement

REACH = timedelta(hours=48)
"""How long after its end a fault may still cause an alert: the daily reconciliation runs up to a day later, and Stripe
waits up to half a day between retries."""


@check(
    "Every alert had a cause: a fault that calls for its runbook had struck, or another one not long before, "
    "or more was due than Stripe had available"
)
def alerts_have_a_cause(case: Case, inquiry: Inquiry) -> None:
    for alert in case.events(AlertFired):
        inquiry.examine()
        if not _explained(case, alert):
            inquiry.find(
                alert.alert,
                "the alert fired although nothing had gone wrong",
                keys=keys_of_alert(alert),
                expected="a fault before it that explains it, or more money due than is available at Stripe",
                actual=f"{alert.alert} fires at the value {alert.value:g}",
                events=(alert,),
            )
    if not case.events(AlertFired):
        inquiry.nothing_needed("no alert fired")


def _explained(case: Case, alert: AlertFired) -> bool:
    struck = [event for event in case.events(FaultInjected) if event.at <= alert.at]
    runbooks = {fault.fault_id: fault.runbook for fault in case.events(FaultScheduled)}
    if alert.runbook is not None and any(runbooks.get(event.fault_id) == alert.runbook for event in struck):
        return True
    if any(_over(case, event) >= alert.at - REACH for event in struck):
        return True
    return short_of_money(case, alert)


def short_of_money(case: Case, alert: AlertFired) -> bool:
    """Whether more was due than Stripe had available when the alert fired, or when its condition began to hold."""
    return any(_due_cents(case, at) > max(0, _available_cents(case, at)) for at in (alert.pending_since, alert.at))


def _due_cents(case: Case, at: datetime) -> int:
    """Cents of prizes that are settled and not yet paid."""
    owed = sum(row.amount_cents for row in case.rows(TransferRow) if row.created_at <= at)
    return owed - sum(transfer.amount_cents for transfer in moved(case, "transfer") if transfer.movement.at <= at)


def _available_cents(case: Case, at: datetime) -> int:
    """Stripe's available balance in cents: a charge counts only some days after it was made."""
    opening_cents = sum(balance.opening_cents for balance in case.events(StripeBalance))
    movements = (item for item in case.events(StripeMovement) if item.at <= at and item.available_at <= at)
    return opening_cents + sum(movement.net_cents for movement in movements)


def _over(case: Case, strike: FaultInjected) -> datetime:
    """When the fault ended according to the schedule; without a scheduled end, when it struck."""
    ends = [fault.ends_at for fault in case.events(FaultScheduled) if fault.fault_id == strike.fault_id]
    return max([strike.at, *(end for end in ends if end is not None)])
