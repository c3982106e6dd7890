"""The audit trail against the write-ahead log: every change of a governed table has a record, and the reverse.

Source: fixtures/spec/requirements.md (C-35), simulation/DESIGN.md (Witnesses and checks).
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from functools import partial

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.held_open import may_have_begun
from simulation.checks.evidence.keys import NO_KEYS, Keys, shared
from simulation.checks.evidence.signals import audit_of
from simulation.checks.evidence.wal import RowChange, as_instant
from simulation.checks.lost_rows import taken_by_faults
from simulation.events import AdminAppointed, Row, Transaction

TOLERANCE = timedelta(seconds=1)
"""``now()`` is when a transaction begins, its commit time when it ends; the simulated clock may advance in between."""
_STEP_WORD = "runbook"
"""Audit records of runbook steps need no change of a governed table beside them."""
_AUDIT_COLUMNS = ("transaction_id", "actor", "action", "reason", "request_id", "created_at")
_CONTEST_AUDIT_COLUMNS = ("contest_id", "actor", "action", "reason", "from_status", "to_status", "created_at")


@check("Every transaction that changed a governed table has its audit record, and every audit record its change")
def audit_completeness(case: Case, inquiry: Inquiry) -> None:
    governance, lost = case.governance, taken_by_faults(case)
    if not governance.audit_table and case.started:  # a history without its first event does not say which platform ran
        if case.scenario.profile == "payments":
            case.need_declared("audit_table")  # the specification demands a trail of a platform for contests only
        inquiry.find(
            "audit trail",
            "the platform keeps no audit table, so that no change explains itself",
            keys=NO_KEYS,
            expected="audit_table in [governance] of target.toml",
            actual="none",
            cause=True,
        )
        return
    case.need_declared("governed_tables", *(f"audit_columns.{name}" for name in _AUDIT_COLUMNS))
    governed_tables = frozenset(governance.governed_tables)
    for transaction in case.wal.touching({*governed_tables, governance.audit_table}):
        governed = sorted({change.table for change in transaction.changes} & governed_tables)
        records = _inserted(transaction, governance.audit_table)
        if (not governed and not records) or transaction.xid in lost or _by_the_harness(case, transaction):
            continue
        inquiry.examine()
        if not records:
            inquiry.find(
                ", ".join(governed),
                f"transaction {transaction.xid} changed {', '.join(governed)} without an audit record",
                keys=_changed(case, transaction, governed),
                expected=f"a row in {governance.audit_table}",
                actual="none",
                events=(transaction,),
            )
        for record in records:
            _record_is_sound(case, inquiry, transaction, record, governed)


def _by_the_harness(case: Case, transaction: Transaction) -> bool:
    """Whether it did nothing but appoint an admin, or take their rights, by the SQL of target.toml, before day 0."""
    if not case.business.admins_by_sql or transaction.at >= case.started.absence_start:
        return False
    admins = {admin.user_id for admin in case.events(AdminAppointed)}
    return all(change.row_id in admins for change in case.wal.changes_of(transaction))


def _record_is_sound(case: Case, inquiry: Inquiry, transaction: Transaction, record: Row, governed: list[str]) -> None:
    columns, find = case.governance.audit_columns, partial(_find, case, inquiry, transaction, record)
    for name in ("actor", "action", "reason", "request_id"):
        if not str(record.get(columns[name]) or "").strip():
            find(f"audit record without {name}", column=columns[name], expected=f"a {name}")
    noted = record.get(columns["transaction_id"])
    if str(noted) != str(transaction.xid):
        what = "audit record speaks of another transaction than the one that wrote it"
        find(what, column=columns["transaction_id"], expected=transaction.xid, actual=noted)
    dated = record.get(columns["created_at"])
    if not _at_commit(case, dated, transaction):
        what = "audit record is not dated at its commit"
        find(what, column=columns["created_at"], expected=transaction.at.isoformat(), actual=dated)
    if not governed and _STEP_WORD not in str(record.get(columns["action"]) or ""):
        find("audit record without a change that it explains")


def _find(
    case: Case,
    inquiry: Inquiry,
    transaction: Transaction,
    record: Row,
    what: str,
    *,
    column: str | None = None,
    expected: object = "",
    actual: object = "",
) -> None:
    """Note a finding about one audit record."""
    action = str(record.get(case.governance.audit_columns["action"]) or "")
    row_id = str(record.get("id") or "")
    inquiry.find(
        f"audit record {row_id} ({action or 'no action'})",
        what,
        keys=Keys(table=case.governance.audit_table, row_id=row_id or None, column=column),
        expected=expected,
        actual=actual,
        events=(transaction,),
    )


def _changed(case: Case, transaction: Transaction, governed: list[str]) -> Keys:
    """The transaction's number, with the table and the row where all its governed changes are of one."""
    one = shared(change.keys for change in case.wal.changes_of(transaction) if change.table in governed)
    return replace(one, transaction=str(transaction.xid))


