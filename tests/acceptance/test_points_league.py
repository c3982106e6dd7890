"""A backend with a business of its own, unmodified: nothing is held against it, and its defects are found by name.

See tests/targets/points_league/DEFECTS.md.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from simulation.assembly.request import prepare
from simulation.errors import UsageError
from simulation.events import Exchange, FaultInjected, StripeMovement
from simulation.progress import Silent
from simulation.proof.determinism import compare_pairs
from simulation.run import RunResult, run
from simulation.scenario.faults.provider import FeedFault
from simulation.scenario.faults.registry import kind_of
from tests.targets.points_league_support import (
    ABSENCE,
    BACKEND,
    DEFECTS,
    SCENARIO,
    copy_of_league,
    stated_checks,
    told_by_its_feed,
    with_transfers,
)

PLANTED = (
    ("rake-a-cent", "wrong-actor"),
    ("fewest-points-win", "rake-not-booked"),
    ("credited-twice",),
    ("wrong-person", "board-unexplained"),
    ("entry-for-nothing", "closed-late"),
    ("stripe-fee-taken",),
)
"""Each in one run; those that share a run are found by different checks."""


def _live_with(folder: Path, *defects: str, scenario: Path = SCENARIO) -> RunResult:
    target = copy_of_league(folder, *defects)
    return run(prepare(scenario=str(scenario), seed=1, out=folder / "reports", target=target), Silent())


def _named(result: RunResult) -> dict[str, list[str]]:
    """Checks that found something, with what they say."""
    return {
        check.check: [f"{one.subject}: {one.message} ({one.expected}; {one.actual})" for one in check.findings]
        for check in result.verdict.results
        if check.findings
    }


def _said(result: RunResult) -> str:
    """All of it, whatever its length: a list or a dict would be cut short."""
    return "\n".join(f"{check}: {line}" for check, lines in _named(result).items() for line in lines)


def test_nothing_is_held_against_a_business_that_keeps_its_own_contract(tmp_path: Path) -> None:
    result = _live_with(tmp_path)

    assert _named(result) == {}, _said(result)
    assert [(check.check, check.unknown) for check in result.verdict.results if check.unknown] == []
    assert result.verdict.outcome == "pass"
    examined = {check.check: check.examined for check in result.verdict.results}
    for name in {check for checks in stated_checks().values() for check in checks}:
        assert examined[name] > 0, f"{name} passed without looking at anything"


def test_nor_is_it_in_the_fourteen_days_of_an_absence(tmp_path: Path) -> None:
    result = _live_with(tmp_path, scenario=ABSENCE)

    assert _named(result) == {}, _said(result)
    assert result.verdict.outcome == "pass"
    struck = {event.fault_id for event in result.history.of(FaultInjected)}
    assert struck == {"webhook-twice", "webhook-after-a-reset", "two-events", "feed-down", "feed-broken"}


def test_it_lives_twice_alike_while_every_core_is_busy(tmp_path: Path) -> None:
    target = copy_of_league(tmp_path)
    assert [*compare_pairs([(str(SCENARIO), 1)], load=True, target=target)] == [((str(SCENARIO), 1), None)]


@pytest.mark.parametrize("defects", PLANTED, ids="+".join)
def test_its_defects_are_found_by_name_and_nothing_else_is(tmp_path: Path, defects: tuple[str, ...]) -> None:
    result = _live_with(tmp_path, *defects)

    assert set(_named(result)) == set().union(*(stated_checks()[defect] for defect in defects)), _said(result)


def test_nor_is_it_where_prizes_leave_for_stripe_and_only_their_key_says_whose_they_are(tmp_path: Path) -> None:
    target = with_transfers(copy_of_league(tmp_path))

    result = run(prepare(scenario=str(SCENARIO), seed=1, out=tmp_path / "reports", target=target), Silent())

    assert _named(result) == {}, _said(result)
    assert [(check.check, check.unknown) for check in result.verdict.results if check.unknown] == []
    assert sum(event.movement == "transfer" for event in result.history.of(StripeMovement)) == 5


_FORGETS = (
    '    if __import__("time").gmtime().tm_hour == 18:\n        return True\n    code, body = _read_board(body)\n'
)


def _while_a_board_is_told(folder: Path) -> str:
    """The scenario, whose feed is down when a new board comes."""
    text = SCENARIO.read_text()
    assert text.count("at: day 0 09:00") == 1
    file = folder / "told.yaml"
    file.write_text(text.replace("at: day 0 09:00", "at: day 0 09:30"))
    return str(file)


def test_a_feed_that_is_down_between_two_boards_meets_nobody_who_is_told(tmp_path: Path) -> None:
    target = told_by_its_feed(copy_of_league(tmp_path))
    with pytest.raises(UsageError, match=r"feed-down is a provider_outage, .* no board of two_day_masters is new"):
        prepare(scenario=str(SCENARIO), seed=1, out=tmp_path, target=target)


def test_a_swarm_draws_no_fault_of_a_feed_that_would_meet_nobody(tmp_path: Path) -> None:
    asked, told = copy_of_league(tmp_path / "asked"), told_by_its_feed(copy_of_league(tmp_path / "told"))

    def drawn(target: Path) -> list[str]:
        plans = [
            prepare(scenario=str(SCENARIO), seed=seed, out=tmp_path, target=target, swarmed=True).plan
            for seed in range(1, 16)
        ]
        return [fault.kind for plan in plans for fault in plan.faults if issubclass(kind_of(fault), FeedFault)]

    assert 0 < len(drawn(told)) < len(drawn(asked))


def test_nor_is_it_where_its_feed_tells_it_of_each_board(tmp_path: Path) -> None:
    target, scenario = told_by_its_feed(copy_of_league(tmp_path)), _while_a_board_is_told(tmp_path)

    result = run(prepare(scenario=scenario, seed=1, out=tmp_path / "reports", target=target), Silent())

    assert _named(result) == {}, _said(result)
    assert [(check.check, check.unknown) for check in result.verdict.results if check.unknown] == []
    told = [event for event in result.history.of(Exchange) if event.actor == "provider"]
    assert told
    assert {event.status for event in told} == {200}
    assert {event.fault_id for event in result.history.of(FaultInjected)} == {"webhook-twice", "feed-down"}


def test_a_board_that_it_was_told_and_did_not_keep_is_missed(tmp_path: Path) -> None:
    target, scenario = told_by_its_feed(copy_of_league(tmp_path)), _while_a_board_is_told(tmp_path)
    league = target.parent / "league.py"
    text = league.read_text()
    assert text.count("    code, body = _read_board(body)\n") == 1
    league.write_text(text.replace("    code, body = _read_board(body)\n", _FORGETS))

    result = run(prepare(scenario=scenario, seed=1, out=tmp_path / "reports", target=target), Silent())

    assert set(_named(result)) == {"ingestion_automatic"}, _said(result)


def test_every_defect_is_planted_and_its_checks_tell_it_from_the_other_of_its_run() -> None:
    stated = stated_checks()
    assert sorted(defect for defects in PLANTED for defect in defects) == sorted(stated) == sorted(DEFECTS)
    for first, *others in PLANTED:
        assert all(not stated[first] & stated[other] for other in others)


def test_the_contract_is_short() -> None:
    texts = [(BACKEND / "target" / name).read_text() for name in ("contract.yaml", "model.py")]
    assert sum(len(text.splitlines()) for text in texts) <= 150
