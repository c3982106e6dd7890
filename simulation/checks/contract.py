"""What the platform wrote, compared with its contract: rows, values, instants, identities, states and reasons."""

from __future__ import annotations

from simulation.checks.base import Check, Inquiry, check
from simulation.checks.conformance.engine import Complaint, Kind, conformance
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import Keys


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


CONTRACT_CHECKS: tuple[Check, ...] = (
    rows_accounted_for,
    values_as_declared,
    instants_true,
    identities_kept,
    states_followed,
    reasons_said,
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
