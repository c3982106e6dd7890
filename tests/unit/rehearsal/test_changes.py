"""What an execution left changed: only its own, net of what it took back."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.evidence.case import Case
from simulation.rehearsal.changes import net_changes
from tests.unit.checks.builder import GOVERNANCE, RELATIONS, Book, day
from tests.unit.checks.story import passing

OWN = {"actor": "ops", "request_id": "exec-1-req-1"}
AT, LATER, LAST = day(5, 10, 0, 50), day(5, 10, 0, 55), day(5, 10, 0, 58)
TABLES = {relation: f"SELECT * FROM {relation}" for relation in RELATIONS}


def plain() -> Book:
    """The story without what its runbook did to a transfer: an execution that changed nothing yet."""
    book = passing()
    for write in book.writes:
        if write.audit is not None and write.audit["request_id"] == OWN["request_id"]:
            write.audit["request_id"] = "job:payout"
    return book


def differences(book: Book) -> list[str]:
    case = Case(book.history(), GOVERNANCE)
    (execution,) = case.executions
    return [f"{item.relation} {item.column}" for item in net_changes(case, execution, TABLES)]


def user(**values: Any) -> tuple[str, dict[str, Any]]:
    return "users", {"id": "u-1", **values}


def posting(number: int, direction: str, account: str = "cash") -> tuple[str, dict[str, Any]]:
    return "postings", {
        "id": f"extra-{number}",
        "transaction_id": str(number),
        "contest_id": "C1",
        "user_id": None,
        "account": account,
        "entry_type": "X",
        "direction": direction,
        "amount_cents": 5,
        "currency": "USD",
        "reference_type": "x",
        "reference_id": "x",
        "idempotency_key": f"x-{number}",
        "created_at": AT,
    }


def test_an_execution_that_only_read_left_nothing_changed() -> None:
    assert differences(plain()) == []


def test_what_it_changed_is_named_by_relation_key_and_column() -> None:
    book = plain()
    book.write(day(1), user(flag=False, email="ann@mail.test"))
    book.write(AT, user(flag=True), **OWN)
    case = Case(book.history(), GOVERNANCE)
    (found,) = net_changes(case, case.executions[0], TABLES)
    assert str(found) == "users, email ann@mail.test, id u-1: flag was False, is True"


def test_what_it_took_back_is_no_difference() -> None:
    book = plain()
    book.write(day(1), user(flag=False, updated_at=day(1)))
    book.write(AT, user(flag=True, updated_at=AT), **OWN)
    book.write(LATER, user(flag=False, updated_at=LATER), **OWN)
    assert differences(book) == []


def test_what_others_did_meanwhile_is_not_its_own() -> None:
    book = plain()
    book.write(day(1), user(flag=False, age=1))
    book.write(AT, user(flag=True), **OWN)
    book.write(LATER, user(age=2))
    book.write(LAST, user(flag=False), **OWN)
    assert differences(book) == []


def test_a_row_that_was_added_or_is_gone_is_a_difference() -> None:
    book = plain()
    book.write(AT, user(flag=True), **OWN)
    assert differences(book) == ["users "]


def test_the_trail_of_its_own_doing_is_none() -> None:
    book = plain()
    book.write(AT, ("contest_audit", {"id": "ca-1"}), ("runbook_executions", {"id": "x-1"}), **OWN)
    assert differences(book) == []


def test_postings_stay_and_are_taken_back_by_others() -> None:
    book = plain()
    book.write(AT, posting(1, "DEBIT"), posting(2, "CREDIT", "claims"), **OWN)
    assert differences(book) == ["postings balance", "postings balance"]
    book.write(LATER, posting(3, "CREDIT"), posting(4, "DEBIT", "claims"), **OWN)
    assert differences(book) == []


@pytest.mark.parametrize("table", ["users", "contests"])
def test_a_table_that_no_relation_shows_keeps_its_own_name(table: str) -> None:
    book = plain()
    book.write(AT, (table, {"id": "new"}), **OWN)
    case = Case(book.history(), GOVERNANCE)
    (found,) = net_changes(case, case.executions[0], {"people": "SELECT * FROM users"})
    assert found.relation == {"users": "people"}.get(table, table)
