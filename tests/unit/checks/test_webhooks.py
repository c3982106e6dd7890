"""Webhooks that the platform accepted, against those that Stripe sent."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simulation.checks.webhooks import payment_statuses_true, refund_statuses_true, webhooks_authentic
from simulation.events import (
    Exchange,
    FaultInjected,
    StripeEventMade,
    StripeObject,
    WebhookAttempt,
    WitnessSummary,
)
from tests.unit.checks.builder import Book, Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing

WEBHOOK: dict[str, object] = {"path": "/api/webhooks/stripe"}
FOUND = "the platform accepted an event that Stripe did not send"


@pytest.mark.parametrize(
    "spoil",
    [
        lambda b: b.edit(Exchange, WEBHOOK, request_body={"id": "evt_forged"}),
        lambda b: b.edit(Exchange, WEBHOOK, actor="entrant"),
        lambda b: b.edit(Exchange, WEBHOOK, request_body="not an event"),
        lambda b: b.drop(WebhookAttempt, event_id="evt_1"),
    ],
    ids=["unknown event", "sent by somebody else", "no event at all", "never sent"],
)
def test_found(spoil: Break) -> None:
    assert_found(webhooks_authentic, passing(), spoil, FOUND)


def test_a_refused_forgery_is_as_it_should_be() -> None:
    book = passing()
    exchange = next(event for event in book.entries if isinstance(event, Exchange) and event.path == WEBHOOK["path"])
    forged = exchange.model_copy(update={"actor": "entrant", "request_body": {"id": "evt_forged"}, "status": 400})
    book.add(forged, exchange.at)

    assert run(webhooks_authentic, book).outcome == "pass"


@pytest.mark.parametrize(
    ("status", "why"), [(400, "its secret is not the one"), (403, "it wants a login"), (404, "this is not where")]
)
def test_a_genuine_webhook_that_was_refused_is_a_cause_with_its_reason(status: int, why: str) -> None:
    book = passing()
    book.edit(Exchange, WEBHOOK, status=status, response_body={"error": "STRIPE_SIGNATURE_INVALID"})

    (finding,) = run(webhooks_authentic, book).findings

    assert why in finding.message
    assert finding.actual.startswith(f"{status} to 1 of 1: {{'error': 'STRIPE_SIGNATURE_INVALID'")
    assert finding.cause


def test_a_platform_that_is_busy_or_down_has_refused_nothing() -> None:
    book = passing()
    book.edit(Exchange, WEBHOOK, status=503)

    assert "webhooks of Stripe" not in [finding.subject for finding in run(webhooks_authentic, book).findings]


def test_without_the_exchange_nothing_is_known() -> None:
    assert_unknown(webhooks_authentic, passing(), lambda b: b.drop(WitnessSummary, witness="exchange"), "exchange")


def test_a_platform_with_a_path_of_its_own_is_watched_where_stripe_comes_to_it() -> None:
    book = passing()
    book.edit(Exchange, WEBHOOK, path="/v2/hooks")
    exchange = next(event for event in book.entries if isinstance(event, Exchange) and event.path == "/v2/hooks")
    assert run(webhooks_authentic, book).outcome == "pass"

    forged = exchange.model_copy(update={"actor": "entrant", "request_body": {"id": "evt_forged"}})
    book.add(forged, exchange.at)
    assert [finding.message for finding in run(webhooks_authentic, book).findings] == [FOUND]


def _rolled(book: Book, *, status: int) -> Exchange:
    """The first delivery is signed with a secret that a fault rolled, and answered with a status."""
    attempt = next(event for event in book.entries if isinstance(event, WebhookAttempt))
    strike = FaultInjected(fault_id="rolled", fault_kind="signing_secret_rolled", keys={}, detail="")
    book.add(strike, attempt.at - timedelta(hours=1))
    book.add(attempt.model_copy(update={"fault_id": "rolled", "status": status}), attempt.at)
    exchange = next(event for event in book.entries if isinstance(event, Exchange) and event.path == WEBHOOK["path"])
    refused = exchange.model_copy(update={"status": status, "request_body": {"id": attempt.event_id}})
    book.add(refused, attempt.at)
    return refused


def test_what_is_signed_with_a_secret_that_a_fault_rolled_is_rightly_refused() -> None:
    book = passing()
    _rolled(book, status=400)

    assert run(webhooks_authentic, book).outcome == "pass"


def test_what_is_signed_with_a_secret_that_a_fault_rolled_is_not_believed() -> None:
    def believe(book: Book) -> None:
        _rolled(book, status=200)

    assert_found(webhooks_authentic, passing(), believe, "signed with a secret that it was never told")


def test_the_same_event_refused_at_another_time_is_no_excuse() -> None:
    def refuse_later(book: Book) -> None:
        refused = _rolled(book, status=400)
        book.add(refused, refused.at + timedelta(hours=1))

    assert_found(webhooks_authentic, passing(), refuse_later, "genuine ones were refused")


def _told(book: Book, *told: str, at_stripe: str, books: str, taken: bool = True) -> None:
    """A payment of whose ending Stripe tells by these events, in this order, and what the books say of it."""
    for number, what in enumerate(told):
        event = {"event_id": f"evt_{what}", "event_type": f"payment_intent.{what}", "object_id": "pi_dan"}
        book.add(StripeEventMade(**event, payload_sha256=()), day(1, number))
        status = 200 if taken else 500
        book.add(WebhookAttempt(**event, attempt=1, status=status, next_attempt_at=None), day(1, 12))
    book.add(StripeObject(object_type="payment_intent", object_id="pi_dan", status=at_stripe), day(14))
    row = {"payment_id": "p-dan", "contest_id": "C1", "user_id": "dan", "stripe_payment_intent_id": "pi_dan"}
    book.write(day(1, 12), ("payments", {**row, "status": books, "amount_cents": 1_000}))


@pytest.mark.parametrize(("at_stripe", "books"), [("requires_payment_method", "FAILED"), ("canceled", "CANCELED")])
def test_a_payment_whose_status_is_that_of_stripes_last_word_passes(at_stripe: str, books: str) -> None:
    book = passing()
    _told(book, "processing", "canceled" if books == "CANCELED" else "payment_failed", at_stripe=at_stripe, books=books)
    found = run(payment_statuses_true, book)
    assert (found.outcome, found.examined) == ("pass", 1)


def test_a_payment_that_an_older_event_has_set_back_is_found() -> None:
    told = {"at_stripe": "requires_payment_method", "books": "PROCESSING"}
    assert_found(
        payment_statuses_true,
        passing(),
        lambda b: _told(b, "processing", "payment_failed", **told),
        "a status that Stripe's last word has overtaken",
    )


def test_what_stripe_could_not_tell_yet_is_not_held_against_the_books() -> None:
    book = passing()
    _told(book, "processing", "payment_failed", at_stripe="requires_payment_method", books="PROCESSING", taken=False)
    assert run(payment_statuses_true, book).examined == 0


def _came_back(book: Book, *, books: str, at_stripe: str = "failed", taken: bool = True) -> None:
    """A refund that Stripe could not credit, and what the books say of it."""
    event = {"event_id": "evt_back", "event_type": "refund.failed", "object_id": "re_dan"}
    book.add(StripeEventMade(**event, payload_sha256=()), day(2))
    status = 200 if taken else 500
    book.add(WebhookAttempt(**event, attempt=1, status=status, next_attempt_at=None), day(2, 1))
    book.add(StripeObject(object_type="refund", object_id="re_dan", status=at_stripe), day(14))
    row = {"refund_id": "r-dan", "payment_id": "p-dan", "contest_id": "C1", "user_id": "dan", "amount_cents": 1_000}
    book.write(day(2, 1), ("refunds", {**row, "stripe_refund_id": "re_dan", "status": books}))


@pytest.mark.parametrize("books", ["returned", "owed", "failed_terminal"])
def test_a_refund_that_came_back_and_stands_as_such_passes(books: str) -> None:
    book = passing()
    _came_back(book, books=books)
    found = run(refund_statuses_true, book)
    assert (found.outcome, found.examined) == ("pass", 1)


@pytest.mark.parametrize("at_stripe", ["failed", "canceled"])
def test_a_refund_that_came_back_and_stands_as_made_is_found(at_stripe: str) -> None:
    assert_found(
        refund_statuses_true,
        passing(),
        lambda b: _came_back(b, books="completed", at_stripe=at_stripe),
        "the books say that it was made, and its money is back at Stripe",
    )


@pytest.mark.parametrize("more", [{"at_stripe": "succeeded"}, {"taken": False}])
def test_a_refund_that_arrived_or_of_whose_end_nobody_was_told_may_stand_as_made(more: dict[str, Any]) -> None:
    book = passing()
    _came_back(book, books="completed", **more)
    assert run(refund_statuses_true, book).examined == 0
