"""Payouts by themselves, and the rules of their retries."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from simulation.checks.base import Check
from simulation.checks.payouts import (
    payout_automatic,
    payout_retry_rules,
    payouts_follow_settlement,
    retry_after_honoured,
)
from simulation.events import EntrantAction, Exchange, FaultInjected, FaultScheduled, JobSummary, StripeCall
from tests.unit.checks.builder import Book, Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_money import call, movement

BOB = "payout:tr-bob"


def _first_by_hand(book: Book) -> None:
    audit = book.write_of("transfers", id="tr-ann", attempt_count=1).audit
    assert audit is not None
    audit["request_id"] = "exec-1-req-1"


def _terminal(reason: str = "TIMEOUT") -> Break:
    def spoil(book: Book) -> None:
        book.amend("transfers", "tr-bob", status="failed_terminal", failure_reason=reason)
        book.drop(StripeCall, idempotency_key=BOB, status=200)

    return spoil


def _answers(*statuses: int | None) -> Break:
    """Bob's attempts were answered like this."""

    def spoil(book: Book) -> None:
        book.drop(StripeCall, idempotency_key=BOB)
        for number, status in enumerate(statuses):
            call(book, "bob", status, day(5, 9, 20 + 5 * number))
        book.amend("transfers", "tr-bob", attempt_count=len(statuses))

    return spoil


def _given_up(*statuses: int | None, reason: str = "api_error") -> Break:
    def spoil(book: Book) -> None:
        _answers(*statuses)(book)
        book.amend("transfers", "tr-bob", status="failed_terminal", failure_reason=reason)

    return spoil


def _given_up_at_last(hours: int) -> Break:
    """Bob's only attempt was never answered, and so many hours later his prize was given up."""

    def spoil(book: Book) -> None:
        _answers(None)(book)
        failed = {"id": "tr-bob", "status": "failed_terminal", "failure_reason": "a name of its own"}
        book.write(day(5, 9, 20) + timedelta(hours=hours), ("transfers", failed))

    return spoil


