"""A book of events that becomes a history, and the ways to break it.

The platform of these tests has tables that are the canonical relations themselves, so that what is written to the log
is what the observer sees at the end, unless a test makes the two differ.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from simulation.checks.base import Check, CheckResult, Finding
from simulation.checks.evidence.keys import NO_KEYS
from simulation.events import Change, Event, Observation, Row, RunEnded, Transaction
from simulation.events.governance import Governance
from simulation.history import History

START = datetime(2026, 3, 1, tzinfo=UTC)
SYSTEM = "system"
_E = TypeVar("_E", bound=Event)

RELATIONS = {
    "contests": "contest_id",
    "entries": "entry_id",
    "payments": "payment_id",
    "postings": "posting_id",
    "settlements": "settlement_id",
    "payout_jobs": "job_id",
    "transfers": "transfer_id",
    "refunds": "refund_id",
    "stripe_events": "stripe_event_id",
    "runbook_executions": "id",
    "ingestion_events": "event_id",
    "ingestion_errors": "error_id",
    "settlement_runs": "run_id",
    "users": "user_id",
    "disputes": "dispute_id",
}
AUDIT, CONTEST_AUDIT = "audit", "contest_audit"

GOVERNANCE = Governance(
    governed_tables=(*RELATIONS, CONTEST_AUDIT),
    append_only_tables=("postings", "ingestion_events", "ingestion_errors", "stripe_events", "settlements"),
    audit_table=AUDIT,
    audit_columns={name: name for name in ("transaction_id", "actor", "action", "reason", "request_id", "created_at")},
    contest_table="contests",
    contest_status_column="status",
    contest_audit_table=CONTEST_AUDIT,
    contest_audit_columns={
        name: name for name in ("contest_id", "actor", "action", "reason", "from_status", "to_status", "created_at")
    },
    executions_table="runbook_executions",
    system_actor=SYSTEM,
    contest_score_tables={"ingestion_events": "contest_id"},
    idempotency_table="request_keys",
    restore_request="POST /api/admin/contests/*/restore",
    planned_time_columns=("contests.lock_time", "contests.start_time", "contests.end_time"),
    repeatable_requests=("POST /api/admin/diagnostics/*", "POST /api/admin/contests/*/export"),
    runbook_only_requests=("POST /api/admin/diagnostics/*", "POST /api/admin/contests/*/*"),
    break_glass_runbook="stuck",
    break_glass_requests=("GET /api/admin/diagnostics/*", "POST /api/admin/runbooks/*"),
)


def day(number: int, hour: int = 0, minute: int = 0, second: int = 0) -> datetime:
    """An instant of the window."""
    return START + timedelta(days=number, hours=hour, minutes=minute, seconds=second)


@dataclass(kw_only=True)
class Write:
    """One committed transaction; ``audit`` None: it left no audit record."""

    at: datetime
    changes: list[Change]
    audit: Row | None
    cause: str = "job:test"

    def rows(self, table: str) -> list[Row]:
        """New rows for one table, to be altered in place."""
        return [change.new for change in self.changes if change.table == table]


@dataclass(kw_only=True)
class Book:
    """What happened, in any order. ``overrides``: what the observer sees instead of what the log says."""

    entries: list[Event] = field(default_factory=list)
    writes: list[Write] = field(default_factory=list)
    overrides: dict[str, Callable[[list[Row]], list[Row] | None]] = field(default_factory=dict)

    def add(self, event: Event, at: datetime, *, cause: str = "test") -> None:
        """An event at an instant; events of one instant keep the order in which they were added."""
        self.entries.append(event.model_copy(update={"at": at, "cause": event.cause or cause}))

    def write(
        self, at: datetime, *rows: tuple[str, dict[str, Any]], actor: str = SYSTEM, request_id: str = "job:test"
    ) -> Write:
        """Commit new rows (insert, or update when the id is known); times become text, as the log has them."""
        audit: Row = {"actor": actor, "action": "written", "reason": "a test says so", "request_id": request_id}
        write = Write(at=at, changes=[self._change(table, row) for table, row in rows], audit=audit)
        self.writes.append(write)
        return write

    def _change(self, table: str, row: dict[str, Any]) -> Change:
        plain: Row = {name: _plain(value) for name, value in row.items()}
        key = RELATIONS.get(table)
        if key is None:
            return Change(table=table, op="insert", new=plain)
        row_id = plain.setdefault("id", plain.get(key))
        plain[key] = row_id
        before = next((known for known in reversed(list(self._news(table))) if known["id"] == row_id), None)
        return Change(table=table, op="update" if before else "insert", new={**(before or {}), **plain})

    def _news(self, table: str) -> Iterator[Row]:
        return (row for write in self.writes for row in write.rows(table))

    # --- ways to break it ---------------------------------------------------------------------------------------

    def drop(self, kind: type[Event], **match: object) -> None:
        """Forget events of a kind whose fields match."""
        kept = [event for event in self.entries if not _matches(event, kind, match)]
        assert len(kept) < len(self.entries), f"no {kind.__name__} with {match}"
        self.entries = kept

    def edit(self, kind: type[Event], match: dict[str, object], **updates: object) -> None:
        """Change fields of events of a kind whose fields match."""
        assert any(_matches(event, kind, match) for event in self.entries), f"no {kind.__name__} with {match}"
        self.entries = [
            event.model_copy(update=updates) if _matches(event, kind, match) else event for event in self.entries
        ]

    def amend(self, table: str, row_id: str, **updates: object) -> None:
        """As if the platform had written other values for this row from the beginning."""
        rows = [row for row in self._news(table) if row.get("id") == row_id]
        assert rows, f"no row {row_id} in {table}"
        for row in rows:
            row.update({name: _plain(value) for name, value in updates.items()})

    def undo(self, table: str, row_id: str) -> None:
        """As if this row had never been written."""
        for write in self.writes:
            write.changes = [
                change for change in write.changes if (change.table, change.new.get("id")) != (table, row_id)
            ]
        self.writes = [write for write in self.writes if write.changes]

    def write_of(self, table: str, **match: object) -> Write:
        """The first transaction with a row like this."""
        for write in self.writes:
            for row in write.rows(table):
                if all(row.get(name) == value for name, value in match.items()):
                    return write
        raise AssertionError(f"no row like {match} was written to {table}")

    def observe(self, relation: str, alter: Callable[[list[Row]], list[Row] | None]) -> None:
        """Let the observer see something else; None: the relation was not observed."""
        self.overrides[relation] = alter

    # --- the history --------------------------------------------------------------------------------------------

    def history(self, *, cut: int | None = None) -> History:
        """Events by time, numbered from 1; ``cut`` keeps that many from the beginning."""
        last = max(event.at for event in self.entries)
        end = [event for event in self.entries if isinstance(event, RunEnded)]
        rest = [event for event in self.entries if not isinstance(event, RunEnded)]
        observed = [item.model_copy(update={"at": last}) for item in self._observations()]
        ordered = [*sorted([*rest, *self._transactions()], key=lambda event: event.at), *observed, *end]
        events = [event.model_copy(update={"seq": seq}) for seq, event in enumerate(ordered, start=1)]
        return History(events[:cut])

    def _transactions(self) -> Iterator[Transaction]:
        for xid, write in enumerate(sorted(self.writes, key=lambda write: write.at), start=1):
            noted: Row = {"id": f"a{xid}", "transaction_id": xid, "created_at": write.at.isoformat()}
            audit = [] if write.audit is None else [Change(table=AUDIT, op="insert", new={**noted, **write.audit})]
            yield Transaction(xid=xid, changes=(*write.changes, *audit), at=write.at, cause=write.cause)

    def _observations(self) -> Iterator[Observation]:
        for relation in RELATIONS:
            rows: dict[str, Row] = {}
            for write in sorted(self.writes, key=lambda write: write.at):
                for change in write.changes:
                    if change.table == relation and change.new:
                        rows[str(change.new["id"])] = dict(change.new)
                    elif change.table == relation:
                        rows.pop(str(change.key.get("id")), None)
            seen = self.overrides.get(relation, lambda rows: rows)(list(rows.values()))
            if seen is not None:
                yield Observation(relation=relation, rows=tuple(seen))


def _plain(value: object) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _matches(event: Event, kind: type[Event], match: dict[str, object]) -> bool:
    return isinstance(event, kind) and all(getattr(event, name) == value for name, value in match.items())


def run(check: Check, book: Book, *, cut: int | None = None) -> CheckResult:
    """What a check says of a book."""
    return check.run(book.history(cut=cut), GOVERNANCE)


Break = Callable[[Book], object]
"""What a test does to a passing book."""


def assert_found(check: Check, book: Book, spoil: Break, message: str) -> CheckResult:
    """Spoilt this way, the book makes the check say this, with the check's name on it."""
    spoil(book)
    result = run(check, book)
    found = [finding.message for finding in result.findings]
    assert any(message in text for text in found), f"{message!r} not among {found}, unknown: {result.unknown}"
    assert {finding.check for finding in result.findings} == {check.name}
    assert result.outcome == "fail"
    assert all(finding.keys != NO_KEYS or _is_about_the_run(finding) for finding in result.findings), "without keys"
    return result


def _is_about_the_run(finding: Finding) -> bool:
    """Or about a thing that has no id."""
    return finding.check in _WITHOUT_IDS or finding.subject in _AS_A_WHOLE


_AS_A_WHOLE = frozenset(
    {
        "run",
        "audit trail",
        "webhooks of Stripe",
        "Stripe balance",
        "Stripe pending balance",
        "Stripe available",
        "Stripe pending",
    }
)
_WITHOUT_IDS = frozenset(
    {
        "no_database_access",
        "nothing_deployed",
        "founder_revoked",
        "no_other_host",
        "diagnostics_truthful",
        "dashboards_truthful",
        "alerts_as_specified",
        "metrics_true",
        "log_true",
        "monitoring_active",
        "witnesses_present",
    }
)


def assert_unknown(check: Check, book: Book, spoil: Break, reason: str) -> None:
    """Spoilt this way, the check cannot tell, and says why."""
    spoil(book)
    result = run(check, book)
    assert result.outcome == "unknown", result.findings
    assert reason in str(result.unknown)
