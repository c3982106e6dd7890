"""The eight faults of the sample, and what was done about them."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Literal

from simulation.events import FaultInjected, FaultScheduled, ProviderAnswer, StripeCall, WebhookAttempt
from simulation.scenario.faults.registry import KINDS
from tests.unit.reporting.sample.book import SYSTEM, Book, day, make_id
from tests.unit.reporting.sample.executions import Command, act, execute, look
from tests.unit.reporting.sample.plans import PLANS, Plan, prize, transfer_id, user_id, winner

MASTERS, LINKS, DUEL, CLUB = PLANS
Expect = Literal["self_heals", "runbook", "terminal"]


def _schedule(
    book: Book,
    fault: str,
    kind: str,
    at: datetime,
    expect: Expect,
    *,
    runbook: str | None = None,
    reason: str | None = None,
    ends: datetime | None = None,
    **keys: str,
) -> None:
    book.add(
        day(0),
        FaultScheduled(
            fault_id=fault,
            fault_kind=kind,
            title=KINDS[kind].title,
            starts_at=at,
            ends_at=ends,
            keys=keys,
            expectation=expect,
            runbook=runbook,
            reason=reason,
        ),
    )


def _inject(book: Book, fault: str, kind: str, at: datetime, detail: str, **keys: str) -> None:
    book.add(at, FaultInjected(fault_id=fault, fault_kind=kind, keys=keys, detail=detail), cause=f"fault:{fault}")


def _failed_attempt(
    book: Book, fault: str, plan: Plan, rank: int, at: datetime, *, status: int | None, entry: str
) -> None:
    transfer, user = transfer_id(plan, rank), user_id(winner(plan, rank))
    book.add(
        at,
        StripeCall(
            request_id=f"req_{fault}_{at:%H%M}",
            origin="platform",
            method="POST",
            path="/v1/transfers",
            idempotency_key=f"payout:{transfer}",
            status=status,
            error_code="account_invalid" if status else None,
            object_id=None,
            executed=fault == "F2",
            fault_id=fault,
        ),
        cause=f"fault:{fault}",
    )
    book.post(
        at + timedelta(seconds=30),
        contest=plan.contest_id,
        user=user,
        entry=entry,
        debit=f"winnings_payable:{plan.contest_id}:{user}",
        credit=f"winnings_payable:{plan.contest_id}:{user}",
        cents=0,
        reference=("payout_transfer", transfer),
    )
    book.audit(
        at,
        actor=SYSTEM,
        action=entry.lower(),
        reason="the call to Stripe failed",
        entity="payout_transfers",
        entity_id=transfer,
    )


def transfer_faults(book: Book) -> None:
    """F1 is retried by runbook, F2 heals by itself, F3 ends terminal with its reason."""
    due = MASTERS.complete + timedelta(minutes=10)
    _schedule(
        book,
        "F1",
        "transfer_timeout_before",
        due,
        "runbook",
        runbook="payout_transfer_stuck_in_retryable",
        contest="masters",
        nth="2",
    )
    for at in (due, due + timedelta(minutes=5)):
        _inject(
            book,
            "F1",
            "transfer_timeout_before",
            at,
            "no answer for 30 s; Stripe never saw the call",
            payout_transfer_id=transfer_id(MASTERS, 2),
            contest_id=MASTERS.contest_id,
            user_id=user_id(winner(MASTERS, 2)),
        )
        _failed_attempt(book, "F1", MASTERS, 2, at, status=None, entry="PAYOUT_ATTEMPT_RETRYABLE")
    stuck = (
        look("Detection", "payouts?stuck_minutes=30", ".stuck_transfers | length", "1"),
        look("Diagnosis", "payouts?stuck_minutes=30", ".stuck_transfers[0].failure_reason", '"STRIPE_TIMEOUT"'),
        act("diagnostics/run-payout-scheduler", ".success", "true"),
        look("Verification", "payouts?stuck_minutes=30", ".stuck_transfers | length", "0"),
    )
    execute(
        book,
        1,
        fault="F1",
        alert="PayoutTransfersStuckInRetryable",
        runbook="payout_transfer_stuck_in_retryable",
        fired=MASTERS.complete + timedelta(minutes=57),
        labels={},
        severity="warning",
        commands=stuck,
        resolved=MASTERS.complete + timedelta(minutes=67),
    )
    due = LINKS.complete + timedelta(minutes=10)
    _schedule(book, "F2", "transfer_timeout_after", due, "self_heals", contest="links", nth="1")
    _inject(
        book,
        "F2",
        "transfer_timeout_after",
        due - timedelta(minutes=5),
        "Stripe made the transfer; the platform never heard",
        payout_transfer_id=transfer_id(LINKS, 1),
        contest_id=LINKS.contest_id,
    )
    _failed_attempt(book, "F2", LINKS, 1, due - timedelta(minutes=5), status=None, entry="PAYOUT_ATTEMPT_RETRYABLE")
    _schedule(
        book,
        "F3",
        "destination_invalid",
        due,
        "terminal",
        runbook="destination_account_invalid",
        reason="account_invalid",
        contest="links",
        nth="3",
    )
    _inject(
        book,
        "F3",
        "destination_invalid",
        due,
        "the winner's account was closed",
        payout_transfer_id=transfer_id(LINKS, 3),
        contest_id=LINKS.contest_id,
        user_id=user_id(winner(LINKS, 3)),
    )
    _failed_attempt(book, "F3", LINKS, 3, due, status=400, entry="PAYOUT_ATTEMPT_FAILED_TERMINAL")
    transfer = transfer_id(LINKS, 3)
    book.row(
        "transfers",
        transfer_id=transfer,
        contest_id=LINKS.contest_id,
        user_id=user_id(winner(LINKS, 3)),
        amount_cents=prize(LINKS, 3),
        status="failed_terminal",
        attempt_count=1,
        max_attempts=3,
        stripe_transfer_id=None,
        idempotency_key=f"payout:{transfer}",
        failure_reason="account_invalid",
        created_at=due,
        completed_at=due + timedelta(seconds=30),
    )
    seen = (
        look("Detection", "payouts", ".counts.failed_terminal", "1"),
        act("payout-transfers/$TRANSFER/acknowledge", ".success", "true"),
    )
    execute(
        book,
        2,
        fault="F3",
        alert="PayoutDestinationInvalid",
        runbook="destination_account_invalid",
        fired=due + timedelta(minutes=10),
        labels={},
        severity="warning",
        commands=seen,
        resolved=due + timedelta(minutes=30),
    )


def webhook_faults(book: Book) -> None:
    """F4 arrives twice, F5 comes 26 hours late and is replayed before, F6 is one payment told by two events."""
    twice = MASTERS.created + timedelta(hours=1, minutes=41 * 4 + 4)
    _schedule(book, "F4", "webhook_duplicated", twice, "self_heals", contest="masters", nth="5")
    _inject(
        book,
        "F4",
        "webhook_duplicated",
        twice,
        "delivered again 90 s later",
        stripe_event_id="evt_pi_masters_04",
        payment_intent="pi_masters_04",
    )
    book.add(
        twice + timedelta(seconds=92),
        WebhookAttempt(
            event_id="evt_pi_masters_04",
            event_type="payment_intent.succeeded",
            object_id="pi_masters_04",
            attempt=2,
            status=200,
            next_attempt_at=None,
            fault_id="F4",
        ),
        cause="fault:F4",
    )
    late = CLUB.created + timedelta(hours=1, minutes=41 * 6 + 4)
    _schedule(
        book, "F5", "webhook_delayed", late, "runbook", runbook="payment_webhook_missing", contest="club", nth="7"
    )
    _inject(
        book,
        "F5",
        "webhook_delayed",
        late,
        "held back for 26 h",
        stripe_event_id="evt_pi_club_06",
        payment_intent="pi_club_06",
        contest_id=CLUB.contest_id,
    )
    book.add(
        late + timedelta(hours=26),
        WebhookAttempt(
            event_id="evt_pi_club_06",
            event_type="payment_intent.succeeded",
            object_id="pi_club_06",
            attempt=1,
            status=200,
            next_attempt_at=None,
            fault_id="F5",
        ),
        cause="fault:F5",
    )
    replay = (
        look("Detection", "payments", ".webhooks_missing | length", "1"),
        act("diagnostics/replay-stripe-events", ".result.replayed", "1"),
        look("Verification", "payments", ".webhooks_missing | length", "0"),
    )
    execute(
        book,
        3,
        fault="F5",
        alert="PaymentWebhookMissing",
        runbook="payment_webhook_missing",
        fired=late + timedelta(hours=24, minutes=53),
        labels={},
        severity="critical",
        commands=replay,
        resolved=late + timedelta(hours=25, minutes=13),
    )
    both = DUEL.created + timedelta(hours=1, minutes=41 + 4)
    _schedule(book, "F6", "two_events_for_one_payment", both, "self_heals", contest="duel", nth="2")
    _inject(
        book,
        "F6",
        "two_events_for_one_payment",
        both,
        "a second event for the same change",
        payment_intent="pi_duel_01",
        stripe_event_id="evt_pi_duel_01b",
    )
    book.add(
        both + timedelta(seconds=32),
        WebhookAttempt(
            event_id="evt_pi_duel_01b",
            event_type="payment_intent.succeeded",
            object_id="pi_duel_01",
            attempt=1,
            status=200,
            next_attempt_at=None,
            fault_id="F6",
        ),
        cause="fault:F6",
    )


def provider_faults(book: Book) -> None:
    """F7 is silent for 90 minutes, F8 sends one broken payload."""
    begin = day(3, 14)
    _schedule(
        book,
        "F7",
        "provider_outage",
        begin,
        "runbook",
        runbook="ingestion_lag",
        ends=begin + timedelta(minutes=90),
        tournament="spring",
    )
    for minute in range(0, 90, 5):
        at = begin + timedelta(minutes=minute)
        _inject(book, "F7", "provider_outage", at, "the provider does not answer", tournament="spring")
        book.add(
            at,
            ProviderAnswer(tournament="spring", status=None, revision=None, valid=False, fault_id="F7"),
            cause="fault:F7",
        )
    lag = (
        look("Detection", "ingestion", ".max_lag_seconds > 3600", "true"),
        Command(section="Recovery", command="sleep 1800", expected=""),
        look("Verification", "ingestion", ".max_lag_seconds < 600", "true"),
    )
    execute(
        book,
        4,
        fault="F7",
        alert="IngestionLag",
        runbook="ingestion_lag",
        fired=begin + timedelta(minutes=70),
        labels={"provider_event_id": "spring"},
        severity="critical",
        commands=lag,
        resolved=begin + timedelta(minutes=100),
    )
    book.add(
        begin + timedelta(minutes=90),
        ProviderAnswer(tournament="spring", status=200, revision=5, valid=True),
        cause="job:poll",
    )
    broken = day(8, 11)
    _schedule(book, "F8", "provider_malformed", broken, "self_heals", tournament="coast")
    _inject(book, "F8", "provider_malformed", broken, "a payload cut in the middle", tournament="coast")
    book.add(
        broken, ProviderAnswer(tournament="coast", status=200, revision=4, valid=False, fault_id="F8"), cause="fault:F8"
    )
    book.add(
        broken + timedelta(minutes=5),
        ProviderAnswer(tournament="coast", status=200, revision=4, valid=True),
        cause="job:poll",
    )
    for number in range(2):
        book.row(
            "ingestion_errors",
            error_id=make_id("ingestion", number),
            contest_id=(DUEL, CLUB)[number].contest_id,
            error_code="MALFORMED_JSON",
            created_at=broken,
        )
