"""Who gets what: competition ranking, ties share their places, amounts are floored to the cent, or what Stripe moves at
least.

The rules are those of `fixtures/spec/platform.md`, Money.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby
from math import floor
from uuid import UUID

from simulation.staging.contests.terms import percents


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """An entrant's place and prize. Fewer strokes rank first; equal scores have the same rank (1, 1, 3)."""

    user_id: UUID
    rank: int
    score: int
    payout_cents: int


def rankings(
    scores: Mapping[UUID, int], payout_structure: dict[str, object], pool_cents: int, *, step: int = 1
) -> list[Ranking]:
    """Rank and pay, ordered by rank and user id; what flooring and unpaid places leave is not distributed here.

    :param step: prizes are multiples of it.
    """
    shares = percents(payout_structure)
    ordered = sorted(scores.items(), key=lambda entry: (entry[1], str(entry[0])))
    result: list[Ranking] = []
    for score, group in groupby(ordered, key=lambda entry: entry[1]):
        tied = [user_id for user_id, _ in group]
        first = len(result)
        percent = sum(shares[first : first + len(tied)], Fraction(0))
        payout_cents = floor(Fraction(pool_cents) * percent / 100 / len(tied) / step) * step
        result += [Ranking(user_id=user_id, rank=first + 1, score=score, payout_cents=payout_cents) for user_id in tied]
    return result
