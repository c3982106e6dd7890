"""Faults: each one took effect, was recovered as the scenario says, and failed recoveries were escalated.

Source: simulation/DESIGN.md (Faults), fixtures/spec/requirements.md (C-32; R-12).
"""

from __future__ import annotations

from dataclasses import replace

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.bundle import lacking_in_bundle
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.handover import handed_over
from simulation.checks.evidence.keys import Keys, keys_of_alert
from simulation.checks.evidence.relations import TransferRow
from simulation.checks.fault_endings import FaultEnding, fault_endings, status_of
from simulation.events import AlertFired, Escalated, FaultScheduled


@check(
    "Every injected fault was recovered as expected: by itself, by its runbook, or terminal with its reason",
    needs_end=True,
)
def faults_recovered(case: Case, inquiry: Inquiry) -> None:
    endings = case.remembered(fault_endings)
    for fault in case.events(FaultScheduled):
        ending = endings[fault.fault_id]
        if not ending.strikes:
            inquiry.cannot_tell(f"fault {fault.fault_id} met no victim, so its recovery was not seen")
            continue
        inquiry.examine()
        if fault.expectation == "self_heals":
            _by_itself(inquiry, fault, ending)
        if fault.runbook is not None:
            _by_runbook(inquiry, fault, ending)
        if fault.expectation == "terminal":
            case.rows(TransferRow)  # what was given up has to be seen
            _terminal(inquiry, fault, ending)
        else:
            _not_given_up(inquiry, fault, ending)
        _left_behind(case, inquiry, fault, ending)
    if not case.events(FaultScheduled) and not case.scenario.faults:
        inquiry.nothing_needed("the scenario has no faults")


def _by_itself(inquiry: Inquiry, fault: FaultScheduled, ending: FaultEnding) -> None:
    for execution in ending.executions:
        inquiry.find(
            f"fault {fault.fault_id}",
            f"should have healed by itself, but runbook {execution.started.runbook} was needed",
            keys=replace(execution.keys, fault_id=fault.fault_id),
            events=(execution.started, ending.strikes[0]),
        )


def _by_runbook(inquiry: Inquiry, fault: FaultScheduled, ending: FaultEnding) -> None:
    answered = [execution for execution in ending.executions if execution.started.runbook == fault.runbook]
    in_time = [execution for execution in answered if execution.started.at >= ending.strikes[0].at]
    if not any(status_of(execution) == "completed" for execution in in_time):
        inquiry.find(
            f"fault {fault.fault_id}",
            f"not recovered by runbook {fault.runbook}",
            keys=Keys(fault_id=fault.fault_id, runbook=fault.runbook),
            expected="an execution after the fault, completed",
            actual=", ".join(status_of(execution) for execution in in_time) or "no execution",
            events=(ending.strikes[0],),
        )


def _terminal(inquiry: Inquiry, fault: FaultScheduled, ending: FaultEnding) -> None:
    """A transfer that the fault made impossible must be ``failed_terminal`` with the expected reason in its row."""
    if not ending.transfers:
        keys, seen = Keys(fault_id=fault.fault_id), (ending.strikes[0],)
        inquiry.find(f"fault {fault.fault_id}", "its victim is not among the transfers", keys=keys, events=seen)
    for row in ending.transfers:
        if row.status != "failed_terminal" or (fault.reason or "").lower() not in (row.failure_reason or "").lower():
            _find_transfer(inquiry, fault, ending, row, message="not given up with the expected reason")


def _not_given_up(inquiry: Inquiry, fault: FaultScheduled, ending: FaultEnding) -> None:
    for row in ending.given_up:
        _find_transfer(inquiry, fault, ending, row, message="given up, which is not how it should have ended")


def _find_transfer(
    inquiry: Inquiry, fault: FaultScheduled, ending: FaultEnding, row: TransferRow, *, message: str
) -> None:
    inquiry.find(
        f"fault {fault.fault_id}, transfer {row.transfer_id}",
        message,
        keys=replace(row.keys, fault_id=fault.fault_id),
        amount_cents=row.amount_cents,
        expected=_expected(fault),
        actual=f"{row.status}: {row.failure_reason}",
        events=(ending.strikes[0],),
    )


def _expected(fault: FaultScheduled) -> str:
    if fault.expectation == "terminal":
        return f"failed_terminal: {fault.reason}"
    return "completed by itself" if fault.expectation == "self_heals" else f"completed by runbook {fault.runbook}"


def _left_behind(case: Case, inquiry: Inquiry, fault: FaultScheduled, ending: FaultEnding) -> None:
    """What must not be left of any fault: an open transfer or payment, an escalation, a world that is not at rest."""
    for row in ending.unfinished if fault.expectation != "terminal" else ():
        _find_transfer(inquiry, fault, ending, row, message="neither made nor given up by the end of the run")
    for payment in ending.unpaid:
        inquiry.find(
            f"fault {fault.fault_id}, payment {payment.payment_id}",
            "Stripe has the money, and the payment still waits at the end of the run",
            keys=replace(payment.keys, fault_id=fault.fault_id),
            amount_cents=payment.amount_cents,
            expected="SUCCEEDED",
            actual=payment.status,
            events=(ending.strikes[0],),
        )
    for escalated in ending.escalated:
        inquiry.find(
            f"fault {fault.fault_id}",
            f"{_SHOULD[fault.expectation]}, but was escalated",
            keys=replace(_escalation(escalated), fault_id=fault.fault_id),
            actual=escalated.reason,
            events=(escalated, ending.strikes[0]),
        )
    if not ending.at_rest:
        keys, seen = Keys(fault_id=fault.fault_id), (ending.strikes[0], case.ended)
        inquiry.find(f"fault {fault.fault_id}", "the world did not converge after it", keys=keys, events=seen)


_SHOULD = {
    "self_heals": "should have healed by itself",
    "runbook": "should have been recovered by its runbook",
    "terminal": "should have ended in its final failure alone",
}


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
        if status_of(execution) != "completed" and execution.started.execution_id not in told:
            inquiry.find(
                execution.started.runbook,
                f"the execution {status_of(execution)} and was not escalated",
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
    return not related or any(status_of(execution) != "completed" for execution in related)


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
