"""What each admin dashboard shows, paired with what the witnesses know at the same time."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from pydantic import JsonValue

from simulation.events import AlertFired, Row
from simulation.events.governance import Governance
from simulation.witness.exchange import ExchangeWitness
from simulation.witness.observer import NotObservable, Observer
from simulation.witness.wal import LATEST, WalWitness

DashboardPage = dict[str, Any]
_ERROR_DAYS, _ERROR_HOURS, _ERROR_BUDGET = 7, 24, 0.01
_UNSUCCESSFUL = re.compile(r"(payout|refund)(?:_transfer)?_(retryable|failed_terminal)")
_CLAIMED = re.compile(r"(payout|refund)(?:_transfer)?_claimed")
_SHOWN_OF_AN_OPERATION = ("actor", "action", "reason")
_ABANDONED = " was abandoned by its process"
"""In the audit trail each attempt to pay that did not succeed has a row of its own, also when a later one did
(``fixtures/spec/platform.md``, Audit trail): its action says how it ended, its reason Stripe's code. Of an attempt that
never ended the next claim says so."""


@dataclass(frozen=True, kw_only=True)
class DashboardWitnesses:
    """The independent sources with which dashboard pages are compared."""

    observer: Observer
    wal: WalWitness
    exchange: ExchangeWitness
    governance: Governance
    firing: Callable[[], Sequence[AlertFired]]
    served: Mapping[str, Mapping[str, datetime]]
    """Tournament → sha256 of each of its boards → when the provider last served that board."""
    runbooks: Mapping[str, JsonValue]
    """Name → the runbook that the operator follows, as :mod:`simulation.witness.runbook_page` tells it."""
    scraped: Callable[[str], float | None]
    """A metric's value at the scrape just made."""
    locked_out: Callable[[], bool] = lambda: False
    """Whether a fault keeps the platform from verifying tokens, so that no page can be opened."""


@dataclass(frozen=True, kw_only=True)
class Claim:
    """One value on a page. ``told`` reads it and raises whatever a page of an unexpected form causes."""

    subject: str
    told: Callable[[], Any]
    observed: JsonValue
    tolerance: float = 0.0
    also_right: JsonValue = None
    """What may stand there as well; None: nothing else."""

    def held_against(self, reported: JsonValue) -> JsonValue:
        """Which of the values that are right the ``reported`` one is compared with."""
        return reported if self.also_right is not None and reported == self.also_right else self.observed


def operational(page: DashboardPage, by: DashboardWitnesses, _: datetime) -> Iterator[Claim]:
    """The operational page: counts by status, firing alerts, escalations, open executions."""
    rows = by.observer.rows
    for subject, relation in (("contests", "contests"), ("payout_transfers", "transfers"), ("refunds", "refunds")):
        yield _counts(page, subject, [str(row["status"]) for row in rows(relation)])
    firing = sorted(f"{a.alert} {a.severity} {a.runbook} {iso(a.pending_since)[:19]}" for a in by.firing())
    yield Claim(subject="alerts that fire", told=lambda: _firing(page), observed=list[JsonValue](firing))
    executions = rows("runbook_executions")
    ended = [row for row in executions if row["status"] in ("failed", "partial")]
    open_ = [row for row in executions if row["status"] == "in_progress"]
    yield Claim(subject="escalations", told=lambda: _rows(page["escalations"], "id", "status"), observed=_newest(ended))
    yield Claim(
        subject="open executions", told=lambda: _rows(page["open_executions"], "id", "status"), observed=_newest(open_)
    )


