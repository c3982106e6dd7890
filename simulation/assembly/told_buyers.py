"""Trouble at Stripe strikes the calls that a shop makes because somebody buys: while nobody comes it meets none."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

from simulation.documents.yaml import MarkedYaml
from simulation.errors import UsageError
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.stripe import StripeWindowFault
from simulation.scenario.model import Scenario
from simulation.world.entrants.people import populate
from simulation.world.entrants.plan import plan_entries


def refuse_without_buyers(scenario: Scenario, *, seed: int, charged_there: bool, document: MarkedYaml) -> None:
    """Of a scenario of the profile ``payments``; another one is taken as it is.

    :param charged_there: the shop calls Stripe when a buyer pays; else already with the order.
    :param document: the scenario's file, for the place in the error.
    :raises UsageError: with this seed nobody acts while such a fault is on.
    """
    acts = _acts(scenario, seed, charged_there=charged_there)
    refused = [
        document.error(
            ("faults", index, "at"),
            problem=f"fault {fault.id} is a {fault.kind}, and with seed {seed} no buyer "
            f"{'pays' if charged_there else 'orders'} from {fault.at:%Y-%m-%d %H:%M} to {fault.ends_at:%Y-%m-%d %H:%M}",
            remedy=f"have it be on at one of {', '.join(f'{at:%Y-%m-%d %H:%M}' for at in _nearest(acts, fault.at))}, "
            "let it last longer, or take another seed",
        )
        for index, fault in enumerate(scenario.faults)
        if isinstance(fault, StripeWindowFault) and _meets_nobody(fault, scenario, acts)
    ]
    if refused:
        raise UsageError.of(refused)


def without_those_that_meet_no_buyer(scenario: Scenario, *, seed: int, charged_there: bool) -> Scenario:
    """A scenario whose faults were drawn, without those that would meet nobody."""
    acts = _acts(scenario, seed, charged_there=charged_there)
    kept = tuple(fault for fault in scenario.faults if not _meets_nobody(fault, scenario, acts))
    return scenario.model_copy(update={"faults": kept})


_TOLD = 3
"""Moments that a refusal names."""


def _meets_nobody(fault: Fault, scenario: Scenario, acts: list[datetime]) -> bool:
    if scenario.profile == "contests" or not isinstance(fault, StripeWindowFault):
        return False
    return not any(fault.at <= at < fault.ends_at for at in acts)


def _acts(scenario: Scenario, seed: int, *, charged_there: bool) -> list[datetime]:
    """When buyers do what the shop calls Stripe for."""
    return sorted(_moments(scenario, seed, charged_there=charged_there)) if scenario.profile == "payments" else []


def _moments(scenario: Scenario, seed: int, *, charged_there: bool) -> Iterator[datetime]:
    players = populate(scenario.contests, seed=seed).players
    for orders in scenario.contests:
        for entry in plan_entries(orders, players=players, field=(), seed=seed):
            at = entry.pay_at if charged_there else entry.join_at
            if at is not None:
                yield at


def _nearest(acts: list[datetime], at: datetime) -> list[datetime]:
    return sorted(sorted(acts, key=lambda act: abs(act - at))[:_TOLD])
