"""Rows that a fault deleted from the database: which ones, and whether exactly those were restored.

A deletion is the fault's only if its transaction committed when the fault struck and deleted exactly the rows that the
fault names. A restored row is compared with the write-ahead log from before the loss, not with the archive.

Source: fixtures/spec/requirements.md (R-8).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import Keys
from simulation.checks.evidence.requests import matches
from simulation.checks.evidence.tasks import legitimate_executions, within_an_execution
from simulation.checks.evidence.wal import RowChange
from simulation.events import Exchange, FaultInjected, FaultScheduled, Transaction, row_digest
from simulation.scenario.faults.database import ContestRowsLost

ROWS_LOST = ContestRowsLost.name()
_TOLERANCE = timedelta(seconds=1)


@dataclass(frozen=True, kw_only=True)
class _Loss:
    strike: FaultInjected
    rows: tuple[RowChange, ...]
    """The deleted rows as they were; empty when no transaction deleted what the fault names."""


def taken_by_faults(case: Case) -> frozenset[int]:
    """Numbers of the transactions that only deleted rows for a fault."""
    return frozenset(row.transaction.xid for loss in _losses(case) for row in loss.rows)


def _losses(case: Case) -> Sequence[_Loss]:
    strikes = [strike for strike in case.events(FaultInjected) if strike.fault_kind == ROWS_LOST]
    return [_Loss(strike=strike, rows=_rows_taken(case, strike)) for strike in strikes]


def _rows_taken(case: Case, strike: FaultInjected) -> tuple[RowChange, ...]:
    wanted = {table: strike.keys[table] for table in case.governance.contest_score_tables if table in strike.keys}
    for transaction in case.wal.transactions:
        if abs(transaction.at - strike.at) <= _TOLERANCE and _digests(transaction) == wanted:
            return tuple(case.wal.changes_of(transaction))
    return ()


def _digests(transaction: Transaction) -> Mapping[str, str] | None:
    """Table → digest of the ids of the rows that the transaction deleted; None if it did anything else, too."""
    if any(change.op != "delete" for change in transaction.changes):
        return None
    ids: dict[str, list[str]] = {}
    for change in transaction.changes:
        ids.setdefault(change.table, []).append(str(change.key.get("id")))
    return {table: row_digest(found) for table, found in ids.items()}


@check("Every row that a fault took from the database is back at the end", needs_end=True)
def lost_rows_restored(case: Case, inquiry: Inquiry) -> None:
    for loss in _losses(case):
        inquiry.examine()
        if not loss.rows:
            what = "no transaction deleted what the fault took"
            inquiry.find("loss of rows", what, keys=Keys(fault_id=loss.strike.fault_id), events=(loss.strike,))
        for row in loss.rows:
            inquiry.examine()
            if row.row_id not in case.wal.rows(row.table):
                subject = f"{row.table} {row.row_id}"
                keys, seen = replace(row.keys, fault_id=loss.strike.fault_id), (loss.strike, row.transaction)
                inquiry.find(subject, "lost and never restored", keys=keys, events=seen)
    if not inquiry.examined:
        inquiry.nothing_needed("no fault took rows from the database")


@check("A restore brought back rows that a fault had taken, as they were, by the runbook for it, and did nothing else")
def restored_as_it_was(case: Case, inquiry: Inquiry) -> None:
    lost = {(row.table, row.row_id): row for loss in _losses(case) for row in loss.rows}
    for transaction in _restores(case, lost):
        inquiry.examine()
        _brings_nothing_else(case, inquiry, transaction, lost)
        if not _by_the_runbook(case, transaction):
            inquiry.find(
                f"transaction {transaction.xid}",
                "lost rows came back outside an execution of the runbook for it",
                keys=Keys(transaction=str(transaction.xid)),
                expected="a request of an open, legitimate execution",
                events=(transaction,),
            )
    if not inquiry.examined:
        inquiry.nothing_needed("nothing was restored")


def _restores(case: Case, lost: Mapping[tuple[str, str], RowChange]) -> Iterator[Transaction]:
    """Transactions of a request to restore, and all others that inserted a lost row again."""
    requests = {exchange.request_id for exchange in _requests(case)}
    if not requests and not lost:
        return
    column = case.governance.audit_columns.get("request_id", "")
    for transaction in case.wal.transactions:
        asked = any(
            change.table == case.governance.audit_table and change.new.get(column) in requests
            for change in transaction.changes
        )
        if asked or any(_is_back(change, lost) for change in case.wal.changes_of(transaction)):
            yield transaction


def _is_back(change: RowChange, lost: Mapping[tuple[str, str], RowChange]) -> bool:
    row = lost.get((change.table, change.row_id))
    return row is not None and change.op == "insert" and change.transaction.xid > row.transaction.xid


def _requests(case: Case) -> Iterator[Exchange]:
    pattern = case.governance.restore_request
    return (exchange for exchange in case.events(Exchange) if pattern and matches(pattern, exchange))


def _brings_nothing_else(
    case: Case, inquiry: Inquiry, transaction: Transaction, lost: Mapping[tuple[str, str], RowChange]
) -> None:
    records = case.governance.records_of_requests
    for change in case.wal.changes_of(transaction):
        subject = f"{change.table} {change.row_id}"
        if change.table in records and change.op == "insert":
            continue
        if not _is_back(change, lost):
            inquiry.find(
                subject,
                f"{change.op} in a restore, of a row that no fault took",
                keys=change.keys,
                expected="rows that were lost, as they were",
                actual=change.after,
                events=(transaction,),
            )
        elif change.after != (before := lost[change.table, change.row_id].before):
            inquiry.find(
                subject,
                "came back as another row than was lost",
                keys=change.keys,
                expected=before,
                actual=change.after,
                events=(transaction,),
            )


def _by_the_runbook(case: Case, transaction: Transaction) -> bool:
    runbooks = {fault.runbook for fault in case.events(FaultScheduled) if fault.fault_kind == ROWS_LOST}
    column = case.governance.audit_columns.get("request_id", "")
    ids = {change.new.get(column) for change in transaction.changes if change.table == case.governance.audit_table}
    legitimate = legitimate_executions(case) & {
        execution.started.execution_id for execution in case.executions if execution.started.runbook in runbooks
    }
    return any(
        exchange.request_id in ids and within_an_execution(case, exchange, legitimate) for exchange in _requests(case)
    )
