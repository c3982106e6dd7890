"""Which kind of fault strikes whom, and when: a covering array has every pair of the three that there can be.

The array is made by covertable, with a constraint: not every kind can strike in every phase.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any, Literal, get_args

from covertable import make

from simulation.chance import chance
from simulation.scenario.contest import Contest
from simulation.scenario.faults.drawing import Drawing
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import Fault, VictimFault
from simulation.scenario.faults.victims import sure_victims
from simulation.scenario.model import Scenario

Phase = Literal["joining", "locked", "playing", "paying"]
"""Of a contest: until its lock, until its start, until the final board, and the half day after it."""
PHASES: tuple[Phase, ...] = get_args(Phase)
Victim = Literal["first", "last"]
"""Of the contest's payments, payers or transfers; a fault that strikes none of these has the first only."""
VICTIMS: tuple[Victim, ...] = get_args(Victim)
_PAYING = timedelta(hours=12)
_TRIES = 6
"""A kind draws none now and then, so that swarms have fewer of it."""


@dataclass(frozen=True, kw_only=True)
class Aim:
    """``contest``: its key. ``phase``: None where any will do."""

    contest: str
    victim: Victim
    phase: Phase | None


def covering_array(
    calm: Scenario, kinds: list[type[Fault]], fits: Callable[[Scenario], bool], *, salt: str
) -> Iterator[tuple[Aim, type[Fault]]]:
    """Rows that have every pair of kind, phase and victim that a fault can have in the scenario.

    :param calm: without faults. :param salt: another one, another array.
    """
    names = {kind.name(): kind for kind in kinds}
    possible = _possible(calm, kinds, fits)
    factors = {
        "kind": sorted({row[0] for row in possible}),
        "phase": [phase for phase in PHASES if any(row[1] == phase for row in possible)],
        "victim": sorted({row[2] for row in possible}),
    }
    if not possible:
        return

    def can_be(row: dict[str, Any]) -> bool:
        return (row["kind"], row["phase"], row["victim"]) in possible

    constraint = {"operator": "fn", "requires": list(factors), "evaluate": can_be}
    for row in make(factors, strength=2, salt=salt, constraints=[constraint]):
        contest, victim = row["victim"].split(":")
        yield Aim(contest=contest, victim=victim, phase=row["phase"]), names[row["kind"]]


def _possible(
    calm: Scenario, kinds: list[type[Fault]], fits: Callable[[Scenario], bool]
) -> frozenset[tuple[str, str, str]]:
    """Kind, phase and ``contest:victim`` of every fault that can stand in the scenario alone."""
    found = set()
    for kind in kinds:
        for contest in calm.contests:
            for phase in PHASES:
                for victim in VICTIMS:
                    source = chance(0, "campaign", "possible", kind.name(), contest.key, phase, victim)
                    fault = aimed(kind, Aim(contest=contest.key, victim=victim, phase=phase), calm, source)
                    if fault is not None and fits(calm.with_fault(fault)):
                        found.add((kind.name(), phase, f"{contest.key}:{victim}"))
    return frozenset(found)


def aimed(kind: type[Fault], aim: Aim, calm: Scenario, source: Random) -> Fault | None:
    """A fault of the kind that strikes this victim in this phase; None where there is none."""
    contest = next(contest for contest in calm.contests if contest.key == aim.contest)
    fault = next(filter(None, (kind.draw(Drawing(calm, source)) for _ in range(_TRIES))), None)
    if fault is None:
        return None
    update: dict[str, Any] = {}
    fields = type(fault).model_fields
    if "contest" in fields:
        update["contest"] = contest.key
    if "tournament" in fields:
        update["tournament"] = contest.tournament
    if isinstance(fault, VictimFault):
        update["nth"] = 1 if aim.victim == "first" else sure_victims(fault.victim, contest, calm)
        if aim.victim == "last" and update["nth"] <= 1:
            return None
    elif aim.victim != "first" and aim.phase is not None:
        return None
    if "at" in fields:
        update["at"] = _moment(aim.phase if aim.phase is not None else source.choice(PHASES), contest, calm, source)
    turned = fault.model_copy(update=update)
    if aim.phase is not None and phase_at(turned.window(calm, 0).starts_at, contest, calm) != aim.phase:
        return None
    ending = turned.ending(calm)
    return turned.model_copy(update={"expect": ending}) if isinstance(ending, Expectation) else None


def phase_at(instant: datetime, contest: Contest, scenario: Scenario) -> Phase | None:
    """Of the contest at this instant; None before it is created and when it is long over."""
    for phase in PHASES:
        first, last = _bounds(phase, contest, scenario)
        if first <= instant < last:
            return phase
    return None


def _bounds(phase: Phase, contest: Contest, scenario: Scenario) -> tuple[datetime, datetime]:
    final = scenario.tournaments[contest.tournament].final_board_at
    borders = (contest.created, contest.lock, contest.start, final, final + _PAYING)
    number = PHASES.index(phase)
    return borders[number], borders[number + 1]


def _moment(phase: Phase, contest: Contest, scenario: Scenario, source: Random) -> datetime:
    """A whole minute within it."""
    first, last = _bounds(phase, contest, scenario)
    minutes = max(1, int((last - first) / timedelta(minutes=1)))
    return first + timedelta(minutes=source.randrange(minutes))
