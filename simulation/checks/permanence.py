"""What was written is not changed later: append-only tables, executions, final transfers, dates, settled books.

Source: fixtures/spec/requirements.md (06A: Constraints), simulation/DESIGN.md (Where the specification pulls two ways).
"""

from __future__ import annotations

import heapq
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime
from itertools import pairwise

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import CannotTell, Case, Undeclared, Unobserved
from simulation.checks.evidence.keys import Keys
from simulation.checks.evidence.relations import SettlementRow, TransferRow
from simulation.checks.evidence.wal import RowChange, as_instant, whole_second
from simulation.checks.lost_rows import taken_by_faults
from simulation.contract.business import Statuses
from simulation.events import Row
from simulation.events.governance import Governance
from simulation.words import plural

_FINAL = frozenset({"completed", "failed", "partial"})
_PHASES = (
    *("detection", "diagnosis", "prerequisites", "recovery", "steps", "verification", "documentation"),
    *("rollback", "escalation"),
)
_KEPT_OF_AN_EXECUTION = ("runbook_name", "runbook_version", "executed_by", "start_time", "system_state_before")
_FASTER = 10
"""Simulated time runs at least so many times faster than the machine's."""
_TERMINAL_TRANSFER = frozenset({"completed", "failed_terminal"})
_KEPT_OF_A_TRANSFER = ("status", "amount_cents", "stripe_transfer_id", "user_id", "contest_id", "idempotency_key")


@check("Append-only tables were only appended to, executions went forward once, settled and paid rows never changed")
def append_only(case: Case, inquiry: Inquiry) -> None:
    governance = case.governance
    kept = {*governance.append_only_tables, governance.audit_table, governance.contest_audit_table}
    lost = taken_by_faults(case)
    settlements = _table_of(case, inquiry, SettlementRow, "settlement_id")
    transfers = _table_of(case, inquiry, TransferRow, "transfer_id")
    frozen = _transfer_columns(case, inquiry) if transfers else {}
    if not governance.append_only_tables:
        inquiry.cannot_tell(Undeclared("append_only_tables", "[governance] in target.toml"))
    if case.executions and not governance.executions_table:
        inquiry.cannot_tell(Undeclared("executions_table", "[governance] in target.toml"))
    concerned = {table for table in (*kept, settlements, governance.executions_table, transfers) if table}
    for change in heapq.merge(*(case.wal.of(table) for table in sorted(concerned)), key=_number):
        if change.table in kept or change.table == settlements:
            inquiry.examine()
            if change.transaction.xid not in lost:
                _only_inserted(inquiry, change)
        elif change.table == governance.executions_table:
            inquiry.examine()
            _execution_goes_forward(inquiry, change)
        elif change.table == transfers:
            inquiry.examine()
            _terminal_for_good(inquiry, change, frozen, case.business.statuses)


def _number(change: RowChange) -> int:
    return change.transaction.xid


def _table_of(case: Case, inquiry: Inquiry, kind: type[SettlementRow] | type[TransferRow], column: str) -> str | None:
    """The target's table behind a canonical relation, found by ids; None where it has no rows or cannot be found."""
    try:
        return case.table_of(kind.relation, [getattr(row, column) for row in case.rows(kind)])
    except CannotTell as gap:
        inquiry.cannot_tell(gap)
        return None


def _transfer_columns(case: Case, inquiry: Inquiry) -> Mapping[str, str]:
    """Columns that must not change once a transfer is final: canonical name → the name in the target's table."""
    own = {name: case.governance.own_column("transfers", name) for name in _KEPT_OF_A_TRANSFER}
    if own["status"] is None:
        inquiry.cannot_tell("relation transfers: status is computed, so the log does not tell which are final")
    return {name: column for name, column in own.items() if column is not None}


def _only_inserted(inquiry: Inquiry, change: RowChange) -> None:
    if change.op != "insert":
        inquiry.find(
            f"{change.table} {change.row_id}".strip(),
            f"{change.op} on an append-only table",
            keys=change.keys,
            expected="insert only",
            actual=_difference(change.before, change.after),
            events=(change.transaction,),
        )


