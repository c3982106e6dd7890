"""What the platform wrote, answered and measured, compared with its contract."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from simulation.checks.base import Check, Inquiry, check
from simulation.checks.conformance.engine import Complaint, conformance
from simulation.checks.conformance.log_lines import log_lines
from simulation.checks.conformance.metrics import metrics
from simulation.checks.conformance.plans import Kind
from simulation.checks.conformance.statements import Statements, Told, answers
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import NO_KEYS, Keys
from simulation.events import PlatformLog


@check("Every row answers something that happened outside, and everything that happened left its row", needs_end=True)
def rows_accounted_for(case: Case, inquiry: Inquiry) -> None:
    """No row without a fact outside that explains it, no fact without its row, and no change the contract omits."""
    _report(case, inquiry, "rows")


@check("Every value is the one that was given, or that follows from others")
def values_as_declared(case: Case, inquiry: Inquiry) -> None:
    _report(case, inquiry, "values")


@check("Every instant in a row is that of the thing it speaks of")
def instants_true(case: Case, inquiry: Inquiry) -> None:
    _report(case, inquiry, "instants")


@check("Every name that the platform makes up tells its row apart")
def identities_kept(case: Case, inquiry: Inquiry) -> None:
    _report(case, inquiry, "identities")


@check("Every state follows one from which it may be reached")
def states_followed(case: Case, inquiry: Inquiry) -> None:
    _report(case, inquiry, "states")


@check("Every reason says what it was")
def reasons_said(case: Case, inquiry: Inquiry) -> None:
    _report(case, inquiry, "words")


@check("Every answer to a person or an operator says what was so at that instant", needs_end=True)
def answers_true(case: Case, inquiry: Inquiry) -> None:
    _report_statements(case, inquiry, answers, "answers")


@check("Every metric counts what was so at each scrape", needs_end=True)
def metrics_true(case: Case, inquiry: Inquiry) -> None:
    _report_statements(case, inquiry, metrics, "metrics")


@check("Every line of the log says what was so, and what happened stands in it", needs_end=True)
def log_true(case: Case, inquiry: Inquiry) -> None:
    """The log is held against rows and facts outside; nothing is ever concluded from it."""
    if case.contract.log is not None and not case.events(PlatformLog):
        inquiry.leave_unverified("the history has no line of the log")
        return
    _report_statements(case, inquiry, log_lines, "log")


CONTRACT_CHECKS: tuple[Check, ...] = (
    rows_accounted_for,
    values_as_declared,
    instants_true,
    identities_kept,
    states_followed,
    reasons_said,
    answers_true,
    metrics_true,
    log_true,
)


def _report(case: Case, inquiry: Inquiry, kind: Kind) -> None:
    if not case.contract.tables:
        inquiry.leave_unverified("the target declares no contract, so what it wrote cannot be held against one")
        return
    found = case.remembered(conformance)
    inquiry.examine(found.judged[kind])
    if not found.judged[kind]:
        inquiry.nothing_needed(f"the contract has no rule about {kind}")
    for complaint in found.complaints:
        if complaint.kind == kind:
            _find(inquiry, complaint)


def _find(inquiry: Inquiry, complaint: Complaint) -> None:
    place = f"{complaint.table}.{complaint.column}" if complaint.column else complaint.table
    of = f" of {complaint.row}" if complaint.row else ""
    inquiry.find(
        place,
        f"{place}{of}, {complaint.write or 'a write that nobody declared'}: not as the contract says",
        expected=complaint.expected,
        actual=complaint.actual,
        keys=Keys(
            table=complaint.table,
            row_id=complaint.row or None,
            column=complaint.column or None,
            transaction=None if complaint.transaction is None else str(complaint.transaction.xid),
        ),
        events=(complaint.transaction,),
    )


def _report_statements(case: Case, inquiry: Inquiry, judge: Callable[[Case], Statements], kind: Told) -> None:
    if not getattr(case.contract, kind):
        inquiry.leave_unverified(f"the target declares no contract, in which its {kind} would stand")
        return
    found = case.remembered(judge)
    inquiry.examine(found.judged[kind])
    if not found.judged[kind]:
        inquiry.nothing_needed(f"no {kind} that the contract declares were recorded")
    for one in found.wrong:
        inquiry.find(
            one.about,
            f"{one.at:%Y-%m-%d %H:%M:%S}: not as the contract says",
            expected=one.expected,
            actual=one.actual,
            keys=replace(NO_KEYS, request_id=one.request_id),
            events=(one.event,),
        )
