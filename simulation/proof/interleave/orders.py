"""Which orders of two sides' statements are tried: all with few switches, and beyond them some by chance.

Two sides of which one goes on at a time are the schedules of PCT (Burckhardt et al., ASPLOS 2010) for two threads: who
begins is their first priority, a switch is a change of priority. A defect that needs ``d`` statements in a certain
order has depth ``d``. Every order with at most ``d - 1`` switches shows each such defect; one that is drawn does
with a probability of at least ``1 / (2 * n ** (d - 1))``, for ``n`` steps.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations
from random import Random

Order = tuple[int, ...]
"""Steps at which the other side goes on, ascending. 0: the second side begins."""


UNINTERRUPTED: tuple[Order, Order] = ((), (0,))
"""One side to its end and then the other, by who begins."""


def every_order(steps: int, *, alone: tuple[int, int], switches: int) -> Iterator[Order]:
    """All orders with at most so many switches, those with fewer first. 0, who begins, is no switch.

    Where the side that begins has come to its end before the first switch, that switch changes nothing: such an order
    is the same sequence as one with fewer switches, and is left out.

    :param steps: of both sides together. :param alone: of each side, where it begins and nobody interrupts it.
    """
    for count in range(switches + 1):
        for chosen in combinations(range(1, steps), count):
            for begins, its_steps in zip(UNINTERRUPTED, alone, strict=True):
                if not chosen or chosen[0] < its_steps:
                    yield (*begins, *chosen)


def drawn_orders(steps: int, *, depth: int, number: int, source: Random) -> Iterator[Order]:
    """So many schedules of PCT for defects of a depth: who begins and the ``depth - 1`` switches are drawn."""
    for _ in range(number):
        begins = (0,) if source.random() < 0.5 else ()
        yield (*begins, *sorted({source.randrange(1, steps) for _ in range(depth - 1)}))


def chance_of(steps: int, *, depth: int, number: int) -> float:
    """The probability, at least, that one of so many drawn orders shows a defect of the depth."""
    return float(1 - (1 - 1 / (2 * steps ** (depth - 1))) ** number)
