"""No intervention through the platform's endpoints: runbook-only requests came from runbooks, none from absent people.

Source: fixtures/spec/requirements.md (C-9), simulation/DESIGN.md (Where the specification pulls two ways).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from simulation.checks.access import NEAR_A_PROBE
from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import Case, WitnessedExecution
from simulation.checks.evidence.keys import Keys
from simulation.checks.evidence.requests import matches_any
from simulation.checks.evidence.tasks import OPERATORS, legitimate_executions, within_an_execution
from simulation.events import AccessProbe, Exchange, HostingAction

_ABSENT = frozenset({"founder", "engineer"})
_REFUSED = frozenset({401, 403})


@check(
    "No endpoint was used by hand: runbook requests came from executions that an alert or a promised task started, "
    "none from the absent"
)
def no_manual_endpoints(case: Case, inquiry: Inquiry) -> None:
    case.need_witness("exchange")
    since = case.started.absence_start
    absent_subjects = _absent_subjects(case)
    open_executions = legitimate_executions(case)
    for exchange in case.events(Exchange):
        if exchange.at < since:
            continue
        inquiry.examine()
        problem = _problem(case, exchange, absent_subjects, open_executions)
        if problem:
            inquiry.find(
                f"{exchange.method} {exchange.path}",
                problem,
                keys=Keys(execution_id=exchange.execution_id, request_id=exchange.request_id),
                expected="operators within runbook executions, entrants and organizers in their own affairs",
                actual=f"{exchange.actor}, token of {exchange.token_subject}, status {exchange.status}",
                events=(exchange,),
                cause=True,
            )
    for action in case.events(HostingAction):
        if action.at < since:
            continue
        inquiry.examine()
        if not within_an_execution(case, action, open_executions):
            inquiry.find(
                f"{action.service} {action.action}",
                "the hosting was changed outside an open runbook execution",
                keys=Keys(service=action.service, execution_id=action.execution_id),
                expected="operators within runbook executions",
                actual=f"{action.actor}: {action.reason}",
                events=(action,),
                cause=True,
            )
    if not case.lacks("admin_endpoints"):
        case.need_declared("runbook_only_requests")


def _problem(case: Case, exchange: Exchange, absent_subjects: frozenset[str], open_executions: frozenset[str]) -> str:
    refused = exchange.status in _REFUSED
    if exchange.actor in _ABSENT:
        return "" if refused and _token_probed(case, exchange) else f"a request of the {exchange.actor}"
    if exchange.token_subject in absent_subjects and not refused:
        return "a request with the token of somebody who is absent"
    if exchange.actor == "setup" and exchange.method != "GET":
        return "a change made by hand during the absence"
    if exchange.token_scope == BREAK_GLASS:
        return broken_glass(case, exchange, open_executions)
    if _is_runbook_only(case, exchange) and not within_an_execution(case, exchange, open_executions):
        return "an intervention outside an open runbook execution"
    return ""


def _token_probed(case: Case, exchange: Exchange) -> bool:
    return any(
        probe.subject == "founder_admin_token" and abs(probe.at - exchange.at) <= NEAR_A_PROBE
        for probe in case.events(AccessProbe)
    )


def _absent_subjects(case: Case) -> frozenset[str]:
    """Token subjects of the founder and the engineers, without those that an operator's token names, too."""
    subjects: dict[bool, set[str]] = {True: set(), False: set()}
    for exchange in case.events(Exchange):
        if exchange.token_subject is not None and exchange.actor in _ABSENT | OPERATORS:
            subjects[exchange.actor in _ABSENT].add(exchange.token_subject)
    return frozenset(subjects[True] - subjects[False])


def _is_runbook_only(case: Case, exchange: Exchange) -> bool:
    return matches_any(case.governance.runbook_only_requests, exchange)


BREAK_GLASS = "break_glass"
_START = "/runbooks/start"
_AROUND = timedelta(seconds=60)
"""Time before and after an execution in which the operator records the state or collects data for an escalation."""


def broken_glass(case: Case, exchange: Exchange, legitimate: frozenset[str]) -> str:
    """What is wrong with a request by the break-glass token; empty if nothing. A refused request counts, too."""
    own = frozenset(item.started.execution_id for item in _executions(case, legitimate))
    if within_an_execution(case, exchange, own):
        allowed = matches_any(case.governance.break_glass_requests, exchange)
        return "" if allowed else "the break-glass token was used for something it is not for"
    if any(_opens(item, exchange) or _closes(item, exchange) for item in _executions(case, legitimate)):
        return ""
    return "the break-glass token was used outside an execution of its runbook"


def _executions(case: Case, legitimate: frozenset[str]) -> Iterator[WitnessedExecution]:
    for execution in case.executions:
        started = execution.started
        if started.runbook == case.governance.break_glass_runbook and started.execution_id in legitimate:
            yield execution


def _opens(execution: WitnessedExecution, exchange: Exchange) -> bool:
    """Whether the request prepares the execution: it reads the state before, or it creates the execution's row."""
    return (
        exchange.actor == "operator_robot"
        and (exchange.method == "GET" or exchange.path.endswith(_START))
        and exchange.seq < execution.started.seq
        and execution.started.at - exchange.at <= _AROUND
    )


def _closes(execution: WitnessedExecution, exchange: Exchange) -> bool:
    return (
        exchange.actor == "operator_robot"
        and exchange.method == "GET"
        and exchange.execution_id == execution.started.execution_id
        and execution.ended is not None
        and exchange.at - execution.ended.at <= _AROUND
    )
