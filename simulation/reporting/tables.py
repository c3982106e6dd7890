"""The run as CSV for spreadsheets and scripts: ``ledger.csv``, ``audit.csv``, ``runbooks.csv``.

The same history gives the same bytes.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence
from datetime import datetime

from simulation.history import History
from simulation.reporting.view import Report

_LEDGER = (
    "created_at", "transaction_id", "posting_id", "contest_id", "user_id", "entry_type", "account", "direction",
    "amount_cents", "currency", "reference_type", "reference_id", "idempotency_key", "stripe_event_id",
)  # fmt: skip
_AUDIT = (
    "at", "actor", "actor_id", "action", "transition", "reason", "entity_type", "entity_id", "subject",
    "request_id", "relation",
)  # fmt: skip
_RUNBOOKS = (
    "execution", "execution_id", "runbook", "version", "alert", "fault", "started_at", "ended_at", "status", "section",
    "step", "line", "command", "expected", "output", "exit_status", "matched", "writes",
)  # fmt: skip

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_MOST_CHARACTERS = 32_000
"""Limit for one cell: Excel moves text beyond 32,767 characters into the next rows."""
_CUT = " [cut; the whole text is in history.jsonl]"


def ledger_csv(history: History) -> str:
    """All postings as observed at the end of the run."""
    return _csv(_LEDGER, ([row.get(column) for column in _LEDGER] for row in history.rows("postings") or ()))


def audit_csv(report: Report) -> str:
    """The audit trail of the report."""
    return _csv(_AUDIT, ([getattr(row, column) for column in _AUDIT] for row in report.trail))


def runbooks_csv(report: Report) -> str:
    """One row for each command; an execution without commands has one row."""
    return _csv(_RUNBOOKS, _runbook_rows(report))


def _runbook_rows(report: Report) -> Iterable[list[object]]:
    for execution in report.executions:
        alert = execution.alert.name if execution.alert else None
        head = [
            execution.number, execution.execution_id, execution.runbook, execution.version, alert, execution.fault_id,
            execution.started_at, execution.ended_at, execution.status,
        ]  # fmt: skip
        for step in execution.steps:
            yield [
                *head, step.section, step.step, step.line, step.command, step.expected, step.output, step.exit_status,
                step.matched, step.writes,
            ]  # fmt: skip
        if not execution.steps:
            yield [*head, *([None] * (len(_RUNBOOKS) - len(head)))]


def _csv(columns: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue()


def _cell(value: object) -> object:
    """Times as ISO 8601; text that a spreadsheet would run as a formula gets an apostrophe in front."""
    if isinstance(value, datetime):
        return value.isoformat()
    if not isinstance(value, str):
        return value
    if len(value) > _MOST_CHARACTERS:
        value = value[: _MOST_CHARACTERS - len(_CUT)] + _CUT
    return f"'{value}" if value.startswith(_FORMULA) else value
