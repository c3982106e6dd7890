"""A business without contests, unmodified: nothing is held against it, and its defects are found by name.

See tests/targets/shop/DEFECTS.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.assembly.request import prepare
from simulation.events import EntrantAction, FaultInjected, FaultScheduled, ProviderPublication, StripeCall
from simulation.progress import Silent
from simulation.reporting.html import render_html
from simulation.reporting.view import build_report
from simulation.run import RunResult, run
from tests.targets.shop_support import DEFECTS, SCENARIO, copy_of_shop, stated_findings

PLANTED = (
    ("credited-twice", "dispute-ignored", "owed-to-nobody", "refund-unexplained"),
    ("never-reconciled", "refund-not-recorded"),
    ("taken-by-its-word", "wrong-amount-kept", "dispute-fee-forgotten"),
    ("sold-unpaid", "refund-taken-for-sent"),
)
"""Each in one run; those that share a run are found by different checks, or in different things."""
_BY_FETCHING = "taken-by-its-word"
_FORTNIGHT = "shop_14d"
_WHILE_STRIPE_IS_ILL = "sold-unpaid"


def _live(folder: Path, *defects: str, fetches: bool = False, scenario: str = SCENARIO) -> RunResult:
    target = copy_of_shop(folder, *defects, fetches=fetches)
    return run(prepare(scenario=scenario, seed=1, out=folder / "reports", target=target), Silent())


def _named(result: RunResult) -> dict[tuple[str, str], list[str]]:
    """(check, first word of what it is about) of all that was found, with what it says."""
    named: dict[tuple[str, str], list[str]] = {}
    for check in result.verdict.results:
        for one in check.findings:
            said = f"{one.subject}: {one.message} ({one.expected}; {one.actual})"
            named.setdefault((check.check, one.subject.split()[0].strip(",")), []).append(said)
    return named


@pytest.mark.parametrize("fetches", [False, True], ids=["believes signatures", "asks Stripe for each event"])
def test_nothing_is_held_against_a_shop_that_keeps_its_contract(tmp_path: Path, *, fetches: bool) -> None:
    result = _live(tmp_path, fetches=fetches)

    assert _named(result) == {}
    assert [(check.check, check.unknown) for check in result.verdict.results if check.unknown] == []
    assert (result.verdict.outcome, result.verdict.exit_code) == ("pass", 0)
    scheduled = {event.fault_id for event in result.history.of(FaultScheduled)}
    assert {event.fault_id for event in result.history.of(FaultInjected)} == scheduled
    acts = {action.action for action in result.history.of(EntrantAction)}
    assert not acts & {"created_contest", "joined"}
    assert {"ordered", "paid", "paid_twice", "asked_for_refund", "charged_back"} <= acts
    assert list(result.history.of(ProviderPublication)) == []
    asked = any(call.path.startswith("/v1/events/evt_") for call in result.history.of(StripeCall))
    assert asked is fetches
    _what_is_about_contests_is_absent(result)


@pytest.mark.parametrize("fetches", [False, True], ids=["believes signatures", "asks Stripe for each event"])
def test_it_lives_through_the_fortnight_in_which_stripe_is_ill_while_people_buy(
    tmp_path: Path, *, fetches: bool
) -> None:
    result = _live(tmp_path, fetches=fetches, scenario=_FORTNIGHT)

    assert _named(result) == {}
    assert result.verdict.outcome == "pass"
    assert result.history.started is not None
    assert result.history.started.days == 14
    scheduled = {event.fault_id for event in result.history.of(FaultScheduled)}
    assert len(scheduled) == 21
    acts = [(act.contest, act.person, act.action) for act in result.history.of(EntrantAction)]
    refused = {(orders, person) for orders, person, action in acts if action == "refused"}
    paid = {(orders, person) for orders, person, action in acts if action == "paid"}
    assert {orders for orders, _ in refused & paid} >= {"gift_cards"}, "nobody came back"
    assert {orders for orders, _ in refused - paid} == {"flash_sale"}, "nobody gave up, or somebody elsewhere"
    assert {event.fault_id for event in result.history.of(FaultInjected)} == scheduled
    _what_is_about_contests_is_absent(result)
    report = build_report(result.history, result.verdict)
    told = " ".join((report.story.what, report.story.happened, *(figure.label for figure in report.figures)))
    assert "People ordered and paid" in told
    assert [word for word in ("contest", "prize", "entrant", "to the letter") if word in told.lower()] == []
    page = render_html(report)
    assert ("#money" in page, "#contests" in page, "No contest was observed" in page) == (True, False, False)


def _what_is_about_contests_is_absent(result: RunResult) -> None:
    """Neither unknown nor passed; and what the defects are found by has looked at something."""
    results = {check.check: check for check in result.verdict.results}
    for name in ("lifecycle_order", "expected_prizes", "transition_audit", "payout_automatic", "scores_applied"):
        assert results[name].outcome == "not_verified", name
        assert "this business has no" in (results[name].not_verified or "")
    for name in {check for stated in stated_findings().values() for check, _ in stated}:
        assert results[name].examined > 0, f"{name} passed without looking at anything"


@pytest.mark.parametrize("defects", PLANTED, ids="+".join)
def test_its_defects_are_found_by_name_and_nothing_else_is(tmp_path: Path, defects: tuple[str, ...]) -> None:
    scenario = _FORTNIGHT if _WHILE_STRIPE_IS_ILL in defects else SCENARIO
    named = _named(_live(tmp_path, *defects, fetches=_BY_FETCHING in defects, scenario=scenario))

    assert named.keys() == set().union(*(stated_findings()[defect] for defect in defects)), named


def test_every_defect_is_planted_and_told_from_the_others_of_its_run() -> None:
    stated = stated_findings()
    assert sorted(defect for defects in PLANTED for defect in defects) == sorted(stated) == sorted(DEFECTS)
    for defects in PLANTED:
        found = [one for defect in defects for one in stated[defect]]
        assert len(found) == len(set(found))