def _execution_goes_forward(inquiry: Inquiry, change: RowChange) -> None:
    subject, before, after = f"execution {change.row_id}", change.before, change.after
    problems: list[str] = []
    if after is None:
        problems.append("was deleted")
    elif before is None:
        if after.get("status") != "in_progress":
            problems.append(f"began with status {after.get('status')}")
    else:
        if before.get("status") in _FINAL:
            problems.append(f"changed after it was {before.get('status')}")
        problems += [f"{column} changed" for column in _KEPT_OF_AN_EXECUTION if before.get(column) != after.get(column)]
        if _position(after) < _position(before):
            problems.append("phase or step went back")
    for problem in problems:
        inquiry.find(
            subject,
            f"the execution {problem}",
            keys=replace(change.keys, execution_id=change.row_id),
            actual=_difference(before, after),
            events=(change.transaction,),
        )


def _position(row: Row) -> tuple[int, int]:
    phase, step = str(row.get("execution_phase") or ""), row.get("phase_step")
    return (_PHASES.index(phase) if phase in _PHASES else -1, step if isinstance(step, int) else 0)


def _terminal_for_good(inquiry: Inquiry, change: RowChange, columns: Mapping[str, str], words: Statuses) -> None:
    """``words``: the target's own names of statuses."""
    before, after = change.before, change.after
    status = columns.get("status", "")
    keys = replace(change.keys, transfer_id=change.row_id)
    if after is None:
        inquiry.find(f"transfer {change.row_id}", "the transfer was deleted", keys=keys, events=(change.transaction,))
    elif before is not None and words.canonical("transfers", str(before.get(status))) in _TERMINAL_TRANSFER:
        for column in columns.values():
            if before.get(column) != after.get(column):
                inquiry.find(
                    f"transfer {change.row_id}",
                    f"{column} changed after the transfer was {before.get(status)}",
                    keys=replace(keys, column=column),
                    expected=before.get(column),
                    actual=after.get(column),
                    events=(change.transaction,),
                )


def _difference(before: Row | None, after: Row | None) -> str:
    if before is None or after is None:
        return ""
    changed = sorted(column for column in before.keys() | after.keys() if before.get(column) != after.get(column))
    return ", ".join(f"{column}: {before.get(column)!r} → {after.get(column)!r}" for column in changed)


@check("No row is dated outside the simulated window")
def time_window(case: Case, inquiry: Inquiry) -> None:
    planned = frozenset(case.governance.planned_time_columns)
    first, last = case.started.window_start, case.started.window_end
    if case.whole:
        last = max(last, case.ended.at)
    outside = sorted(
        (table, column)
        for table, column, earliest, latest in case.wal.spans()
        if not first <= earliest <= whole_second(latest) <= last
        and f"{table}.{column}" not in planned
        and not (table not in case.contract.tables and _is_a_plan(case, table, column))
    )
    inquiry.examine(case.wal.size)
    late = {at.xid for at in case.wal.transactions if at.changes and not first <= at.at <= last}
    if not outside and not late:
        return
    for change in case.wal.changes:
        if change.transaction.xid in late:
            what = "committed outside the simulated window"
            inquiry.find(change.table, what, keys=change.keys, events=(change.transaction,))
        for table, column in outside:
            instant = as_instant((change.after or {}).get(column)) if table == change.table else None
            if instant is not None and not first <= whole_second(instant) <= last:
                inquiry.find(
                    f"{table}.{column} of {change.row_id}",
                    "dated outside the simulated window",
                    keys=replace(change.keys, column=column),
                    expected=f"{first:%Y-%m-%d %H:%M:%S} to {last:%Y-%m-%d %H:%M:%S}; "
                    "a time that is planned is named in planned_time_columns",
                    actual=instant.isoformat(),
                    events=(change.transaction,),
                )


