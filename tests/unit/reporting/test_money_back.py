"""Refunds and disputes stand in the report by contest, each number with its dollars."""

from __future__ import annotations

from datetime import UTC, datetime

from simulation.events import EntrantAction, Event, StripeMovement, StripeObject
from simulation.history import History
from simulation.reporting.html import render_html
from simulation.reporting.parts.money_back import Disputed, Refunded
from simulation.reporting.parts.tally import Tally
from simulation.reporting.view import Report, build_report
from tests.unit.reporting.sample import passed_verdict

AT = datetime(2026, 3, 9, tzinfo=UTC)
NONE = Tally(number=0, cents=0)


def moved(movement: str, cents: int, contest: str, source: str, fee_cents: int = 0) -> StripeMovement:
    return StripeMovement.model_validate(
        {
            "seq": 0, "at": AT, "cause": "", "balance_transaction_id": f"txn_{source}_{movement}_{cents}",
            "movement": movement, "amount_cents": cents, "fee_cents": fee_cents, "net_cents": cents - fee_cents,
            "currency": "usd", "available_at": AT, "source_id": source, "contest_id": contest,
        }
    )  # fmt: skip


def dispute(number: int, status: str, cents: int, contest: str) -> StripeObject:
    return StripeObject(
        seq=0, at=AT, cause="", object_type="dispute", object_id=f"dp_{number}", status=status, amount_cents=cents,
        contest_id=contest,
    )  # fmt: skip


def asked(contest: str) -> EntrantAction:
    return EntrantAction(
        seq=0, at=AT, cause="", person="p1", user_id="u1", contest="c", contest_id=contest, action="asked_for_refund"
    )


def report_with(history: History, *more: Event) -> Report:
    return build_report(History([*history.events, *more]), passed_verdict())


def test_refunds_are_asked_for_made_and_come_back(history: History, passed: Report) -> None:
    first = passed.contests[0]

    report = report_with(
        history,
        asked(first.contest_id),
        moved("refund", -400, first.contest_id, "re_1"),
        moved("refund", -100, first.contest_id, "re_2"),
        moved("refund_failure", 100, first.contest_id, "re_2"),
    )

    assert report.money_back.disputes == ()
    assert report.money_back.refunds == (
        Refunded(
            contest=first.name,
            asked=Tally(number=1, cents=first.entry_fee_cents),
            made=Tally(number=2, cents=500),
            came_back=Tally(number=1, cents=100),
        ),
    )


def test_disputes_stand_by_how_they_ended_with_the_fees_that_stripe_kept(history: History, passed: Report) -> None:
    first, second = passed.contests[0], passed.contests[1]

    report = report_with(
        history,
        dispute(1, "won", 300, second.contest_id),
        moved("adjustment", -300, second.contest_id, "dp_1", fee_cents=1500),
        moved("adjustment", 300, second.contest_id, "dp_1"),
        dispute(2, "lost", 200, second.contest_id),
        moved("adjustment", -200, second.contest_id, "dp_2", fee_cents=1500),
        dispute(3, "needs_response", 70, second.contest_id),
        moved("adjustment", -70, second.contest_id, "dp_3", fee_cents=1500),
        dispute(4, "warning_closed", 900, first.contest_id),
    )

    inquired, fought = report.money_back.disputes
    assert inquired == Disputed(
        contest=first.name, inquiries=Tally(number=1, cents=900), taken=NONE, won=NONE, lost=NONE, undecided=NONE,
        fees=NONE,
    )  # fmt: skip
    assert fought == Disputed(
        contest=second.name,
        inquiries=NONE,
        taken=Tally(number=3, cents=570),
        won=Tally(number=1, cents=300),
        lost=Tally(number=1, cents=200),
        undecided=Tally(number=1, cents=70),
        fees=Tally(number=3, cents=4500),
    )


def test_a_run_without_either_has_neither_table(history: History, passed: Report) -> None:
    assert (passed.money_back.refunds, passed.money_back.disputes) == ((), ())
    html = render_html(report_with(history, dispute(1, "lost", 2345, passed.contests[0].contest_id)))
    assert "Disputes by contest" in html
    assert "$23.45" in html
    assert "Disputes by contest" not in render_html(passed)
