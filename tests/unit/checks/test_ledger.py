"""The ledger's own arithmetic, and Stripe's."""

from __future__ import annotations

import pytest

from simulation.checks.base import Check
from simulation.checks.ledger import clearing_accounts_drained, double_entry, nothing_negative, postings_referenced
from simulation.checks.stripe_money import stripe_balance_explained
from simulation.events import EntrantAction, StripeBalance, StripeMovement
from tests.unit.checks.builder import Book, Break, Row, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_money import (
    POOL,
    amend_both,
    charge_back,
    chargeback_won,
    give_up,
    movement,
    part_given_by_stripe,
    post,
    post_again,
    prize_taken_back,
    refund_comes_back,
    undo_both,
    wrong_amount_paid,
    wrong_currency_paid,
)


def _only_debit(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["posting_id"] != "fee-pi_ann:credit"]


def _drained_early(book: Book) -> None:
    early = day(0, 9)
    book.write(early, *post("early", "ENTRY_FEE_REFUND", POOL, "stripe", 9_000, ("refund", "r-pi_cat2"), early))


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "a debit without its credit": (
        double_entry,
        lambda b: b.observe("postings", _only_debit),
        "debits and credits differ",
    ),
    "one-sided event": (double_entry, lambda b: b.observe("postings", _only_debit), "not a debit and a credit"),
    "two currencies": (
        double_entry,
        lambda b: b.amend("postings", "fee-pi_ann:debit", currency="EUR"),
        "more than one currency",
    ),
    "a negative amount": (
        double_entry,
        lambda b: amend_both(b, "rest", amount_cents=-300),
        "a negative amount",
    ),
    "a failed attempt that moved money": (
        double_entry,
        lambda b: amend_both(b, "rest", entry_type="PAYOUT_ATTEMPT_RETRYABLE"),
        "moved no money moves a balance",
    ),
    "pool not empty": (
        clearing_accounts_drained,
        lambda b: undo_both(b, "rest"),
        "not drained",
    ),
    "winnings not paid": (
        clearing_accounts_drained,
        lambda b: undo_both(b, "payout-ann"),
        "not drained",
    ),
    "refund that came back and is owed to nobody": (
        clearing_accounts_drained,
        lambda b: (refund_comes_back(b), undo_both(b, "refund-pi_cat2-returned")),
        "no account says that it is owed",
    ),
    "refund that came back, owed in part": (
        clearing_accounts_drained,
        lambda b: (refund_comes_back(b), amend_both(b, "refund-pi_cat2-returned", amount_cents=999)),
        "not drained",
    ),
    "refund that is owed and did not come back": (
        clearing_accounts_drained,
        lambda b: (refund_comes_back(b), b.amend("refunds", "r-pi_cat2", status="completed")),
        "not drained",
    ),
    "remainder of a pool in another currency": (
        clearing_accounts_drained,
        lambda b: amend_both(b, "rest", currency="EUR"),
        "not drained",
    ),
    "two currencies in one business event": (
        double_entry,
        lambda b: b.amend("postings", "rest:debit", currency="EUR"),
        "more than one currency",
    ),
    "balance of a currency that was not recorded": (
        stripe_balance_explained,
        lambda b: (wrong_currency_paid(b), b.drop(StripeBalance, currency="jpy")),
        "no balance in its currency was recorded",
    ),
    "below zero in another currency by more than Stripe's fees": (
        nothing_negative,
        lambda b: (wrong_currency_paid(b), b.edit(StripeBalance, {"currency": "jpy"}, available_cents=-70)),
        "below zero",
    ),
    "pool overdrawn for a while": (nothing_negative, _drained_early, "below zero"),
    "Stripe balance negative": (
        nothing_negative,
        lambda b: b.edit(StripeBalance, {}, available_cents=-1),
        "below zero",
    ),
    "posting for nothing": (
        postings_referenced,
        lambda b: b.amend("postings", "rest:debit", reference_id="?"),
        "refers to nothing",
    ),
    "adjustment by hand": (
        postings_referenced,
        lambda b: post_again(b, "adj", "ADJUSTMENT", POOL, "platform", 5, ("payment_intent", "p-pi_ann")),
        "an adjustment outside settlements and disputes",
    ),
    "prize taken back that nobody is owed": (
        clearing_accounts_drained,
        lambda b: (prize_taken_back(b), b.amend("postings", "taken-back:credit", account="platform")),
        "not drained",
    ),
    "prize owed again that the winner has": (
        clearing_accounts_drained,
        lambda b: (prize_taken_back(b), b.drop(EntrantAction, action="lost_prize")),
        "not drained",
    ),
    "balance does not add up": (
        stripe_balance_explained,
        lambda b: b.edit(StripeBalance, {}, available_cents=65),
        "do not add up",
    ),
    "net is not amount − fee": (
        stripe_balance_explained,
        lambda b: b.edit(StripeMovement, {"source_id": "tr_ann"}, net_cents=-1_799),
        "net is not",
    ),
    "another fee": (
        stripe_balance_explained,
        lambda b: b.edit(StripeMovement, {"source_id": "ch_pi_ann"}, fee_cents=58),
        "another fee",
    ),
    "the wrong way": (
        stripe_balance_explained,
        lambda b: b.edit(StripeMovement, {"source_id": "tr_ann"}, amount_cents=1_800),
        "moves money the wrong way",
    ),
    "unexplained movement": (
        stripe_balance_explained,
        lambda b: movement(b, "topup", "x", 1, day(2)),
        "nothing in the scenario explains",
    ),
    "an adjustment that nobody brought about": (
        stripe_balance_explained,
        lambda b: movement(b, "adjustment", "x", -1, day(2), fee=1_500),
        "no cardholder brought about",
    ),
    "another fee for a chargeback": (
        stripe_balance_explained,
        lambda b: charge_back(b, fee=1_600),
        "another fee than agreed",
    ),
    "an adjustment that gives back what nobody won": (
        stripe_balance_explained,
        lambda b: (charge_back(b), chargeback_won(b), b.drop(EntrantAction, action="chargeback_reversed")),
        "moves money the wrong way",
    ),
    "a fee for a chargeback that is won": (
        stripe_balance_explained,
        lambda b: (
            charge_back(b),
            chargeback_won(b),
            b.edit(StripeMovement, {"source_id": "dp_bob", "amount_cents": 1_000}, fee_cents=15),
        ),
        "another fee than agreed",
    ),
    "pending wrong": (
        stripe_balance_explained,
        lambda b: b.edit(StripeBalance, {}, available_cents=0, pending_cents=64),
        "not the sum of what is not available yet",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


@pytest.mark.parametrize("check", [clearing_accounts_drained, stripe_balance_explained], ids=lambda check: check.name)
def test_a_prizegive_up_stays_owed(check: Check) -> None:
    book = passing()
    give_up(book)

    assert run(check, book).outcome == "pass"


@pytest.mark.parametrize(
    ("check", "spoil", "reason"),
    [
        (double_entry, lambda b: b.observe("postings", lambda rows: []), "nothing to look at"),
        (double_entry, lambda b: b.observe("postings", lambda rows: [{"posting_id": "x"}]), "cannot be read"),
        (stripe_balance_explained, lambda b: b.drop(StripeBalance), "closing balance"),
    ],
)
def test_missing_evidence_is_unknown(check: Check, spoil: Break, reason: str) -> None:
    assert_unknown(check, passing(), spoil, reason)


@pytest.mark.parametrize(("cents", "outcome"), [(-30, "pass"), (-31, "fail")])
def test_pending_may_be_short_by_stripes_fees_of_what_was_given_back(cents: int, outcome: str) -> None:
    book = passing()
    book.edit(StripeMovement, {"source_id": "ch_pi_bob"}, fee_cents=30, available_at=day(30, 0))
    movement(book, "refund", "re_late", -100, day(30, 0), payment_intent_id="pi_bob", user_id="bob")
    book.edit(StripeBalance, {}, pending_cents=cents)
    assert run(nothing_negative, book).outcome == outcome


def test_a_chargeback_that_is_booked_balances_everything() -> None:
    for check in (stripe_balance_explained, double_entry, nothing_negative, postings_referenced):
        book = passing()
        charge_back(book)
        chargeback_won(book)
        result = run(check, book)
        assert (result.findings, result.unknown) == ((), None), check.name


@pytest.mark.parametrize(
    "happens", [refund_comes_back, part_given_by_stripe, prize_taken_back, wrong_amount_paid, wrong_currency_paid]
)
def test_refunds_in_parts_and_those_that_come_back_balance_everything(happens: Break) -> None:
    for check in (
        stripe_balance_explained,
        double_entry,
        nothing_negative,
        postings_referenced,
        clearing_accounts_drained,
    ):
        book = passing()
        happens(book)
        result = run(check, book)
        assert (result.findings, result.unknown) == ((), None), check.name
