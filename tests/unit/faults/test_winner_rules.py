"""What becomes of a prize that was paid is refused where it is not sure to be paid, or nobody sees the end."""

from __future__ import annotations

from datetime import timedelta

import pytest

from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import KINDS, broken_fault_rules
from simulation.scenario.faults.winners import PaidWinnerFault, parts_of
from simulation.scenario.file import load_scenario
from tests.unit.faults.kinds import fault

PLAIN = load_scenario(SCENARIOS_FOLDER / "accounts_6d.yaml").model_copy(update={"faults": ()})
(CONTEST,) = (contest for contest in PLAIN.contests if contest.key == "early_birds")
KINDS_OF_PAID = sorted(name for name, kind in KINDS.items() if issubclass(kind, PaidWinnerFault))


def problems(kind: str, nth: int, hours: int, before: Fault | None = None) -> list[str]:
    """What is wrong with such a fault of :data:`CONTEST`, which is sure to have two prizes."""
    mine = fault(kind, id="mine", contest=CONTEST.key, nth=nth, delay_hours=hours, expect=KINDS[kind].expects)
    faults = (*([before] if before else []), mine)
    return [broken.problem for broken in broken_fault_rules(PLAIN.model_copy(update={"faults": faults}))]


@pytest.mark.parametrize("kind", KINDS_OF_PAID)
def test_a_prize_that_is_paid_and_whose_end_is_seen_is_taken(kind: str) -> None:
    assert problems(kind, 2, 24) == []


@pytest.mark.parametrize("kind", KINDS_OF_PAID)
def test_a_prize_that_is_not_sure_to_be_paid_is_refused(kind: str) -> None:
    (problem,) = problems(kind, 3, 24)
    assert "is sure to have 2" in problem
    given_up = fault("transfer_refused", contest=CONTEST.key, nth=1, expect=KINDS["transfer_refused"].expects)
    (problem,) = problems(kind, 2, 24, given_up)
    assert "is sure to have 1" in problem


@pytest.mark.parametrize("kind", KINDS_OF_PAID)
def test_what_comes_too_late_to_be_answered_is_refused(kind: str) -> None:
    last_board = PLAIN.tournaments[CONTEST.tournament].final_board_at
    hours = (PLAIN.end - last_board) // timedelta(hours=1)
    (problem,) = problems(kind, 1, hours)
    assert "too late before the end" in problem


def test_two_cannot_have_the_same_prize() -> None:
    expect = KINDS["transfer_reversed"].expects
    first = fault("transfer_reversed", id="first", contest=CONTEST.key, nth=2, delay_hours=3, expect=expect)
    (problem,) = problems("transfer_reversed", 2, 24, first)
    assert problem == "fault mine aims at the victim of first: paid transfer 2 of early_birds"


@pytest.mark.parametrize(("cents", "times", "parts"), [(700, 1, [700]), (700, 3, [233, 233, 234]), (2, 3, [2])])
def test_parts_are_all_of_it_together(cents: int, times: int, parts: list[int]) -> None:
    assert parts_of(cents, times) == parts
