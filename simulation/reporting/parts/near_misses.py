"""Near misses: the smallest margin to each limit of the run, whether or not the limit was crossed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

import promql_parser

from simulation.checks.evidence.case import BUSY_SECONDS, CannotTell, Case
from simulation.checks.evidence.relations import TransferRow
from simulation.events import AlertFired, ExecutionStarted, JobSummary, MetricChange, RunStarted, WebhookAttempt
from simulation.reporting.times import duration
from simulation.words import plural

WEBHOOK_LIFE = timedelta(days=3)
"""How long Stripe retries the delivery of a webhook (fixtures/spec/stripe.md)."""


@dataclass(frozen=True, kw_only=True)
class NearMiss:
    """How close the run came to one limit. ``left``: share of the limit left, 0 to 1; 0 if reached or crossed."""

    what: str
    closest: str
    limit: str
    left: float
    at: datetime | None


def near_misses_of(case: Case) -> tuple[NearMiss, ...]:
    """One near miss for each limit, the smallest margin first; limits on which the history has no data are left out."""
    found = [*_metrics(case), *_attempts(case), *_webhooks(case), *_answers(case), *_jobs(case), *_rest(case)]
    return tuple(sorted(found, key=lambda miss: (miss.left, miss.what)))


def _metrics(case: Case) -> Iterator[NearMiss]:
    """For each alert rule that compares a metric with a number: the scraped value closest to that number or beyond."""
    for rule in case.started.alert_rules if case.events(RunStarted) else ():
        threshold = _threshold(rule.expression)
        if threshold is None:
            continue
        name, upper, bound = threshold
        values = [
            (value, change.at, series)
            for change in case.events(MetricChange)
            for series, value in change.changes.items()
            if value is not None and series.partition("{")[0] == name
        ]
        if values:
            value, at, series = (max if upper else min)(values)
            yield NearMiss(
                what=f"alert {rule.alert}: {series}",
                closest=f"{value:g}",
                limit=f"{'>' if upper else '<'} {bound:g}",
                left=max(0.0, (bound - value if upper else value - bound) / max(abs(bound), abs(value))),
                at=at,
            )


def _threshold(expression: str) -> tuple[str, bool, float] | None:
    """(metric name, whether the bound is an upper one, bound); None for other rules and for a bound of 0."""
    try:
        tree = promql_parser.parse(expression)
    except ValueError:  # no valid PromQL, as in a history written by hand
        return None
    if not isinstance(tree, promql_parser.BinaryExpr) or str(tree.op) not in (">", ">=", "<", "<="):
        return None
    left, right = tree.lhs, tree.rhs
    if not isinstance(left, promql_parser.VectorSelector) or not isinstance(right, promql_parser.NumberLiteral):
        return None
    return (str(left.name), str(tree.op)[0] == ">", float(right.val)) if right.val else None


def _attempts(case: Case) -> Iterator[NearMiss]:
    try:
        paid = [row for row in case.rows(TransferRow) if row.status == "completed" and row.max_attempts]
    except CannotTell:
        return
    for row in sorted(paid, key=lambda row: (row.attempt_count - row.max_attempts, row.transfer_id))[-1:]:
        yield NearMiss(
            what=f"attempts of payout transfer {row.transfer_id[:8]}",
            closest=f"paid at attempt {row.attempt_count}",
            limit=plural(row.max_attempts, "attempt"),
            left=(row.max_attempts - row.attempt_count) / row.max_attempts,
            at=None,
        )


def _webhooks(case: Case) -> Iterator[NearMiss]:
    """The longest time from a webhook's first delivery attempt to the one that was accepted."""
    first: dict[str, datetime] = {}
    waits: list[tuple[timedelta, datetime, WebhookAttempt]] = []
    for attempt in case.events(WebhookAttempt):
        begun = first.setdefault(attempt.event_id, attempt.at)
        if attempt.status is not None and attempt.status < 300:
            waits.append((attempt.at - begun, attempt.at, attempt))
    for wait, at, attempt in sorted(waits, key=lambda item: item[:2])[-1:]:
        yield NearMiss(
            what=f"delivery of webhook {attempt.event_id}",
            closest=f"{duration(wait.total_seconds())}, attempt {attempt.attempt}",
            limit=duration(WEBHOOK_LIFE.total_seconds()),
            left=max(0.0, 1 - wait / WEBHOOK_LIFE),
            at=at,
        )


def _answers(case: Case) -> Iterator[NearMiss]:
    """The longest time from an alert to the start of its runbook."""
    try:
        limit = timedelta(seconds=case.scenario.operator.response_seconds) + timedelta(hours=1)
    except CannotTell:
        return
    opened = {event.alert_id: event.at for event in case.events(ExecutionStarted) if event.alert_id}
    waits = [(opened[a.alert_id] - a.at, a) for a in case.events(AlertFired) if a.alert_id in opened]
    for wait, alert in sorted(waits, key=lambda item: (item[0], item[1].seq))[-1:]:
        yield NearMiss(
            what=f"answer to alert {alert.alert_id}",
            closest=duration(wait.total_seconds()),
            limit=duration(limit.total_seconds()),
            left=max(0.0, 1 - wait / limit),
            at=alert.at,
        )


def _jobs(case: Case) -> Iterator[NearMiss]:
    """The greatest lateness of each job that ran late."""
    for job in case.events(JobSummary):
        late_seconds = job.largest_gap_seconds - job.interval_seconds
        if late_seconds > 0:
            yield NearMiss(
                what=f"lateness of job {job.job}",
                closest=duration(late_seconds),
                limit=duration(BUSY_SECONDS),
                left=max(0.0, 1 - late_seconds / BUSY_SECONDS),
                at=None,
            )


def _rest(case: Case) -> Iterator[NearMiss]:
    if not case.whole or case.ended.converged_at is None:
        return
    ended = case.ended
    took, allowed = case.ended.converged_at - ended.healthy_at, ended.converge_deadline - ended.healthy_at
    if allowed > timedelta():
        yield NearMiss(
            what="coming to rest after the last fault",
            closest=duration(max(0.0, took.total_seconds())),
            limit=duration(allowed.total_seconds()),
            left=min(1.0, max(0.0, 1 - took / allowed)),
            at=ended.converged_at,
        )