def _is_a_plan(case: Case, table: str, column: str) -> bool:
    """Whether an undeclared column holds deadlines or appointments, and neither records nor another clock's time.

    They are where each lies after its own commit, unless they go on as a clock does: another moment with every
    transaction, all within a tenth of the time over which these were committed. One row of a governed table shows too
    little.
    """
    dated = [
        (change.transaction.at, whole_second(instant))
        for change in case.wal.of(table)
        if (instant := as_instant((change.after or {}).get(column))) is not None
        and (change.before or {}).get(column) != (change.after or {}).get(column)
    ]
    if any(instant <= at for at, instant in dated) or (len(dated) < 2 and table in case.governance.governed_tables):
        return False
    latest: dict[datetime, datetime] = {}
    for at, instant in dated:
        latest[at] = max(instant, latest.get(at, instant))
    moments, commits = list(latest.values()), list(latest)
    goes_on = len(moments) > 1 and all(earlier < later for earlier, later in pairwise(moments))
    return not goes_on or (moments[-1] - moments[0]) * _FASTER >= commits[-1] - commits[0]


_BOOKS = {
    "postings": "posting_id",
    "transfers": "transfer_id",
    "refunds": "refund_id",
    "payments": "payment_id",
    "settlements": "settlement_id",
    "contests": "contest_id",
    "runbook_executions": "id",
}


@check("Folding the write-ahead log gives the same books as the database shows", needs_end=True)
def books_match_wal(case: Case, inquiry: Inquiry) -> None:
    for relation, id_column in _BOOKS.items():
        observed = case.history.rows(relation)
        if observed is None:
            if relation not in case.business.absent:
                inquiry.cannot_tell(Unobserved(relation))
            continue
        rows = {str(row[id_column]): row for row in observed}
        table = case.table_showing(relation, rows)
        if table is not None:
            logged = case.wal.rows(table)
            if relation in case.business.filtered:
                logged = {row_id: row for row_id, row in logged.items() if row_id in rows}
            _same_rows(case, inquiry, relation, id_column, rows, logged)
        elif not _shows_ids(case.governance, relation, id_column):
            inquiry.cannot_tell(f"relation {relation}: its {id_column} is not the id by which the log tells rows apart")
        elif rows:
            what = "no row of it is in the write-ahead log"
            inquiry.find(relation, what, keys=Keys(table=relation), actual=plural(len(rows), "row"))


def _same_rows(
    case: Case, inquiry: Inquiry, relation: str, key: str, rows: Mapping[str, Row], logged: Mapping[str, Row]
) -> None:
    """Compare every row of a relation with the log, value by value; ``unknown`` if no value can be compared."""
    compared = 0
    for row_id in sorted(rows.keys() | logged.keys()):
        inquiry.examine()
        own = _by_canonical_names(case.governance, relation, logged.get(row_id))
        compared += _same_row(inquiry, Keys(table=relation, row_id=row_id), rows.get(row_id), own, key)
    if not compared:
        inquiry.cannot_tell(f"relation {relation}: every column is computed, nothing can be held against the log")


def _shows_ids(governance: Governance, relation: str, key: str) -> bool:
    """Whether a relation's key is the column ``id``, which identifies rows in the write-ahead log."""
    return governance.observed_columns is None or governance.own_column(relation, key) == "id"


def _by_canonical_names(governance: Governance, relation: str, logged: Row | None) -> Row | None:
    """A row of the log under its canonical column names, without the columns that the observer's query computes."""
    if logged is None or governance.observed_columns is None:
        return logged
    names = governance.observed_columns.get(relation, {})
    return {canonical: logged[own] for canonical, own in names.items() if own in logged}


def _same_row(inquiry: Inquiry, keys: Keys, observed: Row | None, logged: Row | None, key: str) -> int:
    """Compare one observed row with the log's.

    :returns: how many values were compared, without the key's.
    """
    subject = f"{keys.table} {keys.row_id}"
    if observed is None or logged is None:
        where = "the database, not in the log" if logged is None else "the log, not in the database"
        inquiry.find(subject, f"the row is in {where}", keys=keys)
        return 0
    compared = 0
    for column in sorted(observed.keys() & logged.keys()):
        if isinstance(logged[column], dict | list) or isinstance(observed[column], list):
            continue  # not comparable: the log may keep only the hash of a large document, and has arrays as text
        if _plain(observed[column]) != _plain(logged[column]):
            inquiry.find(
                subject,
                f"{column} differs between log and database",
                keys=replace(keys, column=column),
                expected=logged[column],
                actual=observed[column],
            )
        compared += column != key
    return compared


def _plain(value: object) -> object:
    """A value in a form that does not depend on the database driver: times as instants, the rest as text."""
    return as_instant(value) or str(value)
