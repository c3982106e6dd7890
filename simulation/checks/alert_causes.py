"""Every alert has a cause in the run; one without is a false alarm, and people mute alerts that are often false.

Source: fixtures/spec/requirements.md (Monitoring and alerting).
"""

from __future__ import annotations

from collections import Counter
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
    """Whether more of a currency was due than Stripe had available when the alert fired, or when its condition began to
    hold."""
    for at in (alert.pending_since, alert.at):
        due, available = _due_cents(case, at), _available_cents(case, at)
        if any(cents > max(0, available[currency]) for currency, cents in due.items()):
            return True
    return False


def _due_cents(case: Case, at: datetime) -> Counter[str]:
    """By currency, prizes that are settled and not yet paid."""
    due: Counter[str] = Counter()
    for row in case.rows(TransferRow):
        if row.created_at <= at:
            due[case.currency_of(row)] += row.amount_cents
    for transfer in moved(case, "transfer"):
        if transfer.movement.at <= at:
            due[transfer.currency] -= transfer.amount_cents
    return due


def _available_cents(case: Case, at: datetime) -> Counter[str]:
    """Stripe's available balance by currency: a charge counts only some days after it was made."""
    available: Counter[str] = Counter()
    for balance in case.events(StripeBalance):
        available[balance.currency] += balance.opening_cents
    for movement in case.events(StripeMovement):
        if movement.at <= at and movement.available_at <= at:
            available[movement.currency] += movement.net_cents
    return available


def _over(case: Case, strike: FaultInjected) -> datetime:
    """When the fault ended according to the schedule; without a scheduled end, when it struck."""
    ends = [fault.ends_at for fault in case.events(FaultScheduled) if fault.fault_id == strike.fault_id]
    return max([strike.at, *(end for end in ends if end is not None)])
