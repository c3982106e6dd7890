"""Sums in the report are by currency, and never of two."""

from __future__ import annotations

from simulation.history import History
from simulation.reporting.html import render_html
from simulation.reporting.parts.tally import Tally, tally
from simulation.reporting.text import money_line
from simulation.reporting.view import Report
from simulation.reporting.words import sums
from tests.unit.reporting.test_money_back import moved, report_with


def test_amounts_of_two_currencies_stand_side_by_side() -> None:
    rows = [("c1", 2_503, "jpy"), ("c1", 2_503, "usd"), ("c1", 2_503, "jpy"), ("c2", 4_750, "kwd")]
    assert tally(rows, "c1") == Tally(number=3, cents=5_006, currency="jpy", others=(("usd", 2_503),))
    assert (tally(rows, "c1").told, tally(rows, "c2").told) == ("¥5,006 and $25.03", "KWD 4.750")
    assert tally(rows, "c3") == Tally(number=0, cents=0)
    assert sums([("usd", 5), ("jpy", 5), ("kwd", 5)]) == "$0.05, ¥5 and KWD 0.005"


def test_each_currency_has_its_own_balance_and_figures(history: History, passed: Report) -> None:
    contest = passed.contests[0].contest_id
    in_yen = moved("charge", 2_503, contest, "ch_yen").model_copy(update={"currency": "jpy", "fee_cents": 113})

    report = report_with(history, in_yen)

    assert [funds.currency for funds in report.funds] == ["usd", "jpy"]
    assert report.funds[0] == passed.funds[0]
    assert (report.funds[1].in_cents, report.funds[1].fees_cents, report.funds[1].closing_cents) == (2_503, 113, None)
    assert "in ¥2,503 - fees ¥113" in money_line(report.funds[1])
    figure = next(figure for figure in report.figures if figure.label == "Money in")
    assert figure.value == f"{passed.funds[0].told(passed.funds[0].in_cents)} · ¥2,503"
    page = render_html(report)
    assert "Through the balance at Stripe, JPY" in page
    assert "Through the balance at Stripe, JPY" not in render_html(passed)
