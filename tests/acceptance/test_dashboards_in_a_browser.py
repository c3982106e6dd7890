"""Each dashboard opened by a real browser in the middle of a run, signed in through the form, while an alert fires.

CI sets SIMULATE_REQUIRE_CHROMIUM, so that a missing browser is a failure there and not a skip. With
SIMULATE_SCREENSHOTS the pictures are kept in the folder it names.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from simulation.assembly import Simulation
from simulation.assembly.request import prepare
from simulation.checks.verdict import judge
from simulation.clock import SimProcess
from simulation.events import Exchange
from simulation.history import History
from simulation.progress import Silent
from simulation.run import carry_out
from simulation.run_directory import RunDirectory
from simulation.sabotage.trial import SCENARIOS
from tests.acceptance.chromium import Browser, browser, find_chromium

WIDTHS = (390, 768, 1440)
DASHBOARDS = ("operational", "contest-status", "audit-trail", "error-trends")
PAGES = {
    **{name: f"/admin/dashboards/{name}" for name in DASHBOARDS},
    "runbooks": "/admin/runbooks",
    "runbook": "/admin/runbooks/payout_transfer_stuck_in_retryable",
}


_WITHIN = "Math.max(0, ...[...document.querySelectorAll('.wide')].map(one => one.scrollWidth - one.clientWidth))"
"""How many pixels a table reaches beyond its frame."""


class _Quiet(WSGIRequestHandler):
    def log(self, type: str, message: str, *args: object) -> None: ...


@contextmanager
def _served(sim: Simulation) -> Iterator[str]:
    """The platform of the run on a loopback port, as an admin's browser reaches it."""
    server = make_server("127.0.0.1", 0, sim.exchange, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        with sim.context.acting("operator"):
            yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Visit:
    """What was seen, page by page."""

    def __init__(self, program: str, folder: Path) -> None:
        self._program, self._folder = program, folder
        self.seen: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        self.cookies = "not asked"
        self.beyond: dict[str, list[int]] = {}
        self.expected: dict[str, list[str]] = {}

    def plant(self, sim: Simulation) -> None:
        sim.kernel.spawn(self._come_when_an_alert_fires(sim))

    def _come_when_an_alert_fires(self, sim: Simulation) -> SimProcess:
        yield sim.kernel.until(sim.scenario.start)
        while not sim.monitor.firing:
            yield sim.kernel.sleep(60)
        with _served(sim) as url, browser(self._program, self._folder / "profile") as tab:
            self._sign_in(tab, url, sim)
            for page, address in PAGES.items():
                tab.open(f"{url}{address}")
                self.seen[page], self.titles[page] = tab.text, str(tab.evaluate("document.title"))
                self.cookies = str(tab.evaluate("document.cookie"))
                tab.screenshot(self._folder / f"{page}.png")
                self.beyond[page] = [tab.beyond(width) + int(tab.evaluate(_WITHIN)) for width in WIDTHS]
                tab.screenshot(self._folder / f"{page}-390.png", width=390)
        self._remember(sim)

    def _sign_in(self, tab: Browser, url: str, sim: Simulation) -> None:
        tab.open(f"{url}/admin/dashboards/operational")
        self.seen["login"] = tab.text
        tab.screenshot(self._folder / "login.png", height=600)
        tab.submit("token", sim.target.admin_token(subject=sim.ops_admin.user_id, ttl_seconds=3600))
        assert "Operational" in tab.text, tab.text

    def _remember(self, sim: Simulation) -> None:
        """What the witnesses know at this instant."""
        active = [row for row in sim.observer.rows("contests") if row["paid_out_at"] is None]
        last = sim.observer.rows("contest_audit")[-1]
        self.expected = {
            "operational": [alert.alert for alert in sim.monitor.firing],
            "contest-status": [str(row["name"]) for row in active],
            "audit-trail": [str(last["to_status"]), "dashboard session opened"],
            "error-trends": ["Error budget", "Requests by hour"],
            "runbooks": ["How to follow one", "payout_transfer_stuck_in_retryable"],
            "runbook": ["1. Read the metric", "EXECUTION_ID=$(curl"],
        }


@pytest.fixture(scope="module")
def visit(tmp_path_factory: pytest.TempPathFactory) -> tuple[Visit, History]:
    program = find_chromium()
    if program is None and "SIMULATE_REQUIRE_CHROMIUM" not in os.environ:
        pytest.skip("no Chromium on this machine: apt-get install chromium")
    assert program is not None, "CI needs Chromium"
    folder = Path(os.environ.get("SIMULATE_SCREENSHOTS") or tmp_path_factory.mktemp("browser"))
    folder.mkdir(exist_ok=True)
    made = Visit(program, folder)
    out = tmp_path_factory.mktemp("out")
    request = prepare(scenario=str(SCENARIOS / "payday.yaml"), seed=1, environment="embedded", out=out)
    directory = RunDirectory.create(out=out, scenario="browser", seed=1)
    return made, carry_out(request, directory, Silent(), plant=made.plant)


@pytest.mark.parametrize("page", PAGES)
def test_what_the_witnesses_know_is_visible(visit: tuple[Visit, History], page: str) -> None:
    made, _ = visit
    assert made.expected[page]
    for expected in made.expected[page]:
        assert expected.casefold() in made.seen[page].casefold()
    assert made.titles[page].endswith("· Contest platform")


@pytest.mark.parametrize("page", PAGES)
def test_nothing_has_to_be_scrolled_sideways(visit: tuple[Visit, History], page: str) -> None:
    assert visit[0].beyond[page] == [0] * len(WIDTHS)


def test_a_browser_without_a_session_sees_only_the_form(visit: tuple[Visit, History]) -> None:
    assert "Admin token" in visit[0].seen["login"]
    assert "alert" not in visit[0].seen["login"]


def test_no_script_can_read_the_session(visit: tuple[Visit, History]) -> None:
    assert visit[0].cookies == ""


def test_the_token_stands_nowhere_in_the_history_and_looking_is_no_intervention(visit: tuple[Visit, History]) -> None:
    history = visit[1]
    forms = [one for one in history.of(Exchange) if one.method == "POST" and one.path == "/admin/login"]
    assert [form.request_body for form in forms] == ["(withheld)"]
    assert judge(history).outcome == "pass", [result for result in judge(history).results if result.findings]