def contest_status(page: DashboardPage, by: DashboardWitnesses, now: datetime) -> Iterator[Claim]:
    """The contest page: every contest that is not finished, its status, and the score lag of LIVE contests."""
    active = [
        row for row in by.observer.rows("contests") if row["status"] != "CANCELLED" and row["paid_out_at"] is None
    ]
    yield Claim(
        subject="active contests",
        told=lambda: {row["id"]: row["stage"] for row in page["contests"]},
        observed={str(row["contest_id"]): "SETTLED" if row["settled_at"] else row["status"] for row in active},
    )
    taken = _last_taken(by)
    live = sorted({str(row["tournament"]) for row in active if row["status"] == "LIVE"} & taken.keys())
    yield Claim(
        subject="ingestion lag, seconds",
        told=lambda: _lags(page, live),
        observed={key: int((now - taken[key]).total_seconds()) for key in live},
        tolerance=60,
    )


def _last_taken(by: DashboardWitnesses) -> Mapping[str, datetime]:
    """Tournament → when the provider last served a board, new or unchanged, that the platform did not reject."""
    refused = {
        row["payload_sha256"] for row in by.observer.rows_without("ingestion_events", "validation_status", "VALID")
    }
    taken = {key: [at for board, at in boards.items() if board not in refused] for key, boards in by.served.items()}
    return {key: max(instants) for key, instants in taken.items() if instants}


def audit_trail(page: DashboardPage, by: DashboardWitnesses, _: datetime) -> Iterator[Claim]:
    """The audit page: the latest operations, executions and changes of status, newest first.

    Operations that were at once may stand in the order in which they were written, or in that of their commits.
    """
    if not by.governance.audit_table:
        raise NotObservable("audit_table of the governance")
    by.wal.collect()
    trail, columns = by.governance.audit_table, [by.governance.audit_columns[one] for one in _SHOWN_OF_AN_OPERATION]
    yield Claim(
        subject="operations",
        told=lambda: _rows(page["operations"], "id", *_SHOWN_OF_AN_OPERATION),
        observed=_rows(by.wal.latest(trail), "id", *columns),
        also_right=_rows(by.wal.latest_written(trail), "id", *columns),
    )
    yield Claim(
        subject="executions",
        told=lambda: _rows(page["executions"], "id", "status"),
        observed=_newest(by.observer.rows("runbook_executions")),
    )
    moves = [row for row in by.observer.rows("contest_audit") if row["from_status"] != row["to_status"]]
    yield Claim(
        subject="transitions",
        told=lambda: _rows(page["transitions"], "id", "from_status", "to_status"),
        observed=_rows(moves[-LATEST:][::-1], "audit_id", "from_status", "to_status"),
    )


def error_trends(page: DashboardPage, by: DashboardWitnesses, now: datetime) -> Iterator[Claim]:
    """The error page: requests and failures by hour, the rates computed from them, and errors by code."""
    since = datetime.fromisoformat(page["counting_since"])
    told = {row["hour"]: [row["requests"], row["failed"]] for row in page["hours"]}
    yield Claim(
        subject="requests by hour",
        told=lambda: {hour: told[hour] for hour in told if datetime.fromisoformat(hour) > since},
        observed=_hours(by.exchange, since, now),
    )
    total, failed = (sum(counts[column] for counts in told.values()) for column in (0, 1))
    share = failed / total if total else 0.0
    yield Claim(
        subject="error rate, percent, and burn rate",
        told=lambda: [page["requests"]["error_rate_percent"], page["error_budget"]["burn_rate"]],
        observed=[100 * share, share / _ERROR_BUDGET],
        tolerance=0.001,
    )
    yield Claim(
        subject="error budget remaining, percent",
        told=lambda: page["error_budget"]["remaining_percent"],
        observed=by.scraped("error_budget_remaining"),
        tolerance=0.5,
    )
    yield Claim(
        subject="top errors",
        told=lambda: {f"{row['source']} {row['code']}": row["number"] for row in page["top_errors"]},
        observed=dict(sorted(_errors(by, now - timedelta(days=_ERROR_DAYS)).items())),
    )


def iso(moment: datetime) -> str:
    """A time in the platform's own notation."""
    return f"{moment.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000Z"


