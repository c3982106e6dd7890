"""Three books by business key: every difference is explained or found."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.base import Check
from simulation.checks.reconciliation import three_way_reconciliation
from simulation.events import EntrantAction, StripeMovement, WebhookAttempt, WitnessSummary
from tests.unit.checks.builder import Book, Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_money import (
    POOL,
    amend_both,
    charge,
    charge_back,
    chargeback_won,
    give_up,
    movement,
    part_given_by_stripe,
    post_again,
    prize_taken_back,
    refund_comes_back,
    twice,
    undo_both,
    wrong_amount_paid,
    wrong_currency_paid,
)


def _second_thoughts(book: Book) -> None:
    facts: dict[str, Any] = {"contest": "open", "contest_id": "C1", "action": "asked_for_refund"}
    book.add(EntrantAction(person="bob", user_id="bob", **facts), day(0, 12))


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "ledger without payment": (
        three_way_reconciliation,
        lambda b: b.drop(StripeMovement, source_id="ch_pi_ann"),
        "expected, ledger and Stripe differ",
    ),
    "payment that nobody booked": (
        three_way_reconciliation,
        lambda b: charge(b, "dan", "pi_dan", day(5, 12)),
        "expected, ledger and Stripe differ",
    ),
    "payment that the entrant knows nothing of": (
        three_way_reconciliation,
        lambda b: b.drop(EntrantAction, action="paid", person="ann"),
        "expected, ledger and Stripe differ",
    ),
    "payment counted twice": (
        three_way_reconciliation,
        lambda b: post_again(b, "fee2", "ENTRY_FEE", "stripe", POOL, 1_000, ("payment_intent", "p-pi_ann")),
        "expected, ledger and Stripe differ",
    ),
    "second payment kept": (
        three_way_reconciliation,
        lambda b: b.drop(StripeMovement, source_id="re_pi_cat2"),
        "differ",
    ),
    "refund without ledger": (
        three_way_reconciliation,
        lambda b: undo_both(b, "refund-pi_cat2"),
        "differ",
    ),
    "refund that was not due": (
        three_way_reconciliation,
        lambda b: movement(b, "refund", "re_x", -1_000, day(2), payment_intent_id="pi_ann", user_id="ann"),
        "differ",
    ),
    "chargeback that nobody booked": (
        three_way_reconciliation,
        lambda b: (charge_back(b), undo_both(b, "chargeback")),
        "expected, ledger and Stripe differ",
    ),
    "chargeback booked without its fee": (
        three_way_reconciliation,
        lambda b: charge_back(b, booked=1_000),
        "expected, ledger and Stripe differ",
    ),
    "chargeback booked that no cardholder knows of": (
        three_way_reconciliation,
        lambda b: (charge_back(b), b.drop(EntrantAction, action="charged_back")),
        "expected, ledger and Stripe differ",
    ),
    "chargeback that was won and not booked": (
        three_way_reconciliation,
        lambda b: (charge_back(b), chargeback_won(b), undo_both(b, "chargeback-won")),
        "expected, ledger and Stripe differ",
    ),
    "chargeback booked as won that the bank keeps": (
        three_way_reconciliation,
        lambda b: (charge_back(b), chargeback_won(b), b.drop(StripeMovement, source_id="dp_bob", amount_cents=1_000)),
        "expected, ledger and Stripe differ",
    ),
    "fee kept though the entrant asked for it in time": (
        three_way_reconciliation,
        _second_thoughts,
        "expected, ledger and Stripe differ",
    ),
    "refund that came back and is booked as if the entrant had it": (
        three_way_reconciliation,
        lambda b: (refund_comes_back(b), undo_both(b, "refund-pi_cat2-returned")),
        "expected, ledger and Stripe differ",
    ),
    "refund booked as come back that the entrant has": (
        three_way_reconciliation,
        lambda b: (refund_comes_back(b), b.drop(StripeMovement, movement="refund_failure")),
        "expected, ledger and Stripe differ",
    ),
    "part given by Stripe that nobody booked": (
        three_way_reconciliation,
        lambda b: (part_given_by_stripe(b), undo_both(b, "refund-part")),
        "expected, ledger and Stripe differ",
    ),
    "part given back that no cardholder knows of": (
        three_way_reconciliation,
        lambda b: (part_given_by_stripe(b), b.drop(EntrantAction, action="got_part_back")),
        "expected, ledger and Stripe differ",
    ),
    "fee booked for another amount that was paid": (
        three_way_reconciliation,
        lambda b: (wrong_amount_paid(b), amend_both(b, "fee-pi_dan", amount_cents=1_000)),
        "expected, ledger and Stripe differ",
    ),
    "wrong amount that nobody gave back": (
        three_way_reconciliation,
        lambda b: (
            wrong_amount_paid(b),
            undo_both(b, "refund-pi_dan"),
            b.drop(StripeMovement, source_id="re_pi_dan"),
        ),
        "expected, ledger and Stripe differ",
    ),
    "payment in a wrong currency that is booked in the contest's": (
        three_way_reconciliation,
        lambda b: (wrong_currency_paid(b), amend_both(b, "fee-pi_dan", currency="USD")),
        "expected, ledger and Stripe differ",
    ),
    "fee of another currency than Stripe moved": (
        three_way_reconciliation,
        lambda b: b.edit(StripeMovement, {"source_id": "ch_pi_bob"}, currency="eur"),
        "expected, ledger and Stripe differ",
    ),
    "payment in a wrong currency that nobody gave back": (
        three_way_reconciliation,
        lambda b: (
            wrong_currency_paid(b),
            undo_both(b, "refund-pi_dan"),
            b.drop(StripeMovement, source_id="re_pi_dan"),
        ),
        "expected, ledger and Stripe differ",
    ),
    "prize taken back that nobody booked": (
        three_way_reconciliation,
        lambda b: (prize_taken_back(b), undo_both(b, "taken-back")),
        "expected, ledger and Stripe differ",
    ),
    "prize booked as taken back that the winner has": (
        three_way_reconciliation,
        lambda b: (prize_taken_back(b), b.drop(StripeMovement, movement="transfer_reversal")),
        "expected, ledger and Stripe differ",
    ),
    "prize taken back that no winner knows of": (
        three_way_reconciliation,
        lambda b: (prize_taken_back(b), b.drop(EntrantAction, action="lost_prize")),
        "expected, ledger and Stripe differ",
    ),
    "prize paid twice": (three_way_reconciliation, twice, "expected, ledger and Stripe differ"),
    "prize paid to nobody's account": (
        three_way_reconciliation,
        lambda b: b.edit(StripeMovement, {"source_id": "tr_ann"}, destination="acct_x"),
        "paid into acct_x",
    ),
    "paid without ledger": (
        three_way_reconciliation,
        lambda b: undo_both(b, "payout-ann"),
        "differ",
    ),
    "winner credited too much": (
        three_way_reconciliation,
        lambda b: amend_both(b, "prize-ann", amount_cents=1_900),
        "the settlement credited $19.00",
    ),
    "wrong winner": (
        three_way_reconciliation,
        lambda b: b.edit(StripeMovement, {"source_id": "tr_ann"}, user_id="dan"),
        "differ",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


def test_a_prizegive_up_with_its_reason_is_explained() -> None:
    book = passing()
    give_up(book)

    assert run(three_way_reconciliation, book).outcome == "pass"


def test_a_payment_whose_webhook_is_still_due_is_in_flight() -> None:
    book = passing()
    book.add(
        EntrantAction(
            person="dan", user_id="dan", contest="cup", contest_id="C1", action="paid_late", payment_intent_id="pi_dan"
        ),
        day(5, 23),
    )
    charge(book, "dan", "pi_dan", day(5, 23))
    attempt: dict[str, Any] = {"event_id": "evt_9", "event_type": "payment_intent.succeeded", "object_id": "pi_dan"}
    book.add(WebhookAttempt(**attempt, attempt=1, status=500, next_attempt_at=day(6, 1)), day(5, 23))

    lines = run(three_way_reconciliation, book).findings

    assert [finding.subject.split()[0] for finding in lines] == ["refund"]  # paid after the books were closed


@pytest.mark.parametrize(
    ("check", "spoil", "reason"),
    [
        (three_way_reconciliation, lambda b: b.observe("users", lambda rows: None), "users was not observed"),
        (three_way_reconciliation, lambda b: b.drop(WitnessSummary, witness="stripe_journal"), "stripe_journal"),
    ],
)
def test_missing_evidence_is_unknown(check: Check, spoil: Break, reason: str) -> None:
    assert_unknown(check, passing(), spoil, reason)


def test_a_chargeback_is_one_line_in_three_books() -> None:
    book = passing()
    charge_back(book)
    result = run(three_way_reconciliation, book)
    assert (result.findings, result.unknown) == ((), None)
    assert result.examined == run(three_way_reconciliation, passing()).examined + 1


def test_a_refund_that_came_back_is_owed_and_a_part_that_stripe_gave_is_as_it_should_be() -> None:
    book = passing()
    refund_comes_back(book)
    part_given_by_stripe(book)

    result = run(three_way_reconciliation, book)

    assert (result.outcome, result.findings) == ("pass", ())


@pytest.mark.parametrize("happens", [prize_taken_back, wrong_amount_paid, wrong_currency_paid])
def test_a_prize_taken_back_and_a_wrong_amount_given_back_are_as_they_should_be(happens: Break) -> None:
    book = passing()
    happens(book)

    result = run(three_way_reconciliation, book)

    assert (result.outcome, result.findings) == ("pass", ())
