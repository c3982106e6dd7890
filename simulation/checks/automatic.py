"""Contests change status automatically: who changed it, and whether in time and not before the signal.

Source: fixtures/spec/requirements.md (C-11), fixtures/spec/platform.md (Contest states, Background work).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.called_off import CANCELLED, called_off
from simulation.checks.evidence.case import Case, PlannedContest, Stay
from simulation.checks.evidence.held_rows import forced_by_runbook, held_until, request_of
from simulation.checks.evidence.relations import SettlementRow, SettlementRunRow
from simulation.checks.evidence.signals import audit_of, field_signal, final_signal
from simulation.events import ProviderAnswer

_AUDIT_COLUMNS = tuple(f"contest_audit_columns.{name}" for name in ("contest_id", "actor", "to_status"))


@check(
    "Every transition was made by the system itself (LOCKED also by the runbook for a lock that failed, CANCELLED by "
    "the organizer), in time and not before its signal",
    about=("contests",),
)
def lifecycle_automatic(case: Case, inquiry: Inquiry) -> None:
    for contest in case.contests:
        _in_time(case, inquiry, contest)
    if not case.business.system_actors:
        case.need_declared("system_actor")
    case.need_declared("contest_audit_table", *_AUDIT_COLUMNS)
    for contest in case.contests:
        for stay in case.stays.get(contest.contest_id, ()):
            if stay.previous is not None:
                inquiry.examine()
                _by_the_system(case, inquiry, contest, stay)


def _by_the_system(case: Case, inquiry: Inquiry, contest: PlannedContest, stay: Stay) -> None:
    audit = audit_of(case, stay.transaction, contest.contest_id, stay.status)
    actor = None if audit is None else audit.get(case.governance.contest_audit_columns["actor"])
    entitled, whom = (case.governance.system_actor, *case.business.system_actors), "the system"
    off = case.remembered(called_off).get(contest.contest_id)
    if off is not None and off.organizer is not None and stay.status == CANCELLED:
        entitled, whom = (off.organizer,), "its organizer"
    if str(actor) not in filter(None, entitled) and not forced_by_runbook(case, contest, stay):
        inquiry.find(
            contest.key,
            f"the transition to {stay.status} was not made by {whom}",
            keys=contest.keys,
            expected=" or ".join(filter(None, entitled)),
            actual=actor,
            events=(stay.transaction,),
        )


def _in_time(case: Case, inquiry: Inquiry, contest: PlannedContest) -> None:
    for status, (earliest, latest) in _windows(case, contest).items():
        arrival = case.arrival(contest.contest_id, status)
        if arrival is None:
            _missing(case, inquiry, contest, status, latest)
        else:
            _not_before(inquiry, contest, arrival, earliest)
            _not_after(inquiry, contest, arrival, latest)


def _windows(case: Case, contest: PlannedContest) -> Mapping[str, tuple[datetime | None, datetime | None]]:
    """Status → the earliest and the latest instant at which it may be reached.

    LOCKED at the configured time, LIVE at the start once the field is known, COMPLETE on the final board. Without a
    score provider the clock alone says when it is LIVE, and nobody when it is over.
    """
    plan, off = contest.plan, case.remembered(called_off).get(contest.contest_id)
    lockable = max(plan.lock, held_until(case, contest) or plan.lock)
    if off is not None:
        return {CANCELLED: (off.since, off.until or lockable + case.within("lifecycle"))}
    startable = plan.start if lockable == plan.lock else max(plan.start, lockable + case.within("lifecycle"))
    locked = (plan.lock, lockable + case.within("lifecycle"))
    if case.lacks("provider"):
        return {"LOCKED": locked, "LIVE": (plan.start, startable + case.within("lifecycle"))}
    field, final = field_signal(case, contest), final_signal(case, contest)
    polled = case.within("lifecycle", "ingestion")
    return {
        "LOCKED": locked,
        "LIVE": (_later(plan.start, field.first), _later(startable + polled, field.first_whole, polled)),
        "COMPLETE": (_later(plan.lock, final.first), _later(plan.lock, final.first_whole, polled)),
    }


def _later(instant: datetime, answer: ProviderAnswer | None, grace: timedelta = timedelta()) -> datetime | None:
    """The later of ``instant`` and the answer's time plus ``grace``; None without an answer."""
    return None if answer is None else max(instant, answer.at + grace)


def _not_before(inquiry: Inquiry, contest: PlannedContest, arrival: Stay, earliest: datetime | None) -> None:
    """The status must not be reached before ``earliest``; None means there was no signal, so it must not be reached."""
    if earliest is None or arrival.at < earliest:
        inquiry.find(
            contest.key,
            f"became {arrival.status} before its signal",
            keys=contest.keys,
            expected="its signal" if earliest is None else f"not before {earliest:%Y-%m-%d %H:%M:%S}",
            actual=f"{arrival.at:%Y-%m-%d %H:%M:%S}",
            events=(arrival.transaction,),
        )


def _not_after(inquiry: Inquiry, contest: PlannedContest, arrival: Stay, latest: datetime | None) -> None:
    if latest is not None and arrival.at > latest:
        inquiry.find(
            contest.key,
            f"became {arrival.status} too late",
            keys=contest.keys,
            expected=f"by {latest:%Y-%m-%d %H:%M:%S}",
            actual=f"{arrival.at:%Y-%m-%d %H:%M:%S}",
            events=(arrival.transaction,),
        )


def _missing(case: Case, inquiry: Inquiry, contest: PlannedContest, status: str, latest: datetime | None) -> None:
    """Find a status that was never reached in time; only a complete history can show that."""
    if latest is not None and case.whole and latest <= case.ended.at:
        what, expected = f"never became {status}", f"by {latest:%Y-%m-%d %H:%M:%S}"
        inquiry.find(contest.key, what, keys=contest.keys, expected=expected, at=latest)


@check(
    "Every settlement was made by the scheduler in time, or by a runbook after it had failed",
    needs_end=True,
    about=("contests",),
)
def settlement_automatic(case: Case, inquiry: Inquiry) -> None:
    rows = {row.settlement_id: row for row in case.rows(SettlementRow)}
    failed = {run.contest_id for run in case.rows(SettlementRunRow) if run.status == "FAILED"}
    table = case.table_of("settlements", rows)
    for change in case.wal.of(table or ""):
        row = rows.get(change.row_id)
        if row is None:
            continue
        inquiry.examine()
        name = case.name(row.contest_id)
        request = request_of(case, change.transaction)
        if request is not None and (request.execution_id is None or row.contest_id not in failed):
            inquiry.find(
                name,
                "settled by hand",
                keys=row.keys,
                actual=request.path,
                events=(request, change.transaction),
            )
        final = None if case.lacks("provider") else _final_of(case, row.contest_id)
        due = None if final is None else final.at + case.within("ingestion", "lifecycle", "settlement")
        if due is not None and change.transaction.at > due and row.contest_id not in failed:
            inquiry.find(
                name,
                "settled too late",
                keys=row.keys,
                expected=f"by {due:%Y-%m-%d %H:%M}",
                events=(change.transaction,),
            )


def _final_of(case: Case, contest_id: str) -> ProviderAnswer | None:
    contest = next((item for item in case.contests if item.contest_id == contest_id), None)
    return None if contest is None else final_signal(case, contest).first_whole
