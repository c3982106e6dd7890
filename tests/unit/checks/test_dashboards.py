"""What a dashboard showed against what the witnesses knew, and what it takes to have looked at all."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import pytest

from simulation.checks.dashboards import FOLDER, PAGES, dashboards_truthful
from simulation.checks.monitoring import diagnostics_truthful
from simulation.events import FaultInjected, Sample, SampleLacking
from simulation.events.observation import ANSWERS
from tests.unit.checks.builder import Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing


def _shown(page: str, **updates: object) -> Break:
    return lambda book: book.edit(Sample, {"endpoint": FOLDER + page}, **updates)


BREAKS: dict[str, Break] = {
    "another number": _shown("error-trends", reported={"2026-03-01": [4, 0]}, observed={"2026-03-01": [5, 0]}),
    "another word": _shown("contest-status", reported={"C1": "LIVE"}, observed={"C1": "COMPLETE"}),
    "a contest missing": _shown("contest-status", reported={}, observed={"C1": "LIVE"}),
    "a contest too many": _shown("contest-status", reported={"C1": "LIVE"}, observed={}),
    "an alert missing": _shown("operational", reported=[], observed=["TransfersStuck critical"]),
    "another order": _shown("audit-trail", reported=[["a2"], ["a1"]], observed=[["a1"], ["a2"]]),
    "beyond the tolerance": _shown("contest-status", reported={"open": 300}, observed={"open": 361}, tolerance=60.0),
    "a page of another form": _shown("operational", reported="not the documented page: KeyError('as_of')"),
}


@pytest.mark.parametrize("spoil", BREAKS.values(), ids=BREAKS)
def test_what_is_not_so_is_found(spoil: Break) -> None:
    found = assert_found(dashboards_truthful, passing(), spoil, "the dashboard shows what is not so")
    assert found.findings[0].subject.startswith("dashboard ")
    assert run(diagnostics_truthful, passing()).outcome == "pass"


def test_a_page_that_nothing_can_be_held_against_is_unknown_and_only_there() -> None:
    book = passing()
    book.add(SampleLacking(endpoint=FOLDER + "operational", lacks="relation runbook_executions"), day(5))

    assert "no relation runbook_executions" in str(run(dashboards_truthful, book).unknown)
    assert run(diagnostics_truthful, book).outcome == "pass"


def test_numbers_read_one_after_another_may_differ_by_the_tolerance() -> None:
    book = passing()
    _shown("contest-status", reported={"open": 300}, observed={"open": 360}, tolerance=60.0)(book)
    assert run(dashboards_truthful, book).outcome == "pass"


@pytest.mark.parametrize(("shown", "outcome"), [("00.001", "pass"), ("00.499", "pass"), ("01.000", "fail")])
def test_a_clock_that_goes_on_a_little_within_its_second_shows_what_is_so(shown: str, outcome: str) -> None:
    book = passing()
    told, true = (f"2026-03-05T12:00:{seconds}Z" for seconds in (shown, "00.000"))
    _shown("operational", reported=told, observed=true)(book)
    assert run(dashboards_truthful, book).outcome == outcome


@pytest.mark.parametrize("page", PAGES)
def test_a_page_that_was_never_seen_is_unknown(page: str) -> None:
    assert_unknown(dashboards_truthful, passing(), lambda book: book.drop(Sample, endpoint=FOLDER + page), page)


def test_an_alert_during_which_nobody_looked_is_unknown() -> None:
    assert_unknown(
        dashboards_truthful, passing(), _shown("operational", at=day(5, 8)), "sampled when TransfersStuck fired"
    )


def test_a_platform_without_dashboards_is_not_verified() -> None:
    book = passing()
    for page in PAGES:
        book.drop(Sample, endpoint=FOLDER + page)
    assert run(dashboards_truthful, book).outcome == "not_verified"


@pytest.mark.parametrize(
    ("killed_at", "outcome"),
    [(None, "fail"), (day(5, 8), "pass"), (day(5, 7), "fail")],
    ids=["up", "killed", "since up"],
)
def test_only_a_page_that_met_a_kill_may_stay_unanswered(killed_at: datetime | None, outcome: str) -> None:
    book = passing()
    page: dict[str, Any] = {"endpoint": FOLDER + "operational", "subject": ANSWERS}
    book.add(Sample(**page, reported=False, observed=True), day(5, 8))
    if killed_at is not None:
        kill: dict[str, Any] = {"fault_id": "kill", "fault_kind": "platform_killed_before_call"}
        book.add(FaultInjected(**kill, keys={"transaction": "payout_scheduler"}, detail="killed"), killed_at)
    assert run(dashboards_truthful, book).outcome == outcome


def test_a_kill_is_no_reason_to_show_what_is_not_so() -> None:
    book = passing()
    kill: dict[str, Any] = {"fault_id": "kill", "fault_kind": "platform_killed_before_call"}
    book.add(FaultInjected(**kill, keys={"transaction": "payout_scheduler"}, detail="killed"), day(5, 8))
    page: dict[str, Any] = {"endpoint": FOLDER + "operational", "subject": "refunds by status"}
    book.add(Sample(**page, reported={}, observed={"completed": 1}), day(5, 8))
    assert run(dashboards_truthful, book).outcome == "fail"
