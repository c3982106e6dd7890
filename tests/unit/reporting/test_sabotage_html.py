"""The matrix of planted defects, on a page and in a terminal."""

from __future__ import annotations

import pytest
from rich.console import Console

from simulation.sabotage.report_html import render_html
from simulation.sabotage.report_matrix import Control, Matrix, MatrixRow
from simulation.sabotage.report_terminal import table_of, totals_of

CAUGHT = MatrixRow(
    name="pay-twice",
    family="paying",
    how="one function of the platform is replaced",
    breaks="Pays <twice>.",
    origin="a retry",
    scenario="quiet",
    seed=1,
    outcome="fail",
    result="caught",
    triggers=2,
    cells={"exactly_once": "named", "convergence": "beside"},
    first_words="transferred 2 times",
    detection_seconds=3_600,
    wall_seconds=4.2,
    again="simulate sabotage pay-twice",
)
MISSED = CAUGHT.model_copy(
    update={"name": "lose", "result": "missed", "cells": {"exactly_once": "silent"}, "detection_seconds": None}
)
CONTROL = Control(scenario="quiet", seed=1, outcome="pass", wall_seconds=4.0)
COLUMNS = ("exactly_once", "convergence", "no_stripe_dashboard")


def _matrix(*rows: MatrixRow, outcome: str = "pass") -> Matrix:
    return Matrix(columns=COLUMNS, rows=rows, controls=(CONTROL.model_copy(update={"outcome": outcome}),))


def test_a_campaign_in_which_everything_was_caught_is_good() -> None:
    matrix = _matrix(CAUGHT)

    assert matrix.good
    assert "1 of 1 planted defects were caught by every check" in render_html(matrix)


@pytest.mark.parametrize("matrix", [_matrix(CAUGHT, MISSED), _matrix(CAUGHT, outcome="fail")])
def test_one_missed_or_a_control_that_failed_is_not(matrix: Matrix) -> None:
    assert not matrix.good
    assert "not all caught" in render_html(matrix)


def test_every_row_and_column_stands_on_the_page_and_nothing_is_fetched() -> None:
    page = render_html(_matrix(CAUGHT, MISSED))

    for text in ("pay-twice", "lose", *COLUMNS, "simulate sabotage pay-twice", "transferred 2 times"):
        assert text in page
    assert "Pays &lt;twice&gt;." in page
    assert "http" not in page.replace("https://", "").split("<style>")[0]
    assert "<script" not in page


def test_the_columns_count_what_they_caught_as_named() -> None:
    assert _matrix(CAUGHT, MISSED).caught_by == {"exactly_once": 1, "convergence": 0, "no_stripe_dashboard": 0}


def test_the_terminal_names_what_was_missed() -> None:
    console = Console(width=120, record=True, quiet=False, file=None)
    with console.capture() as captured:
        console.print(table_of(_matrix(CAUGHT, MISSED)), totals_of(_matrix(CAUGHT, MISSED)))

    said = captured.get()
    assert "1 of 2 caught by name · 1 missed" in said
    assert "controls 1 of 1 passed" in said


def test_a_defect_that_was_not_caught_links_the_report_of_its_run() -> None:
    missed = MISSED.model_copy(update={"report": "runs/quiet/20260301T000000Z-seed1/report.html"})
    page = render_html(_matrix(CAUGHT, missed))
    assert page.count('href="runs/') == 1
    assert 'href="runs/quiet/20260301T000000Z-seed1/report.html"' in page
