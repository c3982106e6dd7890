"""By what an entrant pays. Usually a card that works; a fault may give the n-th of a contest something else.

Counted are those who pay once and before the lock, in the order in which they come to pay.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Literal

from simulation.currency import CurrencyCode
from simulation.world.stripe.objects.payment_method import ANY_CARD

Outcome = Literal["paid", "under_way", "left", "wrong_amount", "wrong_currency"]


@dataclass(frozen=True, kw_only=True)
class Means:
    """What is tried once.

    ``outcome``: what the entrant knows when Stripe has taken it on: it is paid, it is under way, the entrant left
    while the bank waited, ``amount_cents`` were paid where another amount is owed, or the number that is owed of
    another ``currency``. ``tries_again``: where Stripe
    refuses, the entrant tries once more, by other means; with ``new_intent`` by another intent, too.
    """

    payment_method: str = ANY_CARD
    outcome: Outcome = "paid"
    tries_again: bool = False
    new_intent: bool = False
    amount_cents: int | None = None
    currency: CurrencyCode | None = None


CARD = Means()
"""A card that works."""
UNDISTURBED: tuple[Means, Callable[[str | None], None]] = (CARD, lambda _: None)


@dataclass(kw_only=True)
class _Disturbed:
    means: list[Means]
    struck: Callable[[str, str | None], None]


@dataclass(kw_only=True)
class Purses:
    """What the prompt payers of every contest pay by."""

    _came: dict[str, list[str]] = field(default_factory=dict)
    _disturbed: dict[tuple[str, int], _Disturbed] = field(default_factory=dict)

    def put(self, contest: str, nth: int, means: Sequence[Means], struck: Callable[[str, str | None], None]) -> None:
        """The ``nth`` who comes to pay for the contest tries these, one after the other, and then a card that works.

        :param struck: told the person's key and Stripe's id of the intent, just before each try; just after it, where
            the try makes the intent, and without an id where it made none.
        """
        self._disturbed[contest, nth] = _Disturbed(means=[*means], struck=struck)

    def take(self, contest: str, person: str) -> tuple[Means, Callable[[str | None], None]]:
        """By what this person pays now, and whom to tell of which intent. Who comes for the first time gets the
        contest's next number."""
        came = self._came.setdefault(contest, [])
        if person not in came:
            came.append(person)
        disturbed = self._disturbed.get((contest, came.index(person) + 1))
        if disturbed is None or not disturbed.means:
            return UNDISTURBED
        return disturbed.means.pop(0), partial(disturbed.struck, person)
