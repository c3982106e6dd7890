"""Money: prizes, three books, exactly once, the ledger's own arithmetic, Stripe's balance."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from simulation.checks.base import Check
from simulation.checks.exactly_once import exactly_once
from simulation.checks.ledger import (
    clearing_accounts_drained,
    double_entry,
    nothing_negative,
    postings_referenced,
)
from simulation.checks.prizes import expected_prizes, transfers_final
from simulation.checks.reconciliation import three_way_reconciliation
from simulation.checks.stripe_money import stripe_balance_explained
from simulation.history import (
    EntrantAction,
    ProviderPublication,
    StripeBalance,
    StripeMovement,
    StripeObject,
    WebhookAttempt,
    WitnessSummary,
)
from tests.unit.checks.builder import Book, Break, Row, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_money import POOL, charge, movement, post


def _settlement(book: Book, **updates: Any) -> None:
    book.amend("settlements", "s1", **updates)


def _results(book: Book, *payouts: int, platform: int = 300, ranks: tuple[int, ...] = (1, 2, 3)) -> None:
    rows = zip(("ann", "bob", "cat"), ranks, (280, 283, 311), payouts, strict=True)
    rankings = [{"user_id": u, "rank": r, "score": s, "payout_cents": p} for u, r, s, p in rows]
    _settlement(book, results={"rankings": rankings, "platform_cents": platform})


def _twice(book: Book, source: str = "tr_again", at: datetime = day(5, 11)) -> None:
    movement(book, "transfer", source, -1_800, at, destination="acct_ann", user_id="ann")


def _posting(book: Book, key: str, *what: Any, at: datetime = day(5, 11)) -> None:
    book.write(at, *post(key, *what, at))


def _again(relation: str, **updates: Any) -> Break:
    """A second row that is the first under another id."""
    return lambda book: book.observe(relation, lambda rows: [*rows, {**rows[0], **updates}])


def _only_debit(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["posting_id"] != "fee-pi_ann:credit"]


def _drained_early(book: Book) -> None:
    _posting(book, "early", "ENTRY_FEE_REFUND", POOL, "stripe", 9_000, ("refund", "r-pi_cat2"), at=day(0, 9))


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "two winners' prizes swapped": (expected_prizes, lambda b: _results(b, 900, 1_800, 0), "settled otherwise"),
    "a rank wrong": (expected_prizes, lambda b: _results(b, 1_800, 900, 0, ranks=(1, 2, 2)), "settled otherwise"),
    "remainder lost": (expected_prizes, lambda b: _results(b, 1_800, 900, 0, platform=0), "cents to the platform"),
    "cents of the pool unaccounted for": (
        expected_prizes, lambda b: _results(b, 1_800, 900, 0, platform=0), "pool accounted for",
    ),
    "an unpaid entrant in the pool": (expected_prizes, lambda b: _settlement(b, total_pool_cents=4_000), "pool in cents"),
    "participants miscounted": (expected_prizes, lambda b: _settlement(b, participant_count=4), "participants differ"),
    "an entrant who paid left out": (
        expected_prizes,
        lambda b: (charge(b, "dan", "pi_dan", day(1, 8, 30))),
        "settled otherwise than the scores say",
    ),
    "transfer open": (
        transfers_final, lambda b: b.amend("transfers", "tr-bob", status="retryable"), "neither executed nor given up",
    ),
    "given up without a reason": (
        transfers_final,
        lambda b: b.amend("transfers", "tr-bob", status="failed_terminal", failure_reason=None),
        "without a reason",
    ),
    "completed without a call": (
        transfers_final, lambda b: b.drop(StripeObject, object_id="tr_bob"), "Stripe knows no transfer",
    ),
    "another amount at Stripe": (
        transfers_final, lambda b: b.edit(StripeObject, {"object_id": "tr_bob"}, amount_cents=90), "instead of 900",
    ),
    "transfer not what was settled": (
        transfers_final, lambda b: b.amend("transfers", "tr-bob", amount_cents=800), "not what was settled",
    ),
    "job's counts wrong": (
        transfers_final, lambda b: b.amend("payout_jobs", "j1", completed_count=1), "counts are not its transfers'",
    ),
    "ledger without payment": (
        three_way_reconciliation,
        lambda b: b.drop(StripeMovement, source_id="ch_pi_ann"),
        "expected, ledger and Stripe differ",
    ),
    "payment that nobody booked": (
        three_way_reconciliation, lambda b: charge(b, "dan", "pi_dan", day(5, 12)), "expected, ledger and Stripe differ",
    ),
    "payment that the entrant knows nothing of": (
        three_way_reconciliation,
        lambda b: b.drop(EntrantAction, action="paid", person="ann"),
        "expected, ledger and Stripe differ",
    ),
    "payment counted twice": (
        three_way_reconciliation,
        lambda b: _posting(b, "fee2", "ENTRY_FEE", "stripe", POOL, 1_000, ("payment_intent", "p-pi_ann")),
        "expected, ledger and Stripe differ",
    ),
    "second payment kept": (
        three_way_reconciliation, lambda b: b.drop(StripeMovement, source_id="re_pi_cat2"), "differ",
    ),
    "refund without ledger": (
        three_way_reconciliation, lambda b: [b.undo("postings", f"refund-pi_cat2:{d}") for d in ("debit", "credit")],
        "differ",
    ),
    "refund that was not due": (
        three_way_reconciliation,
        lambda b: movement(b, "refund", "re_x", -1_000, day(2), payment_intent_id="pi_ann", user_id="ann"),
        "differ",
    ),
    "prize paid twice": (three_way_reconciliation, _twice, "expected, ledger and Stripe differ"),
    "prize paid to nobody's account": (
        three_way_reconciliation,
        lambda b: b.edit(StripeMovement, {"source_id": "tr_ann"}, destination="acct_x"),
        "paid into acct_x",
    ),
    "paid without ledger": (
        three_way_reconciliation, lambda b: [b.undo("postings", f"payout-ann:{d}") for d in ("debit", "credit")],
        "differ",
    ),
    "winner credited too much": (
        three_way_reconciliation,
        lambda b: [b.amend("postings", f"prize-ann:{d}", amount_cents=1_900) for d in ("debit", "credit")],
        "the settlement credited 1900 cents",
    ),
    "wrong winner": (
        three_way_reconciliation, lambda b: b.edit(StripeMovement, {"source_id": "tr_ann"}, user_id="dan"), "differ",
    ),
    "transferred twice": (exactly_once, _twice, "transferred 2 times at Stripe"),
    "charged twice": (exactly_once, lambda b: charge(b, "ann", "pi_ann", day(2)), "charged 2 times at Stripe"),
    "refunded twice": (
        exactly_once,
        lambda b: movement(b, "refund", "re_2", -1_000, day(2), payment_intent_id="pi_cat2", user_id="cat"),
        "refunded 2 times at Stripe",
    ),
    "one key, two rows": (exactly_once, _again("postings", posting_id="other"), "2 ledger rows"),
    "one event, two rows": (
        exactly_once, _again("postings", posting_id="o", idempotency_key="o"), "2 ledger rows",
    ),
    "one payment, two events in the ledger": (
        exactly_once,
        lambda b: _posting(b, "fee2", "ENTRY_FEE", "stripe", POOL, 1_000, ("payment_intent", "p-pi_ann")),
        "2 business events in the ledger",
    ),
    "one prize, two credits": (
        exactly_once,
        lambda b: _posting(b, "p2", "PRIZE_PAYOUT", POOL, "winnings_payable:C1:ann", 1, ("settlement", "s1")),
        "2 prizes in the ledger",
    ),
    "settled twice": (exactly_once, _again("settlements", settlement_id="s2"), "2 settlements"),
    "two payout jobs": (exactly_once, _again("payout_jobs", job_id="j2"), "2 payout jobs"),
    "two transfers for one entrant": (exactly_once, _again("transfers", transfer_id="t2"), "2 transfers"),
    "two payments for one intent": (exactly_once, _again("payments", payment_id="p2"), "2 payments"),
    "event stored twice": (exactly_once, _again("stripe_events"), "2 stored events"),
    "a debit without its credit": (double_entry, lambda b: b.observe("postings", _only_debit), "debits and credits differ"),
    "one-sided event": (double_entry, lambda b: b.observe("postings", _only_debit), "not a debit and a credit"),
    "two currencies": (
        double_entry, lambda b: b.amend("postings", "fee-pi_ann:debit", currency="EUR"), "more than one currency",
    ),
    "a negative amount": (
        double_entry,
        lambda b: [b.amend("postings", f"rest:{d}", amount_cents=-300) for d in ("debit", "credit")],
        "a negative amount",
    ),
    "a failed attempt that moved money": (
        double_entry,
        lambda b: [b.amend("postings", f"rest:{d}", entry_type="PAYOUT_ATTEMPT_RETRYABLE") for d in ("debit", "credit")],
        "moved no money moves a balance",
    ),
    "pool not empty": (
        clearing_accounts_drained, lambda b: [b.undo("postings", f"rest:{d}") for d in ("debit", "credit")], "not drained",
    ),
    "winnings not paid": (
        clearing_accounts_drained,
        lambda b: [b.undo("postings", f"payout-ann:{d}") for d in ("debit", "credit")],
        "not drained",
    ),
    "pool overdrawn for a while": (nothing_negative, _drained_early, "below zero"),
    "Stripe balance negative": (
        nothing_negative, lambda b: b.edit(StripeBalance, {}, available_cents=-1), "below zero",
    ),
    "posting for nothing": (
        postings_referenced, lambda b: b.amend("postings", "rest:debit", reference_id="?"), "refers to nothing",
    ),
    "adjustment by hand": (
        postings_referenced,
        lambda b: _posting(b, "adj", "ADJUSTMENT", POOL, "platform", 5, ("payment_intent", "p-pi_ann")),
        "an adjustment outside a settlement",
    ),
    "balance does not add up": (
        stripe_balance_explained, lambda b: b.edit(StripeBalance, {}, available_cents=65), "do not add up",
    ),
    "net is not amount − fee": (
        stripe_balance_explained, lambda b: b.edit(StripeMovement, {"source_id": "tr_ann"}, net_cents=-1_799), "net is not",
    ),
    "another fee": (
        stripe_balance_explained, lambda b: b.edit(StripeMovement, {"source_id": "ch_pi_ann"}, fee_cents=58), "another fee",
    ),
    "the wrong way": (
        stripe_balance_explained,
        lambda b: b.edit(StripeMovement, {"source_id": "tr_ann"}, amount_cents=1_800),
        "moves money the wrong way",
    ),
    "unexplained movement": (
        stripe_balance_explained, lambda b: movement(b, "adjustment", "x", 1, day(2)), "nothing in the scenario explains",
    ),
    "pending wrong": (
        stripe_balance_explained,
        lambda b: b.edit(StripeBalance, {}, available_cents=0, pending_cents=64),
        "not the sum of what is not available yet",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


def _given_up(book: Book) -> None:
    """Bob's prize cannot be delivered: no money moved, the ledger still owes it."""
    book.amend("transfers", "tr-bob", status="failed_terminal", failure_reason="account closed", stripe_transfer_id=None)
    book.amend("payout_jobs", "j1", completed_count=1, failed_count=1)
    for direction in ("debit", "credit"):
        book.undo("postings", f"payout-bob:{direction}")
    book.drop(StripeMovement, source_id="tr_bob")
    book.edit(StripeBalance, {}, available_cents=964)


