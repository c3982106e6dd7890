"""Faults: each one took effect, was recovered as the scenario says, and failed recoveries were escalated.

Source: simulation/DESIGN.md (Faults), fixtures/spec/requirements.md (C-32; R-12).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from simulation.checks.alert_causes import short_of_money
from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.bundle import lacking_in_bundle
from simulation.checks.evidence.case import Case, WitnessedExecution
from simulation.checks.evidence.handover import handed_over
from simulation.checks.evidence.keys import Keys, keys_of_alert
from simulation.checks.evidence.money import grouped
from simulation.checks.evidence.relations import TransferRow
from simulation.events import AlertFired, Escalated, FaultInjected, FaultScheduled


@check(
    "Every injected fault was recovered as expected: by itself, by its runbook, or terminal with its reason",
    needs_end=True,
)
def faults_recovered(case: Case, inquiry: Inquiry) -> None:
    strikes = grouped(case.events(FaultInjected), lambda event: event.fault_id)
    for fault in case.events(FaultScheduled):
        struck = strikes.get(fault.fault_id, ())
        if not struck:
            inquiry.cannot_tell(f"fault {fault.fault_id} met no victim, so its recovery was not seen")
            continue
        inquiry.examine()
        if fault.runbook is not None:
            _by_runbook(case, inquiry, fault, struck)
        if fault.expectation == "terminal":
            _terminal(case, inquiry, fault, struck)
        if fault.expectation == "self_heals":
            _by_itself(case, inquiry, fault, struck)
    if not case.events(FaultScheduled) and not case.scenario.faults:
        inquiry.nothing_needed("the scenario has no faults")


def _by_runbook(case: Case, inquiry: Inquiry, fault: FaultScheduled, struck: Sequence[FaultInjected]) -> None:
    answered = [
        execution
        for execution in case.executions
        if execution.started.runbook == fault.runbook
        and execution.started.at >= struck[0].at
        and _may_answer(case, execution, struck[0])
    ]
    if not any(execution.ended is not None and execution.ended.status == "completed" for execution in answered):
        inquiry.find(
            f"fault {fault.fault_id}",
            f"not recovered by runbook {fault.runbook}",
            keys=Keys(fault_id=fault.fault_id, runbook=fault.runbook),
            expected="an execution after the fault, completed",
            actual=", ".join(_status(execution) for execution in answered) or "no execution",
            events=(struck[0],),
        )


def _may_answer(case: Case, execution: WitnessedExecution, strike: FaultInjected) -> bool:
    """Whether an execution may be the recovery from this fault.

    One that another fault caused may not, unless its alert already fired when this fault struck and so covers both.
    """
    if execution.started.cause == f"fault:{strike.fault_id}" or not execution.started.cause.startswith("fault:"):
        return True
    alerts = (alert for alert in case.events(AlertFired) if alert.alert_id == execution.started.alert_id)
    return any(alert.at <= strike.at for alert in alerts)


def _status(execution: WitnessedExecution) -> str:
    return execution.ended.status if execution.ended else "in progress"


def _terminal(case: Case, inquiry: Inquiry, fault: FaultScheduled, struck: Sequence[FaultInjected]) -> None:
    """A transfer that the fault made impossible must be ``failed_terminal`` with the expected reason in its row."""
    victims = {value for strike in struck for value in strike.keys.values()}
    rows = [row for row in case.rows(TransferRow) if victims & {row.transfer_id, row.idempotency_key}]
    if not rows:
        keys = Keys(fault_id=fault.fault_id)
        inquiry.find(f"fault {fault.fault_id}", "its victim is not among the transfers", keys=keys, events=(struck[0],))
    for row in rows:
        if row.status != "failed_terminal" or (fault.reason or "").lower() not in (row.failure_reason or "").lower():
            inquiry.find(
                f"fault {fault.fault_id}, transfer {row.transfer_id}",
                "not given up with the expected reason",
                keys=replace(row.keys, fault_id=fault.fault_id),
                amount_cents=row.amount_cents,
                expected=f"failed_terminal: {fault.reason}",
                actual=f"{row.status}: {row.failure_reason}",
                events=(struck[0],),
            )


def _by_itself(case: Case, inquiry: Inquiry, fault: FaultScheduled, struck: Sequence[FaultInjected]) -> None:
    cause = f"fault:{fault.fault_id}"
    for execution in case.executions:
        if execution.started.cause == cause or _is_all_that_can_have_called(case, fault, execution):
            inquiry.find(
                f"fault {fault.fault_id}",
                f"should have healed by itself, but runbook {execution.started.runbook} was needed",
                keys=replace(execution.keys, fault_id=fault.fault_id),
                events=(execution.started, struck[0]),
            )
    for escalated in case.events(Escalated):
        if escalated.cause == cause:
            inquiry.find(
                f"fault {fault.fault_id}",
                "should have healed by itself, but was escalated",
                keys=replace(_escalation(escalated), fault_id=fault.fault_id),
                actual=escalated.reason,
                events=(escalated, struck[0]),
            )
    if case.ended.converged_at is None:
        keys, seen = Keys(fault_id=fault.fault_id), (struck[0], case.ended)
        inquiry.find(f"fault {fault.fault_id}", "the world did not converge after it", keys=keys, events=seen)


def _is_all_that_can_have_called(case: Case, fault: FaultScheduled, execution: WitnessedExecution) -> bool:
    """Whether an alert called for the execution though nothing had gone wrong that would not heal by itself.

    The fault that struck last before the alert is named; none where a fault that had struck expects any other ending,
    since its trouble may call for other runbooks than its own, or where the money at Stripe did not suffice.
    """
    alert = next((one for one in case.events(AlertFired) if one.alert_id == execution.started.alert_id), None)
    if alert is None or alert.cause.startswith("fault:"):
        return False
    strikes = [event.fault_id for event in case.events(FaultInjected) if event.at <= alert.at]
    others = {event.fault_id for event in case.events(FaultScheduled) if event.expectation != "self_heals"}
    return (
        bool(strikes)
        and strikes[-1] == fault.fault_id
        and not others & set(strikes)
        and not short_of_money(case, alert)
    )


@check(
    "Every failed execution and every alert without a runbook was escalated, with all that engineering needs, "
    "and nothing else was",
    needs_end=True,
)
def failures_escalated(case: Case, inquiry: Inquiry) -> None:
    escalations = case.events(Escalated)
    executions = {item.execution_id for item in escalations if item.execution_id}
    alerts = {item.alert_id for item in escalations if item.alert_id}
    for execution in case.executions:
        inquiry.examine()
        told = executions | handed_over(case)
        if _status(execution) != "completed" and execution.started.execution_id not in told:
            inquiry.find(
                execution.started.runbook,
                f"the execution {_status(execution)} and was not escalated",
                keys=execution.keys,
                events=(execution.started, execution.ended),
            )
    fired = {alert.alert_id: alert for alert in case.events(AlertFired)}
    for alert in fired.values():
        inquiry.examine()
        if alert.runbook is None and alert.alert_id not in alerts:
            keys = keys_of_alert(alert)
            inquiry.find(alert.alert, "an alert without a runbook was not escalated", keys=keys, events=(alert,))
    for escalated in escalations:
        inquiry.examine()
        if not _justified(case, escalated, fired.get(escalated.alert_id or "")):
            inquiry.find(
                "escalation",
                "escalated although a runbook had recovered it",
                keys=_escalation(escalated),
                actual=escalated.reason,
                events=(escalated,),
            )
        if lacking := lacking_in_bundle(case, escalated):
            inquiry.find(
                "escalation",
                f"escalated without {lacking}",
                keys=_escalation(escalated),
                actual=escalated.reason,
                events=(escalated,),
            )
    if not inquiry.examined:
        inquiry.nothing_needed("no alert fired and no runbook ran")


def _escalation(escalated: Escalated) -> Keys:
    return Keys(execution_id=escalated.execution_id, alert_id=escalated.alert_id)


def _justified(case: Case, escalated: Escalated, alert: AlertFired | None) -> bool:
    """Whether an escalation had a reason: a failed or partial execution, or no execution that answered the alert."""
    related = [
        execution
        for execution in case.executions
        if execution.started.execution_id == escalated.execution_id
        or (alert is not None and execution.started.alert_id == alert.alert_id)
    ]
    return not related or any(_status(execution) != "completed" for execution in related)


@check("Nothing had to be escalated beyond operations")
def no_escalation(case: Case, inquiry: Inquiry) -> None:
    for escalated in case.events(Escalated):
        inquiry.examine()
        inquiry.find(
            "escalation",
            "people beyond operations were needed",
            keys=_escalation(escalated),
            actual=escalated.reason,
            events=(escalated,),
        )
    if case.whole and not inquiry.examined:
        inquiry.nothing_needed("nothing was escalated")
