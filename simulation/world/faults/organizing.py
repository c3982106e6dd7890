"""Organizers who call a contest off."""

from __future__ import annotations

from simulation.clock import SimProcess
from simulation.scenario.faults.organizing import ContestCalledOff
from simulation.scenario.faults.planned import PlannedFault
from simulation.world.faults.context import FaultContext, carries_out
from simulation.world.faults.people import asked

_REASON = "I have to call this contest off"


@carries_out(ContestCalledOff)
def call_off(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The organizer cancels before the lock; who gets an error of the server, or no answer, asks again."""
    contest = str(fault.contest)
    yield around.kernel.until(fault.starts_at)
    contest_id = around.registry.contest_ids.get(contest)
    if contest_id is None:
        return  # it was never created: the jury says that the fault met nobody
    organizer_id = around.registry.organizer_ids[contest]
    yield from asked(
        around,
        fault,
        lambda: around.people.cancel_contest(organizer_id=organizer_id, contest_id=contest_id, reason=_REASON),
        {"contest": contest_id},
        detail="the organizer cancels the contest",
        who=organizer_id,
        act="cancel contest",
        done="cancelled_contest",
    )
