"""The four contests of the sample, as planned: who plays, who wins, what it pays."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from tests.unit.reporting.sample.book import day, make_id

NAMES = (
    "Ada Marsh",
    "Ben Okafor",
    "Carla Reyes",
    "Dmitri Volk",
    "Ella Thornton",
    "Farid Haddad",
    "Grace Lindqvist",
    "Hugo Baptiste",
    "Ines Carvalho",
    "Jonas Weber",
    "Keiko Tanaka",
    "Liam O'Connell",
    "Mona Farouk",
    "Nils Sørensen",
    "Olivia Brandt",
    "Pavel Novák",
    "Quinn Harper",
    "Rosa Delgado",
    "Samir Patel",
    "Tess Willoughby",
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    key: str
    name: str
    tournament: str
    fee_cents: int
    entrants: int
    percent: dict[int, int]
    created: datetime
    lock: datetime
    start: datetime
    complete: datetime

    @property
    def contest_id(self) -> str:
        return make_id("contest", self.key)

    @property
    def pool_cents(self) -> int:
        return self.fee_cents * self.entrants

    def person(self, index: int) -> int:
        """The pool's person who is entrant ``index``: contests share people."""
        return (index + 3 * ["masters", "links", "duel", "club"].index(self.key)) % len(NAMES)


PLANS = (
    Plan(
        key="masters",
        name="Masters Warm-up",
        tournament="spring",
        fee_cents=2500,
        entrants=12,
        percent={1: 60, 2: 25, 3: 10},
        created=day(0, 9),
        lock=day(2, 7),
        start=day(2, 8),
        complete=day(5, 21),
    ),
    Plan(
        key="links",
        name="Links & Lads Invitational",
        tournament="spring",
        fee_cents=1000,
        entrants=20,
        percent={1: 45, 2: 30, 3: 15},
        created=day(0, 15),
        lock=day(1, 20),
        start=day(2, 8),
        complete=day(5, 21, 5),
    ),
    Plan(
        key="duel",
        name="High-Roller Duel",
        tournament="coast",
        fee_cents=10000,
        entrants=3,
        percent={1: 90},
        created=day(3, 10),
        lock=day(7, 6),
        start=day(7, 8),
        complete=day(10, 20),
    ),
    Plan(
        key="club",
        name="Club Night",
        tournament="coast",
        fee_cents=500,
        entrants=8,
        percent={1: 60, 2: 30},
        created=day(4, 12),
        lock=day(7, 7, 30),
        start=day(7, 8),
        complete=day(10, 20, 5),
    ),
)


def user_id(number: int) -> str:
    return make_id("user", number)


def ranking(plan: Plan) -> list[int]:
    """The contest's people in the order of their final ranks."""
    winners = [winner(plan, rank) for rank in plan.percent]
    return winners + [plan.person(i) for i in range(plan.entrants) if plan.person(i) not in winners]


def roster(plan: Plan, number: int) -> tuple[str, ...]:
    """Who came k-th had chosen golfer k."""
    return (f"g{ranking(plan).index(number) + 1:02d}",)


def fee_of(amount_cents: int) -> int:
    return (amount_cents * 290 + 5000) // 10000 + 30


def prize(plan: Plan, rank: int) -> int:
    return plan.pool_cents * plan.percent[rank] // 100


def winner(plan: Plan, rank: int) -> int:
    """Person number of the entrant who came ``rank``-th."""
    return plan.person((rank * 5) % plan.entrants)


def transfer_id(plan: Plan, rank: int) -> str:
    return make_id("transfer", plan.key, rank)
