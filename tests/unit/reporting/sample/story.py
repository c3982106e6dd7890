"""The sample run from its first event to its last."""

from __future__ import annotations

from datetime import timedelta

from simulation.events import (
    AccessProbe,
    Escalated,
    Exchange,
    JobSummary,
    RunEnded,
    RunStarted,
    StripeBalance,
    StripeMovement,
    WitnessSummary,
)
from simulation.events.governance import Governance
from simulation.history import History
from simulation.scenario.contest import Contest
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.transfers import TransferTimeoutBefore
from simulation.scenario.model import Scenario
from simulation.scenario.tournament import Tournament
from tests.unit.reporting.sample.book import OPERATOR, START, SYSTEM, Book, day
from tests.unit.reporting.sample.entries import enter, people
from tests.unit.reporting.sample.faults import provider_faults, transfer_faults, webhook_faults
from tests.unit.reporting.sample.lives import live, play
from tests.unit.reporting.sample.plans import PLANS, Plan

GOVERNANCE = Governance(
    governed_tables=("contest_instances", "ledger"),
    append_only_tables=("ledger",),
    audit_table="audit_log",
    audit_columns={},
    contest_table="contest_instances",
    contest_status_column="status",
    contest_audit_table="admin_contest_audit",
    contest_audit_columns={},
    executions_table="runbook_executions",
    system_actor=SYSTEM,
)


def scenario() -> Scenario:
    """The scenario the sample claims to have run."""
    return Scenario(
        name="founder_absence_14d",
        description="Fourteen days in which nobody with founder or engineering access touches the platform.",
        start=START,
        days=14,
        tournaments={"spring": Tournament(first_round=day(2, 8)), "coast": Tournament(first_round=day(7, 8))},
        contests=tuple(_contest(plan) for plan in PLANS),
        faults=(
            TransferTimeoutBefore(
                id="F1",
                kind="transfer_timeout_before",
                contest="masters",
                nth=2,
                times=2,
                expect=Expectation(runbook="payout_transfer_stuck_in_retryable"),
            ),
        ),
    )


def _contest(plan: Plan) -> Contest:
    return Contest(
        key=plan.key,
        name=plan.name,
        tournament=plan.tournament,
        entry_fee_cents=plan.fee_cents,
        payout_percent=plan.percent,
        entrants=plan.entrants,
        created=plan.created,
        lock=plan.lock,
        start=plan.start,
        end=plan.complete,
    )


def sample_history(*, contest_name: str | None = None, escalated: bool = False) -> History:
    """A run that went as it should; ``contest_name`` renames the first contest, ``escalated`` adds an escalation."""
    book = Book()
    people(book)
    masters, links, duel, club = PLANS
    enter(book, masters)
    enter(book, links)
    enter(book, duel)
    enter(book, club, delayed=6)
    play(book, "spring", day(2, 8))
    play(book, "coast", day(7, 8))
    live(book, masters, slow_rank=2)
    live(book, links, unpaid_rank=3)
    live(book, duel)
    live(book, club)
    transfer_faults(book)
    webhook_faults(book)
    provider_faults(book)
    if contest_name is not None:
        book.relations["contests"][0]["name"] = contest_name
    if escalated:
        book.add(day(6, 4), Escalated(alert_id=None, execution_id=None, reason="no runbook answers this alert"))
    _close(book)
    started = RunStarted(
        scenario="founder_absence_14d",
        scenario_document=scenario().model_dump(mode="json"),
        seed=7,
        days=14,
        window_start=START - timedelta(hours=1),
        window_end=day(14),
        absence_start=START,
        target="builtin",
        environment="embedded",
        environment_reason="no Docker engine answers on this machine",
        governance=GOVERNANCE,
    )
    ended = RunEnded(
        healthy_at=day(10, 21),
        converged_at=day(10, 22),
        converge_deadline=day(11, 9),
        events_processed=48211,
    )
    return book.history(first=started, last=ended, end=day(14))


def _close(book: Book) -> None:
    for subject in ("founder_database", "founder_admin_token"):
        for moment, at in (("start", day(0, 0, 30)), ("end", day(14))):
            book.add(at, AccessProbe(subject=subject, moment=moment, refused=True, detail="access denied"))  # type: ignore[arg-type]
    book.add(
        day(0, 0, 10),
        Exchange(
            actor="setup",
            request_id="setup-1",
            method="POST",
            path="/api/admin/users",
            status=201,
            request_body={"name": "Olga Ops"},
            response_body={"user_id": OPERATOR},
        ),
    )
    for job in ("lifecycle", "ingestion", "settlement", "payout"):
        book.add(
            day(14),
            JobSummary(
                job=job,
                interval_seconds=300,
                runs=4032,
                busy_runs=40,
                first_at=START,
                last_at=day(14) - timedelta(minutes=5),
                largest_gap_seconds=300,
            ),
        )
    net = sum(event.net_cents for _, _, event in book.entries if isinstance(event, StripeMovement))
    book.add(day(14), StripeBalance(opening_cents=500_00, available_cents=500_00 + net, pending_cents=0))
    book.relations["refunds"] = []
    for witness in ("wal", "stripe_journal", "exchange", "provider"):
        book.add(day(14), WitnessSummary(witness=witness, records=2210))  # type: ignore[arg-type]
