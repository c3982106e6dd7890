"""The net row changes that an execution left behind, by the write-ahead log: what it wrote minus what it undid.

Others write at the same time. So only transactions of the execution's own requests count (the audit record in each
names its request), and of those only the columns that they changed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from simulation.checks.evidence.case import Case, WitnessedExecution
from simulation.checks.evidence.relations import PostingRow
from simulation.checks.evidence.wal import RowChange
from simulation.currency import USD
from simulation.events import Row

_TABLE = re.compile(r"\bFROM\s+(\w+)", re.IGNORECASE)
_NO_STATE = frozenset({"updated_at"})
"""Columns left out of the comparison: the time of the last update is not state."""
_KEYS = ("idempotency_key", "stripe_event_id", "stripe_payment_intent_id", "contest_name", "name", "email", "key")


@dataclass(frozen=True, kw_only=True)
class StateDifference:
    """One net change. ``key`` describes the row for readers; ``column`` is empty if the row was added or deleted."""

    relation: str
    key: str
    column: str
    before: object
    after: object

    def __str__(self) -> str:
        what = f"{self.column} was {self.before!r}, is {self.after!r}" if self.column else self.after
        return f"{self.relation}, {self.key}: {what}"


def net_changes(case: Case, execution: WitnessedExecution, relations: Mapping[str, str]) -> tuple[StateDifference, ...]:
    """Everything that the execution's requests changed and did not change back, without the records of what was asked.

    :param relations: canonical relation → the target's SQL query, from which the table's name is read.
    """
    names = {match[1]: relation for relation, query in relations.items() if (match := _TABLE.search(query))}
    governance = case.governance
    trail = governance.records_of_requests | {governance.executions_table}
    rows: dict[tuple[str, str], list[RowChange]] = {}
    for change in _own_changes(case, execution):
        if change.table not in trail:
            rows.setdefault((change.table, change.row_id), []).append(change)
    found: list[StateDifference] = []
    for (table, row_id), changes in sorted(rows.items()):
        relation = names.get(table, table)
        if relation != PostingRow.relation:
            found.extend(_of_row(case, relation, row_id, changes))
    postings = {row_id for table, row_id in rows if names.get(table) == PostingRow.relation}
    found.extend(_of_ledger(case, postings))
    return tuple(found)


def own_requests(execution: WitnessedExecution) -> frozenset[str]:
    """Ids of the requests made by the execution's commands."""
    return frozenset(request for step in execution.steps for request in step.request_ids)


def _own_changes(case: Case, execution: WitnessedExecution) -> Iterator[RowChange]:
    requests, column = own_requests(execution), case.governance.audit_columns["request_id"]
    own = {
        change.transaction.xid
        for change in case.wal.of(case.governance.audit_table)
        if change.after is not None and str(change.after.get(column)) in requests
    }
    return (change for change in case.wal.changes if change.transaction.xid in own)


def _of_row(case: Case, relation: str, row_id: str, changes: Sequence[RowChange]) -> Iterator[StateDifference]:
    before, after = changes[0].before, changes[-1].after
    key = _key(case, row_id, after or before or {})
    if before is None or after is None:
        if before is not after:
            said = "the row was added and stays" if before is None else "the row is gone"
            yield StateDifference(relation=relation, key=key, column="", before=before, after=said)
        return
    for column in sorted({column for change in changes for column in _changed(change)} - _NO_STATE):
        first = next(change for change in changes if column in _changed(change))
        last = next(change for change in reversed(changes) if column in _changed(change))
        was, now = (first.before or {}).get(column), (last.after or {}).get(column)
        if was != now:
            yield StateDifference(relation=relation, key=key, column=column, before=was, after=now)


def _changed(change: RowChange) -> set[str]:
    before, after = change.before or {}, change.after or {}
    return {column for column in {**before, **after} if before.get(column) != after.get(column)}


def _of_ledger(case: Case, posting_ids: set[str]) -> Iterator[StateDifference]:
    """Postings are never deleted: they count as undone when the execution's postings balance in each account."""
    balances: dict[tuple[str, str, str, str], int] = {}
    for row in case.rows(PostingRow):
        if row.posting_id in posting_ids:
            key = (row.account, case.name(row.contest_id), row.user_id or "", row.currency)
            balances[key] = balances.get(key, 0) + row.debit_cents
    for (account, contest, user, currency), balance in sorted(balances.items()):
        if balance:
            named = f"account {account}, contest {contest}, user {user or '(none)'}"
            named += "" if currency == USD else f", in {currency}"
            yield StateDifference(relation=PostingRow.relation, key=named, column="balance", before=0, after=balance)


def _key(case: Case, row_id: str, row: Row) -> str:
    contest = next((str(row[name]) for name in ("contest_id", "contest_instance_id") if row.get(name)), None)
    parts = [f"contest {case.name(contest)}"] if contest is not None else []
    parts += [f"{name} {row[name]}" for name in _KEYS if row.get(name)]
    return ", ".join((*parts, f"id {row_id}"))