def _counts(page: DashboardPage, subject: str, statuses: Sequence[str]) -> Claim:
    return Claim(
        subject=f"{subject} by status", told=lambda: page[subject], observed=dict(sorted(Counter(statuses).items()))
    )


def _firing(page: DashboardPage) -> list[str]:
    if page["alerts"]["status"] != "ok":
        return [f"alerts are {page['alerts']['status']}"]
    return sorted(
        f"{row['alert']} {row['severity']} {row['runbook']} {row['since'][:19]}"
        for row in page["alerts"]["active"]
        if row["state"] == "firing"
    )


def _lags(page: DashboardPage, live: Sequence[str]) -> dict[str, JsonValue]:
    told = {row["provider_event_id"]: row["ingestion_lag_seconds"] for row in page["contests"]}
    return {key: told.get(key) for key in live}


def _hours(exchange: ExchangeWitness, since: datetime, now: datetime) -> dict[str, JsonValue]:
    """Hour → [requests, failures], for whole hours since the platform began to count.

    The request for this page itself is subtracted, because the platform has not counted it yet.
    """
    this_hour = now.replace(minute=0, second=0)
    return {
        iso(hour): [requests - (hour == this_hour), failed]
        for hour, (requests, failed) in exchange.hours.items()
        if hour > since and hour > now - timedelta(hours=_ERROR_HOURS) and (requests > 1 or hour != this_hour)
    }


def keep_attempts(wal: WalWitness, governance: Governance) -> None:
    """Have the write-ahead log's witness keep what :func:`error_trends` needs of the audit trail."""
    if governance.audit_table:
        wal.keep(governance.audit_table, lambda row: _error_of(row, governance.audit_columns) is not None)


def _error_of(row: Row, columns: Mapping[str, str]) -> str | None:
    """``payout STRIPE_TIMEOUT`` of a row of the audit trail; None if it is about no unsuccessful attempt."""
    action, reason = (str(row.get(columns.get(name, ""))) for name in ("action", "reason"))
    if ended := _UNSUCCESSFUL.fullmatch(action):
        return f"{ended[1]} {reason}"
    claimed = _CLAIMED.fullmatch(action)
    return f"{claimed[1]} ATTEMPT_ABANDONED" if claimed and reason.endswith(_ABANDONED) else None


def _attempts(by: DashboardWitnesses) -> Iterator[tuple[JsonValue, str]]:
    """When each attempt to pay did not succeed, and why."""
    columns = by.governance.audit_columns
    if not by.governance.audit_table or "created_at" not in columns:
        raise NotObservable("audit_table of the governance, with created_at")
    by.wal.collect()
    for row in by.wal.kept(by.governance.audit_table):
        error = _error_of(row, columns)
        if error is not None:
            yield row[columns["created_at"]], error


def _errors(by: DashboardWitnesses, since: datetime) -> Counter[str]:
    observer, errors = by.observer, Counter[str](error for at, error in _attempts(by) if _after(at, since))
    for row in observer.rows("ingestion_errors"):
        if _after(row["created_at"], since):
            errors[f"ingestion {row['error_code']}"] += 1
    for row in observer.rows("settlement_runs"):
        if row["status"] == "FAILED" and _after(row["started_at"], since):
            errors[f"settlement {row['error_code'] or 'UNKNOWN'}"] += 1
    return errors


def _rows(rows: Sequence[Mapping[str, Any]], *columns: str) -> list[JsonValue]:
    return [[row[column] for column in columns] for row in rows]


def _newest(executions: Sequence[Mapping[str, JsonValue]]) -> list[JsonValue]:
    ordered = sorted(executions, key=lambda row: (str(row["start_time"]), str(row["id"])), reverse=True)
    return _rows(ordered[:LATEST], "id", "status")


def _after(moment: JsonValue, since: datetime) -> bool:
    return datetime.fromisoformat(str(moment)) > since
