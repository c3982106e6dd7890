"""Contests that are called off: by their organizer, or because too few entered. What the jury then expects of whom."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.automatic import lifecycle_automatic
from simulation.checks.base import Check
from simulation.checks.ingestion import ingestion_automatic
from simulation.checks.ledger import clearing_accounts_drained
from simulation.checks.lifecycle import contests_paid_out
from simulation.checks.prizes import expected_prizes
from simulation.checks.promises import promised_events
from simulation.checks.reconciliation import three_way_reconciliation
from simulation.events import EntrantAction, RunStarted
from tests.unit.checks.builder import Book, assert_found, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_contest import SCENARIO, act, moved

CALLED_OFF, AT_THE_LOCK = day(1, 7, 40), day(1, 8, 5)


def cancelled(book: Book, at: Any, *, actor: str) -> None:
    """The platform cancels the contest instead of locking it; nothing is settled."""
    for status in ("LOCKED", "LIVE", "COMPLETE"):
        book.writes.remove(book.write_of("contests", status=status))
    for write in book.writes:  # what the settlement and the payout wrote of it
        write.changes = [change for change in write.changes if change.new.get("status") != "COMPLETE"]
    trail = {**moved("SCHEDULED", "CANCELLED", at), "actor": actor}
    gone = {"id": "C1", "status": "CANCELLED", "settled_at": None, "paid_out_at": None}
    book.write(at, ("contests", gone), ("contest_audit", trail), actor=actor)
    book.observe("contests", lambda rows: [{**rows[0], **gone}])


def by_organizer(*, actor: str = "olga") -> Book:
    book = passing()
    act(book, "olga", "cancelled_contest", CALLED_OFF)
    cancelled(book, CALLED_OFF, actor=actor)
    return book


def with_least(least: int) -> Book:
    book = passing()
    contest = {**SCENARIO["contests"][0], "min_entries": least}
    book.edit(RunStarted, {}, scenario_document={**SCENARIO, "contests": [contest]})
    return book


def by_rule(at: Any = AT_THE_LOCK) -> Book:
    book = with_least(5)
    cancelled(book, at, actor="system")
    return book


@pytest.mark.parametrize("book", [by_organizer, by_rule])
@pytest.mark.parametrize("check", [contests_paid_out, lifecycle_automatic])
def test_a_contest_that_is_called_off_must_be_cancelled_and_no_more(check: Check, book: Any) -> None:
    assert run(check, book()).outcome == "pass"


@pytest.mark.parametrize("book", [by_organizer, by_rule])
def test_of_a_contest_that_is_called_off_no_board_no_prize_and_no_stage_is_missed(book: Any) -> None:
    told = [
        *(finding.message for finding in run(promised_events, book()).findings),
        str(run(expected_prizes, book()).unknown),
        str(run(ingestion_automatic, book()).unknown),
    ]
    assert not [text for text in told if "never reached" in text or "never live" in text or "was not settled" in text]


def test_one_that_is_played_though_its_organizer_was_told_that_it_is_cancelled_is_found() -> None:
    assert_found(
        contests_paid_out,
        passing(),
        lambda book: act(book, "olga", "cancelled_contest", CALLED_OFF),
        "called off and not cancelled",
    )


def test_one_that_is_played_though_too_few_entered_is_found() -> None:
    assert_found(contests_paid_out, with_least(5), lambda _: None, "called off and not cancelled")
    assert run(contests_paid_out, with_least(4)).outcome == "pass"


def test_who_left_before_the_lock_is_not_counted() -> None:
    book = with_least(4)
    assert_found(
        contests_paid_out,
        book,
        lambda book: act(book, "dan", "left_contest", day(0, 12)),
        "called off and not cancelled",
    )


def test_where_an_answer_was_lost_the_platform_may_know_of_one_more() -> None:
    lost: dict[str, Any] = {"contest": "cup", "contest_id": "C1", "action": "refused", "act": "join"}
    for book in (with_least(5), by_rule()):
        book.add(EntrantAction(person="eve", user_id="eve", **lost, detail="join: no answer"), day(0, 9))
        assert run(contests_paid_out, book).outcome == "pass"


def test_one_that_is_cancelled_and_nobody_called_it_off_is_found() -> None:
    assert_found(contests_paid_out, passing(), lambda book: cancelled(book, CALLED_OFF, actor="olga"), "not paid out")


def test_cancelled_by_another_than_the_organizer_is_found() -> None:
    assert_found(lifecycle_automatic, by_organizer(actor="mallory"), lambda _: None, "not made by its organizer")


@pytest.mark.parametrize(("at", "message"), [(day(1, 7), "before its signal"), (day(1, 9), "too late")])
def test_cancelled_by_rule_too_early_or_too_late_is_found(at: Any, message: str) -> None:
    assert_found(lifecycle_automatic, by_rule(at), lambda _: None, f"became CANCELLED {message}")


def test_the_fees_of_a_contest_that_is_called_off_must_go_back() -> None:
    """In the story only Cat's second payment does."""
    result = run(three_way_reconciliation, by_organizer())
    assert {finding.keys.user_id for finding in result.findings if finding.subject.startswith("refund")} >= {
        "ann",
        "bob",
    }


def test_the_pool_of_a_contest_that_is_called_off_must_be_empty() -> None:
    book = by_organizer()
    for row_id in [str(row["id"]) for row in book._news("postings") if str(row["entry_type"]) == "PRIZE_PAYOUT"]:
        book.undo("postings", row_id)
    assert_found(clearing_accounts_drained, book, lambda _: None, "not drained")


def test_who_comes_when_the_contest_is_called_off_is_not_missed() -> None:
    late = {**SCENARIO["contests"][0], "entrants": 5, "late_joiners": 1}
    told = []
    for book in (by_organizer(), passing()):
        book.edit(RunStarted, {}, scenario_document={**SCENARIO, "contests": [late]})
        found = run(promised_events, book).findings
        told.append([finding.message for finding in found if "fewer entrants" in finding.message])
    assert told == [[], ["fewer entrants than promised: joined", "fewer entrants than promised: late joiners"]]
