"""Payments that did not succeed at once stand in the report by contest."""

from __future__ import annotations

from simulation.events import EntrantAction, StripeObject
from simulation.history import History
from simulation.reporting.html import render_html
from simulation.reporting.parts.delayed_payments import DelayedPayments
from simulation.reporting.parts.tally import Tally
from simulation.reporting.view import Report
from tests.unit.reporting.test_money_back import AT, NONE, report_with

TITLE = "Payments that did not succeed at once"


def made(object_type: str, number: int, status: str, contest: str) -> StripeObject:
    return StripeObject.model_validate(
        {
            "seq": 0, "at": AT, "cause": "", "object_type": object_type, "object_id": f"{object_type}_{number}",
            "status": status, "amount_cents": 100 * number, "contest_id": contest,
        }
    )  # fmt: skip


def test_each_way_of_not_being_paid_at_once_has_its_number_and_sum(history: History, passed: Report) -> None:
    first, second = passed.contests[:2]
    debit = EntrantAction(
        seq=0, at=AT, cause="", person="p1", user_id="u1", contest="c", contest_id=second.contest_id,
        action="began_to_pay", amount_cents=500,
    )  # fmt: skip

    report = report_with(
        history,
        made("charge", 1, "failed", first.contest_id),
        made("charge", 2, "failed", first.contest_id),
        made("charge", 3, "succeeded", first.contest_id),
        made("payment_intent", 4, "canceled", first.contest_id),
        made("payment_intent", 5, "requires_action", first.contest_id),
        made("payment_intent", 6, "processing", second.contest_id),
        debit,
    )

    assert report.delayed_payments == (
        DelayedPayments(
            contest=first.name,
            failed=Tally(number=2, cents=300),
            by_debit=NONE,
            canceled=Tally(number=1, cents=400),
            left=Tally(number=1, cents=500),
            under_way=NONE,
            other_amount=NONE,
        ),
        DelayedPayments(
            contest=second.name,
            failed=NONE,
            by_debit=Tally(number=1, cents=500),
            canceled=NONE,
            left=NONE,
            under_way=Tally(number=1, cents=600),
            other_amount=NONE,
        ),
    )
    assert TITLE in render_html(report)


def test_where_every_payment_succeeded_nothing_is_said(passed: Report) -> None:
    assert passed.delayed_payments == ()
    assert TITLE not in render_html(passed)