@pytest.mark.parametrize(
    "check", [three_way_reconciliation, clearing_accounts_drained, transfers_final, stripe_balance_explained],
    ids=lambda check: check.name,
)  # fmt: skip
def test_a_prize_given_up_with_its_reason_is_explained(check: Check) -> None:
    book = passing()
    _given_up(book)

    assert run(check, book).outcome == "pass"


def test_a_payment_whose_webhook_is_still_due_is_in_flight() -> None:
    book = passing()
    book.add(EntrantAction(person="dan", user_id="dan", contest="cup", contest_id="C1", action="paid_late",
                           payment_intent_id="pi_dan"), day(5, 23))  # fmt: skip
    charge(book, "dan", "pi_dan", day(5, 23))
    attempt: dict[str, Any] = {"event_id": "evt_9", "event_type": "payment_intent.succeeded", "object_id": "pi_dan"}
    book.add(WebhookAttempt(**attempt, attempt=1, status=500, next_attempt_at=day(6, 1)), day(5, 23))

    lines = run(three_way_reconciliation, book).findings

    assert [finding.subject.split()[0] for finding in lines] == ["refund"]  # paid after the books were closed


def test_findings_point_at_the_movements() -> None:
    book = passing()
    _twice(book)
    history = book.history()

    (finding,) = run(exactly_once, book).findings

    shown = [event for event in history.events if event.seq in finding.seqs]
    assert [getattr(event, "source_id", None) for event in shown] == ["tr_ann", "tr_again"]
    assert finding.at == day(5, 11)


@pytest.mark.parametrize(
    ("check", "spoil", "reason"),
    [
        (three_way_reconciliation, lambda b: b.observe("users", lambda rows: None), "users was not observed"),
        (three_way_reconciliation, lambda b: b.drop(WitnessSummary, witness="stripe_journal"), "stripe_journal"),
        (expected_prizes, lambda b: b.drop(ProviderPublication, final=True), "no final board"),
        (expected_prizes, lambda b: b.edit(EntrantAction, {"action": "joined"}, roster=("?",)), "never published player"),
        (expected_prizes, lambda b: b.observe("settlements", lambda rows: []), "cup was not settled"),
        (double_entry, lambda b: b.observe("postings", lambda rows: []), "nothing to look at"),
        (double_entry, lambda b: b.observe("postings", lambda rows: [{"posting_id": "x"}]), "cannot be read"),
        (stripe_balance_explained, lambda b: b.drop(StripeBalance), "closing balance"),
    ],
)
def test_missing_evidence_is_unknown(check: Check, spoil: Break, reason: str) -> None:
    assert_unknown(check, passing(), spoil, reason)
