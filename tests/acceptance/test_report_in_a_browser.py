"""Reports in a real browser: nothing has to be scrolled sideways, on a phone, a tablet or a desk.

CI sets SIMULATE_REQUIRE_CHROMIUM, so that a missing browser is a failure there and not a skip. With
SIMULATE_SCREENSHOTS the pictures are kept in the folder it names.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from simulation.checks.verdict import Verdict
from simulation.history import History
from simulation.reporting.html import render_html
from simulation.reporting.view import build_report
from simulation.sabotage.report_html import render_html as render_matrix
from simulation.sabotage.report_matrix import Matrix
from tests.acceptance.chromium import Browser, browser, find_chromium
from tests.unit.reporting.sample import failed_verdict, passed_verdict, sample_history, unknown_verdict
from tests.unit.reporting.test_sabotage_html import CAUGHT, COLUMNS, CONTROL, MISSED

WIDTHS = (390, 768, 1440)
LONG = "A contest whose name is as long as a name may be, TheInvitationalOfSanctaMariaDeLaSerena2026"


@pytest.fixture(scope="module")
def tab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    program = find_chromium()
    if program is None:
        assert not os.environ.get("SIMULATE_REQUIRE_CHROMIUM"), "this job must have a browser"
        pytest.skip("no Chromium here: apt-get install chromium")
    with browser(program, tmp_path_factory.mktemp("profile")) as opened:
        yield opened


def pages(history: History) -> dict[str, str]:
    longer = sample_history(contest_name=LONG)
    matrix = Matrix(columns=COLUMNS, rows=(CAUGHT, MISSED), controls=(CONTROL,))
    of: dict[str, tuple[History, Verdict]] = {
        "passed": (history, passed_verdict()),
        "failed": (history, failed_verdict()),
        "unknown": (history, unknown_verdict()),
        "broken_off": (History(history.events[:120]), unknown_verdict()),
        "long_names": (longer, failed_verdict()),
    }
    return {name: render_html(build_report(*one)) for name, one in of.items()} | {"sabotage": render_matrix(matrix)}


@pytest.mark.parametrize("name", ["passed", "failed", "unknown", "broken_off", "long_names", "sabotage"])
def test_nothing_has_to_be_scrolled_sideways(tab: Browser, tmp_path: Path, name: str) -> None:
    file = tmp_path / f"{name}.html"
    file.write_text(pages(sample_history())[name], encoding="utf-8")
    tab.open(file.as_uri())
    tab.evaluate("document.querySelectorAll('details').forEach((part) => { part.open = true; })")
    beyond = {width: tab.beyond(width) for width in WIDTHS}
    if folder := os.environ.get("SIMULATE_SCREENSHOTS"):
        for width in WIDTHS:
            tab.screenshot(Path(folder) / f"report-{name}-{width}.png", width=width)
    assert beyond == dict.fromkeys(WIDTHS, 0)
