"""Contests that did not go as planned stand in the report, with what went back."""

from __future__ import annotations

from simulation.events import EntrantAction, Transaction
from simulation.history import History
from simulation.reporting.html import render_html
from simulation.reporting.view import Report
from tests.unit.reporting.test_money_back import AT, report_with

TITLE = "Contests that did not go as planned"


def test_who_left_a_contest_stands_there_with_the_fee(history: History, passed: Report) -> None:
    first = passed.contests[0]
    left = EntrantAction(
        seq=0, at=AT, cause="", person="p1", user_id="u1", contest="c", contest_id=first.contest_id,
        action="left_contest",
    )  # fmt: skip

    report = report_with(history, left)

    (row,) = report.off_plan
    assert (row.contest, row.what) == (first.name, "1 entrant left")
    assert TITLE in render_html(report)


def test_where_all_went_as_planned_nothing_is_said(passed: Report, history: History) -> None:
    assert history.of(Transaction)
    assert passed.off_plan == ()
    assert TITLE not in render_html(passed)
