"""What became of prizes in winners' accounts stands in the report by contest."""

from __future__ import annotations

from simulation.history import History
from simulation.reporting.html import render_html
from simulation.reporting.parts.tally import Tally
from simulation.reporting.parts.winner_accounts import WinnerAccounts
from simulation.reporting.view import Report
from tests.unit.reporting.test_money_back import asked, moved, report_with

TITLE = "Winners&#39; accounts"


def test_what_stripe_took_back_is_told_and_owed(history: History, passed: Report) -> None:
    first = passed.contests[0]

    report = report_with(
        history,
        moved("transfer_reversal", 300, first.contest_id, "trr_1"),
        moved("transfer_reversal", 400, first.contest_id, "trr_2"),
        asked(first.contest_id).model_copy(update={"action": "bank_refused", "amount_cents": 500}),
    )

    taken, refused = Tally(number=2, cents=700), Tally(number=1, cents=500)
    assert report.winner_accounts == (WinnerAccounts(contest=first.name, taken_back=taken, bank_refused=refused),)
    assert report.funds[0].prizes_cents == passed.funds[0].prizes_cents - 700
    assert report.funds[0].owed_cents == passed.funds[0].owed_cents + 700
    assert TITLE in render_html(report)


def test_where_every_prize_stayed_nothing_is_said(passed: Report) -> None:
    assert passed.winner_accounts == ()
    assert TITLE not in render_html(passed)