def _has_left(book: Book) -> None:
    _given_up(None)(book)
    facts = {"person": "p2", "user_id": "bob", "contest": None, "contest_id": None}
    book.add(EntrantAction(action="deleted_account", act=None, **facts), day(5, 9, 21))


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "the scheduler never ran": (
        payout_automatic,
        lambda b: b.edit(JobSummary, {"job": "payouts"}, runs=0),
        "payout scheduler never ran",
    ),
    "a first attempt by hand": (payout_automatic, _first_by_hand, "first attempt was triggered by hand"),
    "an untouched prize paid by a runbook": (
        payout_automatic,
        lambda b: b.edit(StripeCall, {"idempotency_key": "payout:tr-ann"}, cause="alert:al-1"),
        "it was not paid by the scheduler",
    ),
    "a new key on each attempt": (
        payout_retry_rules,
        lambda b: b.edit(StripeCall, {"idempotency_key": BOB, "status": 200}, idempotency_key="other"),
        "its idempotency key belongs to no transfer",
    ),
    "attempts beyond the limit": (payout_retry_rules, _answers(500, 500, None, 200), "4 attempts, 3 allowed"),
    "attempts not on record": (
        payout_retry_rules,
        lambda b: b.amend("transfers", "tr-bob", attempt_count=1),
        "but 1 attempt on record",
    ),
    "retried after a refusal": (payout_retry_rules, _answers(400, 200), "tried again after a definite refusal"),
    "retried with a forgotten key": (
        payout_retry_rules,
        lambda b: b.edit(StripeCall, {"idempotency_key": BOB, "status": None}, at=day(4, 9)),
        "a key that Stripe had forgotten",
    ),
    "a timeout taken as final": (payout_retry_rules, _terminal(), "given up although the last failure may pass"),
    "given up while Stripe still knew the key": (
        payout_retry_rules,
        _given_up_at_last(hours=23),
        "given up although the last failure may pass",
    ),
    "a refusal about the moment taken as final, under a name of its own": (
        payout_retry_rules,
        _given_up(429, reason="IDEMPOTENCY_KEY_EXPIRED"),
        "given up although the last failure may pass",
    ),
    "a rate limit taken as final": (payout_retry_rules, _given_up(429), "given up although the last failure may pass"),
    "completed without a call": (payout_retry_rules, _answers(), "completed without a call"),
    "paid before the settlement": (
        payouts_follow_settlement,
        lambda b: movement(b, "transfer", "tr_early", -500, day(3), destination="acct_ann", user_id="ann"),
        "money left for a contest that was not settled",
    ),
    "completed after a refusal": (payout_retry_rules, _answers(402), "completed without a call"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


@pytest.mark.parametrize(
    "allowed",
    [
        _given_up(400),
        _given_up(500, None, 429),
        _given_up(reason="DESTINATION_ACCOUNT_MISSING"),
        _given_up_at_last(hours=24),
        _has_left,
        _answers(None, None, None),
        _answers(409, 500, 200),
    ],
    ids=[
        "refused once",
        "out of attempts",
        "no destination",
        "the key forgotten",
        "the winner has left",
        "made after all",
        "third time lucky",
    ],
)
def test_allowed(allowed: Break) -> None:
    book = passing()
    allowed(book)

    assert run(payout_retry_rules, book).outcome == "pass"


def test_a_runbook_may_pay_what_a_fault_had_touched() -> None:
    history = passing().history()
    causes: dict[Any, str] = {item.idempotency_key: item.cause for item in history.of(StripeCall)}

    assert causes[BOB] == "fault:slow"
    assert [item.path for item in history.of(Exchange) if item.actor == "operator"]
    assert run(payout_automatic, passing()).outcome == "pass"


def test_without_the_jobs_summary_nothing_is_known_of_the_scheduler() -> None:
    assert_unknown(payout_automatic, passing(), lambda b: b.drop(JobSummary, job="payouts"), "payout")


def timer_stopped(book: Book, *, until: datetime) -> None:
    """A fault of the scenario kept the scheduler's timer from firing on day 5."""
    fault = {"fault_id": "dead", "fault_kind": "payout_timer_stopped", "keys": {"job": "payout"}}
    window = {"starts_at": day(5), "ends_at": until, "expectation": "runbook"}
    book.add(FaultScheduled(**fault, **window, runbook="payout_not_triggered"), day(0))
    book.add(FaultInjected(**fault, detail="stands still"), day(5))


def test_a_hand_may_stand_in_for_a_timer_that_a_fault_stopped_and_only_while_it_does() -> None:
    def by_hand_until(until: datetime) -> Break:
        def spoil(book: Book) -> None:
            _first_by_hand(book)
            book.edit(StripeCall, {"idempotency_key": "payout:tr-ann"}, cause="alert:al-1")
            timer_stopped(book, until=until)

        return spoil

    excused, too_late = passing(), passing()
    by_hand_until(day(6))(excused)
    by_hand_until(day(5, 0, 1))(too_late)
    assert run(payout_automatic, excused).outcome == "pass"
    assert run(payout_automatic, too_late).outcome == "fail"


def _asked_to_wait(*, until_next_seconds: int) -> Break:
    """Bob's transfer is turned away for 120 seconds, and the next one goes out so many seconds later."""

    def spoil(book: Book) -> None:
        book.drop(StripeCall, idempotency_key=BOB)
        limited: dict[str, Any] = {
            "origin": "platform",
            "method": "POST",
            "path": "/v1/transfers",
        }
        book.add(
            StripeCall(**limited, request_id="req_1", status=429, executed=False, retry_after_seconds=120),
            day(5, 9, 20),
        )
        book.add(
            StripeCall(**limited, request_id="req_2", status=200, executed=True),
            day(5, 9, 20) + timedelta(seconds=until_next_seconds),
        )

    return spoil


@pytest.mark.parametrize("seconds", [0, 120, 300])
def test_a_platform_that_waits_as_long_as_stripe_asks_passes(seconds: int) -> None:
    book = passing()
    _asked_to_wait(until_next_seconds=seconds)(book)
    found = run(retry_after_honoured, book)
    assert (found.outcome, found.examined) == ("pass", 1)


def test_a_call_before_the_time_that_stripe_named_is_found() -> None:
    assert_found(
        retry_after_honoured,
        passing(),
        _asked_to_wait(until_next_seconds=119),
        "sent before the time until which Stripe had asked to wait",
    )
