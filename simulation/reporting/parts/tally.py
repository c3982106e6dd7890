"""Numbers of things with their sums, by contest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.reporting.parts.contests import ContestView


@dataclass(frozen=True, kw_only=True)
class Tally:
    """How many, and their sum in integer cents, never negative."""

    number: int
    cents: int


def in_order(found: Sequence[str | None], contests: Sequence[ContestView]) -> list[str | None]:
    """Each contest that was found, once."""
    order = {contest.contest_id: number for number, contest in enumerate(contests)}
    return sorted(set(found), key=lambda contest: (order.get(contest or "", len(order)), contest or ""))


def tally(rows: Sequence[tuple[str | None, int]], contest: str | None) -> Tally:
    """The rows of one contest; each row is a contest's id and cents."""
    cents = [amount for its_contest, amount in rows if its_contest == contest]
    return Tally(number=len(cents), cents=sum(cents))
