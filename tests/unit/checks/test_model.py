"""The model of expected prizes against brute force, which walks places one by one and uses exact fractions."""

from __future__ import annotations

from fractions import Fraction
from math import floor

import pytest
from hypothesis import given
from hypothesis import strategies as st

from simulation.checks.evidence.model import ExpectedSettlement, PaidEntry, Rules, expected_settlement, score_of

PLAYERS = tuple(f"g{number}" for number in range(6))
MISSED = 80

strokes = st.one_of(st.none(), st.integers(min_value=60, max_value=64))
rounds_of_field = st.fixed_dictionaries({player: st.tuples(*[strokes] * 4) for player in PLAYERS})
rosters = st.lists(st.sampled_from(PLAYERS), min_size=1, max_size=3, unique=True).map(tuple)
entries_of_contest = st.lists(rosters, max_size=8).map(
    lambda drawn: [PaidEntry(user_id=f"u{number}", roster=roster) for number, roster in enumerate(drawn)]
)
shares = st.integers(min_value=0, max_value=330_000).map(lambda parts: parts / 10_000)
percents = st.lists(shares, min_size=1, max_size=3).map(lambda drawn: dict(enumerate(drawn, start=1)))
guarantees = st.one_of(st.just(0), st.integers(min_value=1, max_value=99_999))
fees = st.integers(min_value=0, max_value=9_999)


def brute_force(entries: list[PaidEntry], rounds: dict[str, tuple[int | None, ...]], rules: Rules) -> dict[str, int]:
    """Prize in cents by user: what each place pays goes to whoever stands there; the tied put theirs together."""
    pool = Fraction(max(rules.entry_fee_cents * len(entries), rules.guaranteed_pool_cents))
    totals = {}
    for entry in entries:
        cards = [rounds[player] for player in entry.roster]
        totals[entry.user_id] = sum(MISSED if hole is None else hole for card in cards for hole in card)
    prizes = {}
    for user, total in totals.items():
        better = sum(other < total for other in totals.values())
        equal = sum(other == total for other in totals.values())
        places = range(better + 1, better + equal + 1)
        percent = (Fraction(str(rules.payout_percent.get(place, 0))) for place in places)
        shared = sum((pool * share / 100 for share in percent), Fraction(0))
        prizes[user] = floor(shared / equal)
    return prizes


@given(entries=entries_of_contest, rounds=rounds_of_field, percent=percents, fee=fees, guaranteed=guarantees)
def test_prizes_equal_brute_force_and_no_cent_is_lost(
    entries: list[PaidEntry],
    rounds: dict[str, tuple[int | None, ...]],
    percent: dict[int, int | float],
    fee: int,
    guaranteed: int,
) -> None:
    rules = Rules(
        entry_fee_cents=fee, payout_percent=percent, missed_round_strokes=MISSED, guaranteed_pool_cents=guaranteed
    )

    settlement = expected_settlement(entries, rounds=rounds, rules=rules)

    prizes = {placing.user_id: placing.payout_cents for placing in settlement.placings}
    assert prizes == brute_force(entries, rounds, rules)
    assert sum(prizes.values()) + settlement.platform_cents == settlement.pool_cents
    assert settlement.pool_cents == (max(fee * len(entries), guaranteed) if entries else 0)
    assert settlement.top_up_cents == settlement.pool_cents - fee * len(entries) >= 0
    assert settlement.platform_cents >= 0


@given(entries=entries_of_contest, rounds=rounds_of_field)
def test_ranks_count_who_is_better(entries: list[PaidEntry], rounds: dict[str, tuple[int | None, ...]]) -> None:
    rules = Rules(entry_fee_cents=100, payout_percent={1: 100}, missed_round_strokes=MISSED)

    placings = expected_settlement(entries, rounds=rounds, rules=rules).placings

    for placing in placings:
        assert placing.rank == 1 + sum(other.score < placing.score for other in placings)
    assert [(placing.rank, placing.user_id) for placing in placings] == sorted((p.rank, p.user_id) for p in placings)


def settle(scores: dict[str, int], percent: dict[int, int], fee: int = 1_000) -> ExpectedSettlement:
    """A contest in which each user's one golfer has this score in round 1."""
    rounds = {user: (score, 0, 0, 0) for user, score in scores.items()}
    rules = Rules(entry_fee_cents=fee, payout_percent=percent, missed_round_strokes=MISSED)
    return expected_settlement([PaidEntry(user_id=user, roster=(user,)) for user in scores], rounds=rounds, rules=rules)


@pytest.mark.parametrize(
    ("scores", "percent", "expected"),
    [
        ({"a": 70, "b": 71, "c": 72}, {1: 70, 2: 20, 3: 10}, [("a", 1, 2_100), ("b", 2, 600), ("c", 3, 300)]),
        ({"a": 70, "b": 70, "c": 72}, {1: 70, 2: 20, 3: 10}, [("a", 1, 1_350), ("b", 1, 1_350), ("c", 3, 300)]),
        ({"a": 70, "b": 71, "c": 71}, {1: 50, 2: 25}, [("a", 1, 1_500), ("b", 2, 375), ("c", 2, 375)]),
        ({"a": 70, "b": 70, "c": 70}, {1: 100}, [("a", 1, 1_000), ("b", 1, 1_000), ("c", 1, 1_000)]),
        ({"a": 70}, {1: 70, 2: 30}, [("a", 1, 700)]),
        ({}, {1: 100}, []),
    ],
    ids=["no tie", "tie for first", "tie across the last paid place", "everybody first", "fewer than places", "nobody"],
)
def test_examples(scores: dict[str, int], percent: dict[int, int], expected: list[tuple[str, int, int]]) -> None:
    settlement = settle(scores, percent)

    assert [(placing.user_id, placing.rank, placing.payout_cents) for placing in settlement.placings] == expected


def test_what_floors_leave_goes_to_the_platform() -> None:
    settlement = settle({"a": 70, "b": 70, "c": 70}, {1: 100}, fee=333)

    assert settlement.platform_cents == 0
    assert settle({"a": 70, "b": 70, "c": 70}, {1: 33}, fee=100).platform_cents == 201


def test_a_missed_round_costs_its_strokes() -> None:
    rounds = {"g1": (70, 71, None, None), "g2": (70, 70, 70, 70)}

    assert score_of(("g1", "g2"), rounds, missed_round_strokes=80) == 70 + 71 + 80 + 80 + 280


def test_an_unknown_player_is_not_scored_as_zero() -> None:
    with pytest.raises(KeyError):
        score_of(("nobody",), {}, missed_round_strokes=80)
