"""A contest's statuses: SCHEDULED → LOCKED → LIVE → COMPLETE → SETTLED → PAID_OUT, in order and without ERROR.

Source: fixtures/spec/requirements.md (C-11), fixtures/spec/platform.md (Contest states).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import zip_longest

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.called_off import CANCELLED, called_off
from simulation.checks.evidence.case import CannotTell, Case, Stay
from simulation.checks.evidence.keys import Keys
from simulation.checks.evidence.relations import ContestRow, PayoutJobRow
from simulation.checks.evidence.wal import RowChange
from simulation.checks.turned_away import refusals, told_why
from simulation.events.governance import Governance

PATH = ("SCHEDULED", "LOCKED", "LIVE", "COMPLETE")
_ALLOWED = {
    (None, "SCHEDULED"),
    ("SCHEDULED", "LOCKED"),
    ("LOCKED", "LIVE"),
    ("LIVE", "COMPLETE"),
    ("LIVE", "ERROR"),
    ("ERROR", "COMPLETE"),
    ("ERROR", "CANCELLED"),
    ("SCHEDULED", "CANCELLED"),
    ("LOCKED", "CANCELLED"),
    ("LIVE", "CANCELLED"),
}
_TERMS = frozenset({"entry_fee_cents", "payout_structure", "max_entries", "scoring", "provider_event_id", "tournament"})
_TIMES = frozenset({"lock_time", "start_time", "end_time"})


@check(
    "Contests move only along the allowed transitions, and their terms are frozen from LOCKED on", about=("contests",)
)
def lifecycle_order(case: Case, inquiry: Inquiry) -> None:
    for contest_id, stays in sorted(case.stays.items()):
        for stay in stays:
            inquiry.examine()
            if (stay.previous, stay.status) not in _ALLOWED:
                inquiry.find(
                    case.name(contest_id),
                    f"moved from {stay.previous} to {stay.status}",
                    keys=Keys(contest_id=contest_id),
                    expected=" → ".join(PATH),
                    actual=f"{stay.previous} → {stay.status}",
                    events=(stay.transaction,),
                )
    terms = _terms(case.governance)
    if not terms:
        raise CannotTell("relation contests: every term is computed, so the write-ahead log cannot be asked for them")
    for change in case.wal.of(case.governance.contest_table):
        _terms_frozen(case, inquiry, change, terms)


def _terms(governance: Governance) -> Sequence[str]:
    """Columns of the contests' table that do not change once a contest is locked."""
    planned = {name.split(".", 1)[1] for name in governance.planned_time_columns if "." in name}
    terms = {governance.own_column("contests", column) for column in _TERMS}
    times = {governance.own_column("contests", column) for column in _TIMES}
    return sorted(column for column in terms | (planned & times) if column is not None)


def _terms_frozen(case: Case, inquiry: Inquiry, change: RowChange, terms: Sequence[str]) -> None:
    before, after = change.before, change.after
    if before is None or after is None or case.contest_status(before) == "SCHEDULED":
        return
    for column in terms:
        if before.get(column) != after.get(column):
            inquiry.find(
                case.name(change.row_id),
                f"{column} changed after the contest was locked",
                keys=Keys(contest_id=change.row_id, table=change.table, row_id=change.row_id, column=column),
                expected=before.get(column),
                actual=after.get(column),
                events=(change.transaction,),
            )


@check(
    "Every contest of the scenario was completed, settled and paid out; one that was called off was cancelled",
    needs_end=True,
    about=("contests",),
)
def contests_paid_out(case: Case, inquiry: Inquiry) -> None:
    rows = {row.contest_id: row for row in case.rows(ContestRow)}
    jobs = {job.contest_id: job for job in case.rows(PayoutJobRow)}
    created = {contest.key: contest for contest in case.contests}
    off = case.remembered(called_off)
    for plan in case.scenario.contests:
        inquiry.examine()
        contest = created.get(plan.key)
        row = rows.get(contest.contest_id) if contest else None
        if row is None:
            keys = contest.keys if contest else Keys(contest=plan.key)
            what, refused = "the contest does not exist at the end of the run", refusals(case, plan.key)
            actual = f"none{told_why(refused)}"
            inquiry.find(plan.key, what, keys=keys, expected="PAID_OUT", actual=actual, events=refused[:1])
            continue
        keys = replace(row.keys, contest=plan.key)
        if row.contest_id in off:
            if row.status != CANCELLED or row.settled_at is not None:
                what = "the contest was called off and not cancelled"
                inquiry.find(plan.key, what, keys=keys, expected=CANCELLED, actual=_stage(row))
            continue
        job = jobs.get(row.contest_id)
        stage = _stage(row)
        done = case.lacks("payout_jobs") or (job is not None and job.status == "complete")
        if stage != "PAID_OUT" or not done:
            inquiry.find(
                plan.key,
                "the contest was not paid out",
                keys=keys,
                expected="PAID_OUT",
                actual=stage if done else f"{stage}, payout job {job.status if job else 'missing'}",
            )
        elif not _stages_in_order(case, row):
            expected = "COMPLETE ≤ SETTLED ≤ PAID_OUT"
            inquiry.find(plan.key, "stages out of order", keys=keys, expected=expected, actual=row)


def _stage(row: ContestRow) -> str:
    if row.status != "COMPLETE" or row.settled_at is None:
        return row.status
    return "SETTLED" if row.paid_out_at is None else "PAID_OUT"


def _stages_in_order(case: Case, row: ContestRow) -> bool:
    complete = case.arrival(row.contest_id, "COMPLETE")
    if complete is None or row.settled_at is None or row.paid_out_at is None:
        raise CannotTell(f"{case.name(row.contest_id)}: the write-ahead log does not show when it became COMPLETE")
    return complete.at <= row.settled_at <= row.paid_out_at


@check("No contest entered ERROR", about=("contests",))
def no_error_state(case: Case, inquiry: Inquiry) -> None:
    for contest_id, stays in sorted(case.stays.items()):
        inquiry.examine()
        for stay in stays:
            if stay.status == "ERROR":
                keys = Keys(contest_id=contest_id)
                inquiry.find(case.name(contest_id), "entered ERROR", keys=keys, events=(stay.transaction,))


@check(
    "Every ERROR state had a documented way out: a runbook that was carried out and ended it",
    needs_end=True,
    about=("contests",),
)
def error_states_recovered(case: Case, inquiry: Inquiry) -> None:
    for contest_id, stays in sorted(case.stays.items()):
        inquiry.examine()
        for stay, following in zip_longest(stays, stays[1:]):
            if stay.status == "ERROR" and not _recovered(case, stay, following):
                inquiry.find(
                    case.name(contest_id),
                    "was in ERROR without a documented recovery",
                    keys=Keys(contest_id=contest_id),
                    expected="a completed runbook execution, and out of ERROR within it",
                    actual="still in ERROR" if following is None else f"left for {following.status}",
                    events=(stay.transaction,),
                )


def _recovered(case: Case, stay: Stay, following: Stay | None) -> bool:
    return following is not None and any(
        execution.ended is not None
        and execution.ended.status == "completed"
        and stay.at <= execution.started.at <= following.at <= execution.ended.at
        for execution in case.executions
    )
