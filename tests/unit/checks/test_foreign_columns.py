"""A platform whose columns have names of its own: the jury follows what its queries show as it is."""

from __future__ import annotations

from simulation.checks.base import Check
from simulation.checks.lifecycle import lifecycle_order
from simulation.checks.payouts import payout_automatic
from simulation.checks.permanence import append_only, books_match_wal
from simulation.events import Exchange
from tests.unit.checks.builder import GOVERNANCE, Book, day
from tests.unit.checks.story import passing

OWN = {
    "postings": {"posting_id": "id", "amount_cents": "amount_cents"},
    "transfers": {"status": "state", "attempt_count": "tries"},
    "contests": {"entry_fee_cents": "fee"},
}


def _said(check: Check, book: Book) -> list[str]:
    governance = GOVERNANCE.model_copy(update={"observed_columns": OWN})
    return [finding.message for finding in check.run(book.history(), governance).findings]


def test_a_value_that_the_query_translates_is_not_held_against_the_log() -> None:
    book = passing()
    book.observe("postings", lambda rows: [{**row, "account": f"in other words: {row['account']}"} for row in rows])
    assert _said(books_match_wal, book) == []


def test_a_value_that_the_query_shows_as_it_is_must_be_the_logs() -> None:
    book = passing()
    book.observe("postings", lambda rows: [{**rows[0], "amount_cents": 7}, *rows[1:]])
    assert _said(books_match_wal, book) == ["amount_cents differs between log and database"]


def test_a_completed_transfer_is_final_whatever_its_status_is_called() -> None:
    book = passing()
    book.write(day(5, 20), ("transfers", {"id": "tr-ann", "state": "completed"}))
    assert _said(append_only, book) == []
    book.write(day(5, 21), ("transfers", {"id": "tr-ann", "state": "pending"}))
    assert _said(append_only, book) == ["state changed after the transfer was completed"]


def test_terms_are_frozen_whatever_they_are_called() -> None:
    book = passing()
    book.write(day(3), ("contests", {"id": "C1", "fee": 1}))
    assert _said(lifecycle_order, book) == ["fee changed after the contest was locked"]


def test_a_first_attempt_by_hand_is_seen_whatever_the_counter_is_called() -> None:
    book = passing()
    request = next(event for event in book.entries if isinstance(event, Exchange)).request_id
    book.write(day(5, 20), ("transfers", {"id": "tr-ann", "tries": 0}))
    by_hand = book.write(day(5, 21), ("transfers", {"id": "tr-ann", "tries": 1}))
    assert by_hand.audit is not None
    by_hand.audit["request_id"] = request
    assert _said(payout_automatic, book) == ["its first attempt was triggered by hand"]
