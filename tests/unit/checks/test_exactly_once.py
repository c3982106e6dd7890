"""Once in each book, by business key."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.base import Check
from simulation.checks.exactly_once import exactly_once
from tests.unit.checks.builder import Break, assert_found, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_money import (
    POOL,
    charge,
    movement,
    part_given_by_stripe,
    post_again,
    refund_comes_back,
    twice,
)


def _again(relation: str, **updates: Any) -> Break:
    """A second row that is the first under another id."""
    return lambda book: book.observe(relation, lambda rows: [*rows, {**rows[0], **updates}])


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "transferred twice": (exactly_once, twice, "transferred 2 times at Stripe"),
    "charged twice": (exactly_once, lambda b: charge(b, "ann", "pi_ann", day(2)), "charged 2 times at Stripe"),
    "refunded twice": (
        exactly_once,
        lambda b: movement(b, "refund", "re_2", -1_000, day(2), payment_intent_id="pi_cat2", user_id="cat"),
        "refunded 2 times at Stripe",
    ),
    "one key, two rows": (exactly_once, _again("postings", posting_id="other"), "2 ledger rows"),
    "one event, two rows": (
        exactly_once,
        _again("postings", posting_id="o", idempotency_key="o"),
        "2 ledger rows",
    ),
    "one payment, two events in the ledger": (
        exactly_once,
        lambda b: post_again(b, "fee2", "ENTRY_FEE", "stripe", POOL, 1_000, ("payment_intent", "p-pi_ann")),
        "2 business events in the ledger",
    ),
    "one prize, two credits": (
        exactly_once,
        lambda b: post_again(b, "p2", "PRIZE_PAYOUT", POOL, "winnings_payable:C1:ann", 1, ("settlement", "s1")),
        "2 prizes in the ledger",
    ),
    "settled twice": (exactly_once, _again("settlements", settlement_id="s2"), "2 settlements"),
    "two payout jobs": (exactly_once, _again("payout_jobs", job_id="j2"), "2 payout jobs"),
    "two transfers for one entrant": (exactly_once, _again("transfers", transfer_id="t2"), "2 transfers"),
    "two payments for one intent": (exactly_once, _again("payments", payment_id="p2"), "2 payments"),
    "event stored twice": (exactly_once, _again("stripe_events"), "2 stored events"),
}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


def test_findings_point_at_the_movements() -> None:
    book = passing()
    twice(book)
    history = book.history()

    (finding,) = run(exactly_once, book).findings

    shown = [event for event in history.events if event.seq in finding.seqs]
    assert [getattr(event, "source_id", None) for event in shown] == ["tr_ann", "tr_again"]
    assert finding.at == day(5, 11)


def test_a_refund_that_came_back_may_be_made_again_and_stripe_gives_as_many_parts_as_it_likes() -> None:
    book = passing()
    refund_comes_back(book)
    movement(book, "refund", "re_2", -1_000, day(4), payment_intent_id="pi_cat2", user_id="cat")
    part_given_by_stripe(book)
    movement(book, "refund", "re_part2", -100, day(3), payment_intent_id="pi_bob", user_id="bob", origin="harness")

    assert run(exactly_once, book).outcome == "pass"
