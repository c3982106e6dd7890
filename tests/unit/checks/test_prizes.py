"""Prizes against the model, and what became of each transfer."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.base import Check
from simulation.checks.prizes import expected_prizes, transfers_final
from simulation.events import EntrantAction, ProviderPublication, StripeObject
from tests.unit.checks.builder import Book, Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_money import charge, give_up


def _settlement(book: Book, **updates: Any) -> None:
    book.amend("settlements", "s1", **updates)


def _results(book: Book, *payouts: int, platform: int = 300, ranks: tuple[int, ...] = (1, 2, 3)) -> None:
    rows = zip(("ann", "bob", "cat"), ranks, (280, 283, 311), payouts, strict=True)
    rankings = [{"user_id": u, "rank": r, "score": s, "payout_cents": p} for u, r, s, p in rows]
    _settlement(book, results={"rankings": rankings, "platform_cents": platform})


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "two winners' prizes swapped": (expected_prizes, lambda b: _results(b, 900, 1_800, 0), "settled otherwise"),
    "a rank wrong": (expected_prizes, lambda b: _results(b, 1_800, 900, 0, ranks=(1, 2, 2)), "settled otherwise"),
    "remainder lost": (
        expected_prizes,
        lambda b: _results(b, 1_800, 900, 0, platform=0),
        "the platform's share differs",
    ),
    "cents of the pool unaccounted for": (
        expected_prizes,
        lambda b: _results(b, 1_800, 900, 0, platform=0),
        "the sum of prizes and the platform's share differs",
    ),
    "an unpaid entrant in the pool": (
        expected_prizes,
        lambda b: _settlement(b, total_pool_cents=4_000),
        "the pool differs",
    ),
    "participants miscounted": (
        expected_prizes,
        lambda b: _settlement(b, participant_count=4),
        "another number of participants",
    ),
    "an entrant who paid left out": (
        expected_prizes,
        lambda b: charge(b, "dan", "pi_dan", day(1, 8, 30)),
        "settled otherwise than the scores say",
    ),
    "transfer open": (
        transfers_final,
        lambda b: b.amend("transfers", "tr-bob", status="retryable"),
        "neither executed nor given up",
    ),
    "given up without a reason": (
        transfers_final,
        lambda b: b.amend("transfers", "tr-bob", status="failed_terminal", failure_reason=None),
        "without a reason",
    ),
    "completed without a call": (
        transfers_final,
        lambda b: b.drop(StripeObject, object_id="tr_bob"),
        "Stripe knows no transfer",
    ),
    "another amount at Stripe": (
        transfers_final,
        lambda b: b.edit(StripeObject, {"object_id": "tr_bob"}, amount_cents=90),
        "instead of $9.00",
    ),
    "transfer not what was settled": (
        transfers_final,
        lambda b: b.amend("transfers", "tr-bob", amount_cents=800),
        "not what was settled",
    ),
    "job's counts wrong": (
        transfers_final,
        lambda b: b.amend("payout_jobs", "j1", completed_count=1),
        "counts are not its transfers'",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)


def test_a_prizegive_up_with_its_reason_is_explained() -> None:
    book = passing()
    give_up(book)

    assert run(transfers_final, book).outcome == "pass"


@pytest.mark.parametrize(
    ("check", "spoil", "reason"),
    [
        (expected_prizes, lambda b: b.drop(ProviderPublication, final=True), "no final board"),
        (
            expected_prizes,
            lambda b: b.edit(EntrantAction, {"action": "joined"}, roster=("?",)),
            "never published player",
        ),
        (expected_prizes, lambda b: b.observe("settlements", lambda rows: []), "cup was not settled"),
    ],
)
def test_missing_evidence_is_unknown(check: Check, spoil: Break, reason: str) -> None:
    assert_unknown(check, passing(), spoil, reason)
