"""Whom a window of trouble at Stripe meets where people buy: the calls that a shop makes because buyers come.

When a buyer comes, the seed decides; ``simulation/assembly/told_buyers.py`` asks whether one does.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from simulation.scenario.faults.fault import VictimFault
from simulation.scenario.faults.rule import BrokenRule, minute
from simulation.scenario.faults.victims import sure_payments

if TYPE_CHECKING:
    from simulation.scenario.contest import Contest
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

_MINUTES = (60, 240)
"""How long one lasts that a swarm draws."""


class OnForAWhile(Protocol):
    """A fault with a beginning and an end that the scenario names."""

    @property
    def id(self) -> str: ...

    @property
    def at(self) -> datetime: ...

    @property
    def ends_at(self) -> datetime: ...


def meets_no_sale(fault: OnForAWhile, scenario: Scenario) -> Iterator[BrokenRule]:
    """The broken rule, if the fault is on while nothing is sold: the shop has no reason to call Stripe."""
    if not any(_is_open(fault, orders) for orders in scenario.contests):
        sales = ", ".join(f"{one.key} from {minute(one.created)} to {minute(one.lock)}" for one in scenario.contests)
        yield BrokenRule(
            path=("at",),
            problem=f"fault {fault.id} from {minute(fault.at)} to {minute(fault.ends_at)}: nobody buys in it",
            remedy=f"let it be on while people buy: {sales}",
        )


def turns_victims_away(fault: OnForAWhile, scenario: Scenario) -> Iterator[BrokenRule]:
    """A buyer who is refused again and again gives up: nobody knows who is then the n-th to pay."""
    for orders in scenario.contests:
        for rival in scenario.faults if _is_open(fault, orders) else ():
            if isinstance(rival, VictimFault) and rival.contest == orders.key:
                yield BrokenRule(
                    path=("at",),
                    problem=f"fault {fault.id} may turn buyers of {orders.key} away for good, and {rival.id} waits for "
                    f"{rival.victim} {rival.nth} of them",
                    remedy="move it to orders that no other fault is aimed at",
                )


def while_people_buy(drawing: Drawing) -> tuple[datetime, int] | None:
    """A beginning and minutes, within the time in which something is sold; whether a buyer comes, is for the seed."""
    sold = [orders for orders in drawing.scenario.contests if sure_payments(orders)]
    if not sold:
        return None
    orders = drawing.source.choice(sold)
    minutes = drawing.source.choice(_MINUTES)
    latest = max(0, (orders.lock - orders.created) // timedelta(minutes=1) - minutes)
    return orders.created + timedelta(minutes=drawing.source.randint(0, latest)), minutes


def _is_open(fault: OnForAWhile, orders: Contest) -> bool:
    return fault.at < orders.lock and orders.created < fault.ends_at
