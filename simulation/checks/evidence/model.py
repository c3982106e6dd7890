"""The jury's own model of what a contest must pay, written from the specification and independent of platform code.

Source: fixtures/spec/platform.md (Money). Golf: fewer strokes are better. Competition ranking (1, 1, 3). Tied entrants
share the percentages of the places they occupy equally. Prizes are rounded down to the smallest amount
that Stripe moves, which is the cent of most currencies; the platform keeps the
rest. What the entry fees of those who take part lack of a guaranteed pool the platform adds. Money is in integer cents.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import groupby

from simulation.contract.model import call_model

Rounds = Sequence[int | None]
"""A player's strokes in rounds 1 to 4; None for a round without a complete card."""


@dataclass(frozen=True, kw_only=True)
class PaidEntry:
    """A paid entrant and the players they chose."""

    user_id: str
    roster: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Rules:
    """The contest's rules, as created. ``payout_percent``: place → percent of the pool, maybe with decimals."""

    entry_fee_cents: int
    payout_percent: Mapping[int, int | float]
    missed_round_strokes: int
    guaranteed_pool_cents: int = 0
    step: int = 1
    """Prizes are multiples of it: Stripe moves no amount in between."""


@dataclass(frozen=True, kw_only=True)
class Placing:
    user_id: str
    rank: int
    score: int
    payout_cents: int


@dataclass(frozen=True, kw_only=True)
class ExpectedSettlement:
    """Placings in order of rank, then user id. ``platform_cents`` is rake and remainder: pool − prizes.

    ``top_up_cents``: what of the pool the platform added.
    """

    placings: tuple[Placing, ...]
    pool_cents: int
    platform_cents: int
    top_up_cents: int = 0


def score_of(roster: Sequence[str], rounds: Mapping[str, Rounds], *, missed_round_strokes: int) -> int:
    """Strokes of all roster players over four rounds.

    :raises KeyError: a roster player whom the provider does not know.
    """
    return sum(missed_round_strokes if strokes is None else strokes for player in roster for strokes in rounds[player])


def expected_settlement(
    entries: Sequence[PaidEntry], *, rounds: Mapping[str, Rounds], rules: Rules
) -> ExpectedSettlement:
    """Scores, ranks and prizes of the paid ``entries``."""
    pool_cents, top_up_cents = _pool(entries, rules)
    scored = sorted(
        (score_of(entry.roster, rounds, missed_round_strokes=rules.missed_round_strokes), entry.user_id)
        for entry in entries
    )
    placings: list[Placing] = []
    for score, group in groupby(scored, key=lambda item: item[0]):
        tied = [user_id for _, user_id in group]
        rank = len(placings) + 1
        shares = (Fraction(str(rules.payout_percent.get(rank + offset, 0))) for offset in range(len(tied)))
        exact = pool_cents * sum(shares, Fraction(0)) / (100 * len(tied))
        prize_cents = int(exact / rules.step) * rules.step
        placings += [Placing(user_id=user_id, rank=rank, score=score, payout_cents=prize_cents) for user_id in tied]
    paid_cents = sum(placing.payout_cents for placing in placings)
    return ExpectedSettlement(
        placings=tuple(placings),
        pool_cents=pool_cents,
        platform_cents=pool_cents - paid_cents,
        top_up_cents=top_up_cents,
    )


def _pool(entries: Sequence[PaidEntry], rules: Rules) -> tuple[int, int]:
    """The pool, and what of it the platform adds; without anybody who takes part there is none."""
    fees_cents = rules.entry_fee_cents * len(entries)
    pool_cents = max(fees_cents, rules.guaranteed_pool_cents if entries else 0)
    return pool_cents, pool_cents - fees_cents


def declared_settlement(
    source: str, entries: Sequence[PaidEntry], *, rounds: Mapping[str, Rounds], rules: Rules
) -> ExpectedSettlement:
    """The same by a target's own model (:mod:`simulation.contract.model`).

    :raises ModelError: it cannot be used.
    """
    pool_cents, top_up_cents = _pool(entries, rules)
    placings = call_model(
        source,
        entries=[
            {"user": entry.user_id, "roster": list(entry.roster)}
            for entry in sorted(entries, key=lambda entry: entry.user_id)
        ],
        board={player: list(strokes) for player, strokes in rounds.items()},
        terms={
            "entry_fee_cents": rules.entry_fee_cents,
            "payout_percent": dict(rules.payout_percent),
            "missed_round_strokes": rules.missed_round_strokes,
            "pool_cents": pool_cents,
        },
    )
    found = [
        Placing(
            user_id=placing["user"],
            rank=placing["rank"],
            score=placing["score"],
            payout_cents=placing["prize_cents"],
        )
        for placing in placings
    ]
    prizes_cents = sum(placing.payout_cents for placing in found)
    return ExpectedSettlement(
        placings=tuple(sorted(found, key=lambda placing: (placing.rank, placing.user_id))),
        pool_cents=pool_cents,
        platform_cents=pool_cents - prizes_cents,
        top_up_cents=top_up_cents,
    )
