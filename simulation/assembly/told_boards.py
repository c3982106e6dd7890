"""A score provider that tells by itself is silent between two boards: a fault of its feed there would meet nobody."""

from __future__ import annotations

from datetime import timedelta

from simulation.errors import UsageError
from simulation.scenario.faults.provider import FeedFault
from simulation.scenario.model import Scenario
from simulation.world.provider.board import moments
from simulation.world.provider.provider import PUSH_SECONDS

_TOLD_AFTER = timedelta(seconds=PUSH_SECONDS[0])


def refuse_between_boards(scenario: Scenario, *, seed: int, place: str) -> None:
    """:param place: of the scenario, for the error.

    :raises UsageError: a fault of the feed is on while no new board is told.
    """
    refused = [
        UsageError(
            place=place,
            problem=f"fault {fault.id} is a {fault.kind}, and between its times no board of {fault.tournament} is "
            "new: the provider tells by itself (feed.py has push), and would tell nothing",
            remedy=f"have it be on at one of {_times(scenario, fault)}",
        )
        for fault in scenario.faults
        if isinstance(fault, FeedFault) and not _tells(scenario, fault, seed)
    ]
    if refused:
        raise UsageError.of(refused)


def without_those_between_boards(scenario: Scenario, *, seed: int) -> Scenario:
    """A scenario whose faults were drawn, without those that would meet nobody."""
    kept = [fault for fault in scenario.faults if not isinstance(fault, FeedFault) or _tells(scenario, fault, seed)]
    return scenario.model_copy(update={"faults": tuple(kept)})


def _tells(scenario: Scenario, fault: FeedFault, seed: int) -> bool:
    on = fault.window(scenario, seed)
    told = (moment.at + _TOLD_AFTER for moment in moments(scenario.tournaments[fault.tournament]))
    return any(on.starts_at <= at and (on.ends_at is None or at < on.ends_at) for at in told)


def _times(scenario: Scenario, fault: FeedFault) -> str:
    boards = moments(scenario.tournaments[fault.tournament])
    return ", ".join(f"{moment.at:%Y-%m-%d %H:%M}" for moment in boards)
