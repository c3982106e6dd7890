"""Diagnostics, metrics, alerts, jobs, rest, promises, witnesses."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from simulation.checks.alert_causes import alerts_have_a_cause
from simulation.checks.base import Check
from simulation.checks.monitoring import alerts_answered, diagnostics_truthful, monitoring_active, no_alert_table
from simulation.checks.operations import convergence, jobs_ran
from simulation.checks.promises import promised_events, witnesses_present
from simulation.events import (
    AlertFired,
    AlertResolved,
    ClockProof,
    EntrantAction,
    ExecutionStarted,
    FaultInjected,
    JobFailed,
    JobSummary,
    JobUnseen,
    MetricChange,
    ProgramEnded,
    ProviderPublication,
    RuleFailed,
    RunEnded,
    RunStarted,
    Sample,
    SampleLacking,
    StripeMovement,
    TableCatalogue,
    WebhookAttempt,
    WitnessSummary,
)
from simulation.history import History
from tests.unit.checks.builder import GOVERNANCE, Book, Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import DAYS, passing
from tests.unit.checks.story_contest import SCENARIO


def _job(name: str, **updates: Any) -> Break:
    return lambda book: book.edit(JobSummary, {"job": name}, **updates)


def _alert(runbook: str | None, at: Any) -> Break:
    facts: dict[str, Any] = {"labels": {}, "severity": "warning", "pending_since": at, "value": 1}

    def spoil(book: Book) -> None:
        book.add(AlertFired(alert_id="al-2", alert="Other", runbook=runbook, **facts), at)
        book.add(AlertResolved(alert_id="al-2", alert="Other"), day(5, 20))

    return spoil


def _metrics(*, without: str = "", **more: float) -> Break:
    def spoil(book: Book) -> None:
        (event,) = (item for item in book.entries if isinstance(item, MetricChange))
        changes = {name: value for name, value in event.changes.items() if not without or without not in name}
        book.edit(MetricChange, {}, changes={**changes, **more})

    return spoil


def _plan(**updates: Any) -> Break:
    """The scenario promised something else of its contest."""

    def spoil(book: Book) -> None:
        contest = {**SCENARIO["contests"][0], **updates}
        book.edit(RunStarted, {}, scenario_document={**SCENARIO, "contests": [contest]})

    return spoil


def _open(relation: str, row_id: str, **updates: Any) -> Break:
    return lambda book: book.amend(relation, row_id, **updates)


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "a number that is not so": (
        diagnostics_truthful,
        lambda b: b.edit(Sample, {}, reported={"completed": 2}),
        "reports what is not so",
    ),
    "a metric missing": (monitoring_active, _metrics(without="auth_service"), "the metric was never reported"),
    "metrics not served": (monitoring_active, _metrics(up=0.0), "could not be scraped"),
    "an alert rule that gives an error": (
        monitoring_active,
        lambda b: b.add(RuleFailed(rule="Lag", problem="found duplicate series", scrape=3), day(5)),
        "gives an error and no result",
    ),
    "an alert nobody answers": (
        alerts_answered,
        lambda b: b.drop(ExecutionStarted),
        "nobody answered the alert in time",
    ),
    "an alert answered late": (
        alerts_answered,
        lambda b: b.edit(ExecutionStarted, {}, at=day(5, 13)),
        "nobody answered the alert in time",
    ),
    "an alert without runbook": (alerts_answered, _alert(None, day(5, 12)), "nobody answered the alert in time"),
    "an alert that still fires": (alerts_answered, lambda b: b.drop(AlertResolved), "still fires at the end"),
    "a table of alerts": (
        no_alert_table,
        lambda b: b.edit(TableCatalogue, {}, tables=("contests", "operational_alerts")),
        "a table of alerts",
    ),
    "an alert before any fault": (alerts_have_a_cause, _alert(None, day(1)), "fired although nothing had gone wrong"),
    "an alert long after another fault": (
        alerts_have_a_cause,
        lambda b: (
            b.edit(FaultInjected, {}, at=day(1)),
            b.edit(FaultInjected, {"fault_id": "slow"}, at=day(1)),
            b.edit(AlertFired, {}, runbook="another"),
        ),
        "fired although nothing had gone wrong",
    ),
    "a job that never ran": (jobs_ran, _job("settlement", runs=0), "never ran"),
    "a job that started late": (jobs_ran, _job("ingestion", first_at=day(1)), "the job started late"),
    "a job that paused": (jobs_ran, _job("lifecycle", largest_gap_seconds=9_000), "the job paused"),
    "a job that stopped": (jobs_ran, _job("payouts", last_at=day(5)), "the job stopped early"),
    "a job that raised": (jobs_ran, lambda b: b.add(JobFailed(job="payouts", error="X"), day(2)), "the job raised"),
    "a program that ended by itself": (
        jobs_ran,
        lambda b: b.add(
            ProgramEnded(program="jobs", place="target.toml:9", status=3, last_words="oh | no", started_again=True),
            day(2),
        ),
        "it ended by itself",
    ),
    "a program that ended too often": (
        jobs_ran,
        lambda b: b.add(
            ProgramEnded(program="jobs", place="target.toml:9", status=-9, last_words="no", started_again=False), day(2)
        ),
        "once too often for its supervisor",
    ),
    "no rest": (convergence, lambda b: b.edit(RunEnded, {}, converged_at=None), "did not converge in time"),
    "rest too late": (convergence, lambda b: b.edit(RunEnded, {}, converged_at=day(5, 22)), "did not converge in time"),
    "something pending": (convergence, lambda b: b.edit(RunEnded, {}, pending=("x",)), "did not converge in time"),
    "a transfer open": (convergence, _open("transfers", "tr-ann", status="processing"), "still open at the end"),
    "a refund open": (convergence, _open("refunds", "r-pi_cat2", status="pending"), "still open at the end"),
    "a payout job open": (convergence, _open("payout_jobs", "j1", status="pending"), "still open at the end"),
    "an execution open": (convergence, _open("runbook_executions", "x-1", status="in_progress"), "still open"),
    "an event stored and never processed": (
        convergence,
        _open("stripe_events", "evt_pi_ann", processing_status="RECEIVED"),
        "still open at the end",
    ),
    "a fault without a victim": (
        promised_events,
        lambda b: b.drop(FaultInjected, fault_id="torn"),
        "never met its victim",
    ),
    "a contest never created": (
        promised_events,
        lambda b: b.drop(EntrantAction, action="created_contest"),
        "never reached SCHEDULED",
    ),
    "a stage never reached": (
        promised_events,
        lambda b: b.writes.remove(b.write_of("contests", status="LIVE")),
        "never reached LIVE",
    ),
    "fewer entrants": (promised_events, _plan(entrants=5), "fewer entrants than promised: joined"),
    "no late joiner": (promised_events, _plan(late_joiners=1), "fewer entrants than promised: late joiners"),
    "no late payer": (promised_events, _plan(late_payers=1), "fewer entrants than promised: paid late"),
    "no second payment": (
        promised_events,
        lambda b: b.drop(EntrantAction, action="paid_twice"),
        "fewer entrants than promised: paid twice",
    ),
    "no non-payer": (
        promised_events,
        lambda b: b.drop(EntrantAction, action="never_paid"),
        "fewer entrants than promised: never paid",
    ),
    "no final board": (
        promised_events,
        lambda b: b.drop(ProviderPublication, final=True),
        "no final board was published",
    ),
    "a webhook in limbo": (
        promised_events,
        lambda b: b.edit(WebhookAttempt, {}, status=500, next_attempt_at=day(7)),
        "neither delivered nor dead",
    ),
    "a clock that differs": (
        witnesses_present,
        lambda b: b.edit(ClockProof, {"subject": "postgres"}, subject_time=day(1)),
        "differs from the",
    ),
}


@pytest.mark.parametrize(("available_at", "outcome"), [(day(1), "fail"), (day(6), "pass")])
def test_more_due_than_is_available_explains_an_alert(available_at: datetime, outcome: str) -> None:
    book = passing()
    book.drop(FaultInjected)
    book.drop(AlertFired)
    book.edit(StripeMovement, {"movement": "charge"}, available_at=available_at)
    _alert(None, day(5, 12))(book)
    row = {"contest_id": "C1", "user_id": "dan", "status": "retryable", "attempt_count": 1, "max_attempts": 5}
    owed = {"amount_cents": 50, "idempotency_key": "k-dan", "created_at": day(5, 11), **row}
    book.write(day(5, 11), ("transfers", {"transfer_id": "tr-dan", **owed}))

    assert run(alerts_have_a_cause, book).outcome == outcome


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


def test_an_alert_that_fires_again_during_its_execution_is_answered_by_it() -> None:
    book = passing()
    _alert("stuck", day(5, 10, 0, 30))(book)

    assert run(alerts_answered, book).outcome == "pass"


def test_a_webhook_that_stripe_gave_up_is_dead_not_in_limbo() -> None:
    book = passing()
    book.edit(WebhookAttempt, {}, status=500)

    assert run(promised_events, book).outcome == "pass"


def test_habits_of_payers_are_not_promised_where_there_is_no_fee() -> None:
    book = passing()
    _plan(entry_fee_cents=0, late_payers=1)(book)

    assert run(promised_events, book).outcome == "pass"


@pytest.mark.parametrize(
    ("check", "spoil", "reason"),
    [
        (diagnostics_truthful, lambda b: b.drop(Sample), "nothing to look at"),
        (
            diagnostics_truthful,
            lambda b: b.add(SampleLacking(endpoint="/payouts", lacks="relation transfers"), day(5)),
            "the target gives no relation transfers to hold /payouts against",
        ),
        (monitoring_active, lambda b: b.drop(MetricChange), "nothing to look at"),
        (jobs_ran, lambda b: b.drop(JobSummary, job="settlement"), "settlement"),
        (witnesses_present, lambda b: b.drop(WitnessSummary, witness="wal"), "wal left no summary"),
        (witnesses_present, lambda b: b.edit(WitnessSummary, {"witness": "wal"}, records=0), "wal recorded nothing"),
        (witnesses_present, lambda b: b.edit(WitnessSummary, {"witness": "wal"}, problem="torn"), "torn"),
        (witnesses_present, lambda b: b.edit(WitnessSummary, {"witness": "wal"}, records=999), "saw 999 records"),
        (witnesses_present, lambda b: b.edit(WitnessSummary, {"witness": "access_log"}, records=4), "saw 4 records"),
        (witnesses_present, lambda b: b.drop(ClockProof, subject="postgres"), "postgres was not compared"),
    ],
)
def test_missing_evidence_is_unknown(check: Check, spoil: Break, reason: str) -> None:
    assert_unknown(check, passing(), spoil, reason)


def test_a_job_that_nobody_sees_blinds_nobody_for_the_others() -> None:
    book = passing()
    book.drop(JobSummary, job="settlement")
    book.add(JobUnseen(job="settlement", interval_seconds=300, why="it is silent"), day(DAYS))
    assert run(jobs_ran, book).outcome == "unknown"
    assert run(jobs_ran, book).unknown == "settlement: it is silent"

    _job("payouts", runs=0)(book)
    result = run(jobs_ran, book)
    assert [finding.message for finding in result.findings] == ["never ran"]
    assert result.unknown == "settlement: it is silent"


def test_an_event_taken_out_of_the_history_shows() -> None:
    whole = passing().history().events

    result = witnesses_present.run(History([*whole[:50], *whole[51:]]), GOVERNANCE)

    assert (result.outcome, result.unknown) == ("unknown", "event 51 is missing from the history")


def test_without_the_catalogue_nobody_can_tell_whether_there_is_a_table_of_alerts() -> None:
    assert_unknown(no_alert_table, passing(), lambda book: book.drop(TableCatalogue), "catalogue was not read")
