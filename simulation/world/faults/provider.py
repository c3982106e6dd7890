"""Scores that turn out to have been wrong, when everybody has been paid for them."""

from __future__ import annotations

from collections.abc import Iterator

from simulation.clock import SimProcess
from simulation.history import caused_by
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.provider import ProviderCorrection
from simulation.world.faults.context import FaultContext, carries_out


@carries_out(ProviderCorrection)
def correct_a_card(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The provider counts a score card again and publishes one stroke more for a player somebody's score rests on."""
    tournament = str(fault.tournament)
    yield around.kernel.until(fault.starts_at)
    player_id = next(
        (player for player in _scored(around, tournament) if _has_a_card(around, tournament, player)), None
    )
    if player_id is None:
        return
    with caused_by(f"fault:{fault.fault_id}"):
        keys = {"tournament": tournament, "player_id": player_id}
        around.injector.strike(fault, keys, detail="a score card is counted again", touches=False)
        around.provider.correct(tournament, player_id)


def _scored(around: FaultContext, tournament: str) -> Iterator[str]:
    """Golfers on the roster of somebody who takes part, those of the first to pay first."""
    for contest in around.followers[tournament]:
        if around.entry_fees[contest]:
            entrants = [user for user in around.payers.user_ids(contest) if _still_in(around, contest, user)]
        else:
            entrants = [user_id for key, user_id in around.registry.rosters if key == contest]
        for user_id in entrants:
            yield from around.registry.rosters.get((contest, user_id), ())


def _still_in(around: FaultContext, contest: str, user_id: str) -> bool:
    return any(not around.twin.is_refunded(payment) for payment in around.payers.payments(contest, user_id))


def _has_a_card(around: FaultContext, tournament: str, player_id: str) -> bool:
    return around.provider.last_round(tournament, player_id) is not None