def _at_commit(case: Case, noted: object, transaction: Transaction) -> bool:
    instant, begun = as_instant(noted), may_have_begun(case, transaction.at)
    return instant is not None and begun - TOLERANCE <= instant <= transaction.at + TOLERANCE


@check(
    "Every change of a contest's status has its audit row in the same transaction: actor, reason, from, to, time",
    about=("contests",),
)
def transition_audit(case: Case, inquiry: Inquiry) -> None:
    governance = case.governance
    explained: set[tuple[int, str, str]] = set()
    if not governance.contest_audit_table and case.started:
        inquiry.find(
            "contests' audit trail",
            "the platform keeps no audit table of its contests' transitions, so that none explains itself",
            keys=NO_KEYS,
            expected="contest_audit_table in [governance] of target.toml",
            actual="none",
            cause=True,
        )
        return
    case.need_declared(*(f"contest_audit_columns.{name}" for name in _CONTEST_AUDIT_COLUMNS))
    for contest_id, stays in sorted(case.stays.items()):
        for stay in stays:
            inquiry.examine()
            explained.add((stay.transaction.xid, contest_id, stay.status))
            if stay.previous is None:
                _creation_is_audited(case, inquiry, stay.transaction, contest_id)
                continue
            row = audit_of(case, stay.transaction, contest_id, stay.status)
            if row is None:
                inquiry.find(
                    case.name(contest_id),
                    f"{stay.previous} → {stay.status} has no audit row in its transaction",
                    keys=Keys(contest_id=contest_id),
                    expected=f"a row in {governance.contest_audit_table} with {stay.previous} → {stay.status}",
                    actual="none",
                    events=(stay.transaction,),
                )
            else:
                _row_is_sound(case, inquiry, stay.transaction, row, stay.previous)
    for change in case.wal.of(governance.contest_audit_table):
        _tells_the_truth(case, inquiry, change, explained)


def _creation_is_audited(case: Case, inquiry: Inquiry, transaction: Transaction, contest_id: str) -> None:
    column = case.governance.contest_audit_columns["contest_id"]
    rows = _inserted(transaction, case.governance.contest_audit_table)
    if not any(str(row.get(column)) == contest_id for row in rows):
        keys = Keys(contest_id=contest_id)
        inquiry.find(case.name(contest_id), "the contest's creation has no audit row", keys=keys, events=(transaction,))


def _row_is_sound(case: Case, inquiry: Inquiry, transaction: Transaction, row: Row, previous: str) -> None:
    columns = case.governance.contest_audit_columns
    contest_id = str(row.get(columns["contest_id"]))
    subject = case.name(contest_id)
    keys = Keys(contest_id=contest_id, table=case.governance.contest_audit_table)
    for name in ("actor", "action", "reason"):
        if not str(row.get(columns[name]) or "").strip():
            what, own = f"transition without {name}", replace(keys, column=columns[name])
            inquiry.find(subject, what, keys=own, expected=f"a {name}", events=(transaction,))
    if _status(case, row, "from_status") != previous:
        inquiry.find(
            subject,
            "transition audited from another status than it had",
            keys=replace(keys, column=columns["from_status"]),
            expected=previous,
            actual=row.get(columns["from_status"]),
            events=(transaction,),
        )
    dated = row.get(columns["created_at"])
    if not _at_commit(case, dated, transaction):
        inquiry.find(
            subject,
            "audit record is not dated at its commit",
            keys=replace(keys, column=columns["created_at"]),
            expected=transaction.at.isoformat(),
            actual=dated,
            events=(transaction,),
        )


def _tells_the_truth(case: Case, inquiry: Inquiry, change: RowChange, explained: set[tuple[int, str, str]]) -> None:
    """An audit row that names a transition must be in the transaction that made it, except a *failed* transition's."""
    columns, row = case.governance.contest_audit_columns, change.after or {}
    contest_id, to_status = str(row.get(columns["contest_id"])), _status(case, row, "to_status")
    moved = to_status is not None and _status(case, row, "from_status") not in (None, to_status)
    failed = "failed" in str(row.get(columns["action"]))
    beside = (change.transaction.xid, contest_id, str(to_status)) in explained
    if change.op == "insert" and moved and not failed and not beside:
        inquiry.find(
            case.name(contest_id),
            f"audit row claims {row.get(columns['from_status'])} → {to_status}, which did not happen with it",
            keys=replace(change.keys, contest_id=contest_id),
            events=(change.transaction,),
        )


def _status(case: Case, row: Row, column: str) -> str | None:
    """The canonical status in a column of an audit row; None where it is null."""
    word = row.get(case.governance.contest_audit_columns[column])
    return None if word is None else case.canonical_status(word)


def _inserted(transaction: Transaction, table: str) -> list[Row]:
    return [change.new for change in transaction.changes if change.table == table and change.op == "insert"]
