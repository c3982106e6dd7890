"""A platform whose columns have names of its own: the jury follows what its queries show as it is."""

from __future__ import annotations

import pytest

from simulation.checks.base import Check, CheckResult
from simulation.checks.evidence.case import Case
from simulation.checks.lifecycle import lifecycle_order
from simulation.checks.payouts import payout_automatic
from simulation.checks.permanence import append_only, books_match_wal
from simulation.contract.business import Business
from simulation.contract.document import Contract
from simulation.events import Exchange
from tests.unit.checks.builder import GOVERNANCE, Book, day
from tests.unit.checks.story import passing

OWN = {
    "postings": {"posting_id": "id", "amount_cents": "amount_cents"},
    "transfers": {"transfer_id": "id", "amount_cents": "amount_cents", "status": "state", "attempt_count": "tries"},
    "contests": {"contest_id": "id", "name": "name", "entry_fee_cents": "fee"},
    "payments": {"payment_id": "id", "amount_cents": "amount_cents"},
    "refunds": {"refund_id": "id", "amount_cents": "amount_cents"},
    "settlements": {"settlement_id": "id", "contest_id": "contest_id"},
    "runbook_executions": {"id": "id", "runbook_name": "runbook_name"},
}


def _look(check: Check, book: Book, columns: dict[str, dict[str, str]] = OWN) -> CheckResult:
    return check.run(book.history(), GOVERNANCE.model_copy(update={"observed_columns": columns}))


def _said(check: Check, book: Book) -> list[str]:
    result = _look(check, book)
    assert result.unknown is None
    return [finding.message for finding in result.findings]


def test_a_value_that_the_query_translates_is_not_held_against_the_log() -> None:
    book = passing()
    book.observe("postings", lambda rows: [{**row, "account": f"in other words: {row['account']}"} for row in rows])
    assert _said(books_match_wal, book) == []


def test_a_value_that_the_query_shows_as_it_is_must_be_the_logs() -> None:
    book = passing()
    book.observe("postings", lambda rows: [{**rows[0], "amount_cents": 7}, *rows[1:]])
    assert _said(books_match_wal, book) == ["amount_cents differs between log and database"]


def test_a_row_that_a_condition_of_the_query_may_leave_out_is_not_missed() -> None:
    book = passing()
    book.observe("postings", lambda rows: rows[1:])
    assert _said(books_match_wal, book) == ["the row is in the log, not in the database"]

    filtered = Contract(business=Business(filtered=("postings",)))
    shown = GOVERNANCE.model_copy(update={"observed_columns": OWN})
    assert books_match_wal.examine(Case(book.history(), shown, contract=filtered)).outcome == "pass"
    book.observe("postings", lambda rows: [{**rows[0], "amount_cents": 7}, *rows[1:]])
    (found,) = books_match_wal.examine(Case(book.history(), shown, contract=filtered)).findings
    assert found.message == "amount_cents differs between log and database"


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


COMPUTED = {
    "books of which everything but the key is computed": (books_match_wal, "refunds", {"refund_id": "id"}, "refunds"),
    "books whose query shows nothing as it is": (books_match_wal, "postings", {}, "postings"),
    "a transfer's status": (append_only, "transfers", {"transfer_id": "id"}, "status is computed"),
    "a contest's terms": (lifecycle_order, "contests", {"contest_id": "id"}, "every term is computed"),
    "the count of attempts": (payout_automatic, "transfers", {"transfer_id": "id"}, "attempt_count is computed"),
}


@pytest.mark.parametrize("case", COMPUTED)
def test_what_the_query_computes_acquits_nobody(case: str) -> None:
    check, relation, columns, reason = COMPUTED[case]

    result = _look(check, passing(), {**OWN, relation: columns})

    assert (result.outcome, result.findings) == ("unknown", ())
    assert reason in str(result.unknown)


def test_a_relation_under_keys_of_its_own_is_not_called_missing_in_the_log() -> None:
    book = passing()
    book.observe("refunds", lambda rows: [{**row, "refund_id": f"refund {row['refund_id']}"} for row in rows])

    result = _look(books_match_wal, book, {**OWN, "refunds": {}})

    assert (result.outcome, result.findings) == ("unknown", ())


def test_transfers_under_keys_of_their_own_are_not_taken_for_untouched() -> None:
    book = passing()
    book.observe("transfers", lambda rows: [{**row, "transfer_id": f"prize {row['transfer_id']}"} for row in rows])

    for check in (append_only, payout_automatic):
        assert "no table of the write-ahead log" in str(_look(check, book).unknown)
