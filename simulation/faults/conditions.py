"""Conditions of tournaments drawn by seed: rain, suspensions, play-offs, who drops out, what the provider moves or
cancels.

They have a chance of their own, so that a seed draws the faults that it drew before there were conditions; but for
those of a tournament that is cancelled, which meet nobody. As with faults each seed switches whole conditions off. One
that would break a rule of the scenario, or leave a fault without its victim, is not drawn.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from random import Random
from typing import Any

from simulation.chance import chance
from simulation.paths import RUNBOOKS_FOLDER, runbook_files
from simulation.scenario.model import Scenario
from simulation.scenario.rules import broken_rules
from simulation.scenario.tournament import Tournament

_SHARE_OF_CONDITIONS, _SHARE_OF_TOURNAMENTS = 0.5, 0.4
"""How many conditions a seed has, and at how many tournaments each comes up."""
_SHARE_OF_CANCELLATIONS = 0.15
"""In how many seeds one tournament is cancelled: with it go its contests, and what could strike them."""

_CONDITIONS: Mapping[str, Callable[[Random, Tournament], Any]] = {
    "moved_days": lambda source, _: source.randint(1, 2),
    "rounds_held": lambda source, _: source.choice((2, 3)),
    "second_cut": lambda source, planned: source.randint(2, max(2, planned.cut_after_round_2 - 1)),
    "suspended_round": lambda source, _: source.randint(1, 3),
    "playoff_holes": lambda source, _: source.randint(1, 4),
    "alternates": lambda source, _: source.randint(1, 2),
    "disqualified": lambda source, _: source.randint(1, 2),
    "withdrawals": lambda source, planned: planned.withdrawals + source.randint(1, 3),
    "renamed": lambda source, _: source.randint(1, 3),
    "namesakes": lambda source, _: source.randint(1, 3),
}
"""Fields of a tournament, each with how much of it comes; what the weather does comes before what players do."""
_OF_A_FIELD_THAT_IS_DRAWN = frozenset({"withdrawals"})
"""A tournament that is replayed from its results has them from there, and no rule says so."""


def with_a_cancellation(calm: Scenario, seed: int) -> Scenario:
    """The scenario with a tournament that is cancelled, in few seeds; where a contest is left that is played.

    :param calm: without faults: who is aimed at afterwards is played.
    """
    source = chance(seed, "swarm", "cancellations")
    key, comes = source.choice(sorted(calm.tournaments)), source.random() < _SHARE_OF_CANCELLATIONS
    cancelled = _with(calm, key, cancelled=True) if comes else calm
    return cancelled if fits(cancelled) else calm


def with_conditions(scenario: Scenario, seed: int) -> Scenario:
    """The scenario with tournaments that do not go as planned, where it keeps every rule."""
    source = chance(seed, "swarm", "tournaments")
    drawn = scenario
    for name, draw in _CONDITIONS.items():
        switched_on = source.random() < _SHARE_OF_CONDITIONS
        for key, planned in scenario.tournaments.items():
            value, comes = draw(source, planned), source.random() < _SHARE_OF_TOURNAMENTS
            if not (switched_on and comes) or (planned.played and name in _OF_A_FIELD_THAT_IS_DRAWN):
                continue
            more = _with(drawn, key, **{name: value})
            if fits(more):
                drawn = more
    return drawn


def _with(scenario: Scenario, key: str, **conditions: Any) -> Scenario:
    changed = scenario.tournaments[key].model_copy(update=conditions)
    return scenario.model_copy(update={"tournaments": {**scenario.tournaments, key: changed}})


def fits(scenario: Scenario) -> bool:
    """Whether it keeps every rule, and each fault in it is sure to end as it is expected to."""
    return not broken_rules(scenario, runbooks=_runbooks())


@cache
def _runbooks() -> frozenset[str]:
    return frozenset(file.stem for file in runbook_files(RUNBOOKS_FOLDER))
