"""Rules for a correction of scores after the settlement: the contest must be settled, and somebody must still look."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from simulation.scenario.broken_rule import BrokenRule, minute
from simulation.scenario.faults import Fault
from simulation.scenario.model import Scenario

_UNTIL_SETTLED = timedelta(hours=2)
"""From the end of a contest, or of a trouble with its scores, to its settlement, a runbook included."""
_LONGEST_HOURS = 22
"""A platform asks for corrections for a day after the settlement; two hours are left for it to ask."""
_ROOM_TO_ANSWER = timedelta(hours=4)


def broken_correction_rules(
    path: tuple[str | int, ...], fault: Fault, scenario: Scenario, *, earlier: tuple[Fault, ...]
) -> Iterator[BrokenRule]:
    """``earlier``: faults of the scenario that stand before it."""
    followers = [contest for contest in scenario.contests if contest.tournament == fault.tournament]
    if not any(contest.entrants > contest.non_payers for contest in followers):
        yield BrokenRule(
            path=(*path, "tournament"),
            problem=f"no contest with a paying entrant follows {fault.tournament}, so that no score can differ",
            remedy="name a tournament of a contest",
        )
        return
    final = scenario.tournaments[str(fault.tournament)].final_board_at
    at = final + timedelta(hours=fault.delay_hours or 0)
    settled = max(final, *(contest.end for contest in followers), *_over(fault, scenario, final)) + _UNTIL_SETTLED
    if not settled <= at <= final + timedelta(hours=_LONGEST_HOURS):
        yield BrokenRule(
            path=(*path, "delay_hours"),
            problem=f"fault {fault.id} at {minute(at)}: contests of {fault.tournament} are sure to be settled by "
            f"{minute(settled)}, and corrections are asked for until {minute(final + timedelta(hours=_LONGEST_HOURS))}",
            remedy="choose delay_hours between the two, counted from the final board",
        )
    if at + _ROOM_TO_ANSWER > scenario.end:
        yield BrokenRule(
            path=(*path, "delay_hours"),
            problem=f"fault {fault.id} strikes at {minute(at)}, too late before the end {minute(scenario.end)}",
            remedy="lower delay_hours",
        )
    for rival in earlier:
        if (rival.kind, rival.tournament) == (fault.kind, fault.tournament):
            yield BrokenRule(
                path=(*path, "tournament"),
                problem=f"fault {rival.id} corrects the scores of {fault.tournament} already",
                remedy="name another tournament",
            )


def _over(fault: Fault, scenario: Scenario, final: datetime) -> Iterator[datetime]:
    """When other troubles with the scores of the tournament are over."""
    for other in scenario.faults:
        if other is not fault and other.tournament == fault.tournament and other.kind != fault.kind:
            yield (other.at or final) + timedelta(minutes=other.minutes or 0)
