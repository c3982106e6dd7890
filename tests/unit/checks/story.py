"""The passing history: one contest, four entrants, six days, two faults, one runbook.

Ann wins, Bob is second, Cat pays twice and is refunded once, Dan never pays. Bob's transfer times out once and is
recovered by a runbook; the provider's board is malformed once.
"""

from __future__ import annotations

from typing import Any

from simulation.checks.alert_rules import DEMANDED
from simulation.checks.dashboards import FOLDER, PAGES
from simulation.events import (
    AccessProbe,
    AlertRuleAsRun,
    ClockProof,
    DatabaseAccess,
    Exchange,
    FaultInjected,
    FaultScheduled,
    Fingerprint,
    JobSummary,
    MetricChange,
    RunEnded,
    RunStarted,
    Sample,
    WebhookAttempt,
    WitnessSummary,
)
from tests.unit.checks.builder import GOVERNANCE, START, Book, day
from tests.unit.checks.story_contest import DAYS, ENTRANTS, SCENARIO, enter, found_contest, play
from tests.unit.checks.story_money import pay_out, record_stripe, settle
from tests.unit.checks.story_runbook import SHIPPED, carry_out_runbook

ALERT_RULES = tuple(
    AlertRuleAsRun(
        alert=each.metric,
        expression=f"{each.metric} {each.comparison} {each.threshold:g}",
        for_seconds=0,
        severity=each.severity,
        runbook=None,
    )
    for each in DEMANDED
)


def passing() -> Book:
    """A book whose history passes every check."""
    book = Book()
    set_up(book)
    found_contest(book)
    for person in ENTRANTS:
        enter(book, person)
    play(book)
    settle(book, day(5, 9, 15))
    pay_out(book, "ann", 1_800, day(5, 9, 20))
    book.add(
        FaultInjected(fault_id="slow", fault_kind="transfer_timeout_before", keys={"id": "tr-bob"}, detail="strike 1"),
        day(5, 9, 20),
    )
    carry_out_runbook(book)
    record_stripe(book)
    wind_down(book)
    return book


def set_up(book: Book) -> None:
    """Before day 0: the beginning, the faults, the clocks, the revoked access."""
    eve = day(0) - (day(0, 1) - day(0))
    book.add(
        RunStarted(
            scenario="one_cup",
            alert_rules=ALERT_RULES,
            scenario_document=SCENARIO,
            seed=1,
            days=DAYS,
            window_start=eve,
            window_end=day(DAYS),
            absence_start=START,
            target="test",
            environment="test",
            governance=GOVERNANCE,
            runbooks={"stuck": SHIPPED},
        ),
        eve,
    )
    for fault_id, kind, expectation, runbook in (
        ("slow", "transfer_timeout_before", "runbook", "stuck"),
        ("torn", "provider_malformed", "self_heals", None),
    ):
        scheduled: dict[str, Any] = {"expectation": expectation, "runbook": runbook, "ends_at": None, "keys": {}}
        book.add(FaultScheduled(fault_id=fault_id, fault_kind=kind, starts_at=day(1), **scheduled), eve)
    for clock in ("postgres", "python", "shell"):
        book.add(ClockProof(subject=clock, kernel_time=eve, subject_time=eve), eve)
    probe(book, "start")
    fingerprint(book, "start", 0)


def probe(book: Book, moment: Any) -> None:
    at = day(0) if moment == "start" else day(DAYS)
    for subject in ("founder_database", "founder_admin_token", "superuser_database", "operator_admin_token"):
        refused = subject != "operator_admin_token"
        book.add(AccessProbe(subject=subject, moment=moment, refused=refused, detail="tried"), at)


def fingerprint(book: Book, moment: Any, number: int) -> None:
    book.add(
        Fingerprint(
            moment=moment,
            code="c0",
            environment_variables="e0",
            database_configuration="d0",
            database_grants="g0",
            database_schema="s0",
            runbooks="r0",
        ),
        day(number),
    )


def wind_down(book: Book) -> None:
    """Everything a witness still has to say, and the end."""
    for number in range(1, DAYS):
        fingerprint(book, "during", number)
    fingerprint(book, "end", DAYS)
    probe(book, "end")
    watch(book)
    for job in ("lifecycle", "ingestion", "settlement", "payouts", "reconciliation"):
        interval = 86_400 if job == "reconciliation" else 300
        ran: dict[str, Any] = {"runs": 9, "busy_runs": 1, "first_at": day(0, 0, 5), "last_at": day(5, 23, 55)}
        book.add(JobSummary(job=job, interval_seconds=interval, largest_gap_seconds=interval, **ran), day(DAYS))
    for witness in ("wal", "access_log", "stripe_journal", "exchange", "provider"):
        book.add(WitnessSummary(witness=witness, records=3), day(DAYS))
    book.add(
        RunEnded(healthy_at=day(5, 9, 21), converged_at=day(5, 12), converge_deadline=day(5, 21), events_processed=9),
        day(DAYS),
    )


def watch(book: Book) -> None:
    """One of each thing that is looked at on the way."""
    book.add(DatabaseAccess(role="platform", application="app", access="connection", count=3), day(1))
    done = {"completed": 1}
    for page in PAGES:
        book.add(Sample(endpoint=FOLDER + page, subject="as of", reported="x", observed="x"), day(5, 9, 55))
    book.add(Sample(endpoint="/payouts", subject="by status", reported=done, observed=done), day(5))
    book.add(MetricChange(changes={**dict.fromkeys(METRICS, 0.0), "up": 1.0}), day(0, 0, 10))
    event: dict[str, Any] = {"event_id": "evt_1", "event_type": "payment_intent.succeeded", "object_id": "pi_ann"}
    book.add(WebhookAttempt(**event, attempt=1, status=200, next_attempt_at=None), day(0, 10))
    book.add(
        Exchange(
            actor="stripe",
            request_id="stripe:evt_1#1",
            method="POST",
            path="/api/webhooks/stripe",
            status=200,
            request_body={"id": "evt_1"},
        ),
        day(0, 10),
    )


METRICS = (
    'ingestion_lag_seconds{provider_event_id="open"}',
    "settlement_duration_seconds",
    "contest_status_transitions_failed",
    "score_audit_mismatches",
    "database_connection_pool_available",
    "auth_service_error_rate",
    "error_budget_remaining",
)
