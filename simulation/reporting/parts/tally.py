"""Numbers of things with their sums, by contest."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from simulation.currency import USD
from simulation.reporting.parts.contests import ContestView
from simulation.reporting.words import sums

Amount = tuple[str | None, int, str]
"""Whose contest it is of, how much, and of which currency."""


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many, and their sum in the currency's smallest unit, never negative. ``others``: what else there is, by
    currency, where somebody paid in another one than the contest's."""

    number: int
    cents: int
    currency: str = USD
    others: tuple[tuple[str, int], ...] = ()

    @property
    def told(self) -> str:
        """``¥2,503``, ``¥2,503 and $25.03``."""
        return sums(((self.currency, self.cents), *self.others))


def in_order(found: Sequence[str | None], contests: Sequence[ContestView]) -> list[str | None]:
    """Each contest that was found, once."""
    order = {contest.contest_id: number for number, contest in enumerate(contests)}
    return sorted(set(found), key=lambda contest: (order.get(contest or "", len(order)), contest or ""))


def tally(rows: Sequence[Amount], contest: str | None) -> Tally:
    """The rows of one contest; the currency that most of them have stands first."""
    of_it = [(amount, currency) for its_contest, amount, currency in rows if its_contest == contest]
    cents: Counter[str] = Counter()
    for amount, currency in of_it:
        cents[currency] += amount
    order = Counter(currency for _, currency in of_it).most_common()
    told = [(currency, cents[currency]) for currency, _ in order] or [(USD, 0)]
    return Tally(number=len(of_it), cents=told[0][1], currency=told[0][0], others=tuple(told[1:]))
