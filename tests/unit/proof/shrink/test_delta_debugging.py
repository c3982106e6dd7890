"""Delta debugging finds a part of which nothing can be left out, in few tries."""

from __future__ import annotations

from collections.abc import Iterable

import pytest

from simulation.proof.shrink.delta_debugging import Part, smallest


class _Trials:
    """Counts the parts that are tried; one does it if it has all that is needed."""

    def __init__(self, needed: set[int]) -> None:
        self.needed, self.tried = needed, set[Part[int]]()

    def first(self, parts: Iterable[Part[int]]) -> Part[int] | None:
        for part in parts:
            self.tried.add(part)
            if self.needed <= set(part):
                return part
        return None


@pytest.mark.parametrize("needed", [{0}, {11}, {5}, {0, 11}, {5, 6}, {2, 3}, {1, 10}])
def test_a_dozen_is_reduced_to_what_is_needed(needed: set[int]) -> None:
    trials = _Trials(needed)

    assert smallest(range(12), trials.first) == tuple(sorted(needed))
    assert len(trials.tried) <= 28


def test_all_stay_where_all_are_needed() -> None:
    assert smallest(range(5), _Trials(set(range(5))).first) == (0, 1, 2, 3, 4)


def test_a_single_one_and_none_are_left_alone() -> None:
    trials = _Trials({0})

    assert smallest((0,), trials.first) == (0,)
    assert smallest((), trials.first) == ()
    assert not trials.tried


def test_no_single_one_can_be_left_out_where_one_of_several_does_it() -> None:
    """Needs an even number and 7: the result has one of each, whichever it is."""

    def first(parts: Iterable[Part[int]]) -> Part[int] | None:
        return next((part for part in parts if 7 in part and any(item % 2 == 0 for item in part)), None)

    kept = smallest(range(12), first)

    assert len(kept) == 2
    assert 7 in kept
