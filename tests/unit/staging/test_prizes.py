"""Ranking and prizes: competition ranking, shared places, flooring."""

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.staging.contests.terms import percents
from simulation.staging.settlement.prizes import rankings

USERS = [UUID(int=number) for number in range(1, 9)]
STRUCTURE: dict[str, object] = {"1": 50, "2": 30, "3": 20}


def paid(scores: list[int], pool_cents: int, structure: dict[str, object] = STRUCTURE) -> list[tuple[int, int]]:
    entries = dict(zip(USERS, scores, strict=False))
    return [(r.rank, r.payout_cents) for r in rankings(entries, structure, pool_cents)]


def test_fewest_strokes_win_and_places_are_paid_by_percent() -> None:
    assert paid([280, 270, 290, 300], 10_000) == [(1, 5000), (2, 3000), (3, 2000), (4, 0)]


def test_a_tie_shares_the_places_it_occupies_and_the_next_rank_is_skipped() -> None:
    assert paid([270, 270, 290], 10_000) == [(1, 4000), (1, 4000), (3, 2000)]


def test_a_tie_across_the_last_paid_place_shares_what_is_paid() -> None:
    assert paid([270, 280, 290, 290], 10_000) == [(1, 5000), (2, 3000), (3, 1000), (3, 1000)]


def test_a_share_is_floored_to_the_cent() -> None:
    assert paid([270, 270, 270], 100) == [(1, 33), (1, 33), (1, 33)]


def test_places_without_an_entrant_are_not_paid() -> None:
    assert paid([270], 10_000) == [(1, 5000)]


def test_nobody_paid_gives_no_rankings() -> None:
    assert paid([], 0) == []


def test_a_percentage_with_decimals_is_exact() -> None:
    assert paid([1, 2], 10_000, {"1": 33.33, "2": 0.1}) == [(1, 3333), (2, 10)]


@given(
    scores=st.lists(st.integers(200, 320), max_size=8),
    pool_cents=st.integers(0, 10**9),
    shares=st.lists(st.integers(1, 12), min_size=1, max_size=8),
)
def test_never_more_is_paid_than_the_pool_and_equal_scores_get_equal_prizes(
    scores: list[int], pool_cents: int, shares: list[int]
) -> None:
    structure: dict[str, object] = {str(place): share for place, share in enumerate(shares, 1)}
    result = rankings(dict(zip(USERS, scores, strict=False)), structure, pool_cents)
    assert sum(r.payout_cents for r in result) <= pool_cents
    assert len({(r.score, r.rank, r.payout_cents) for r in result}) == len({r.score for r in result})


@pytest.mark.parametrize("structure", [{}, {"2": 50}, {"1": 0}, {"1": 60, "2": 41}, {"1": "50"}, {"x": 5}, {"1": True}])
def test_impossible_payout_structures_are_refused(structure: dict[str, object]) -> None:
    with pytest.raises(ValueError, match=r".+"):
        percents(structure)
