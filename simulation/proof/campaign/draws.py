"""Faults drawn by seed, in ways that reach further than a swarm: each is a function of scenario, seed and way alone.

``swarm``: at most one of a kind. ``several``: several of a kind, and other intensities than when one is drawn.
``meeting``: faults aimed at one payment and one prize of one contest. ``covering``: every pair of (kind, phase), (kind,
victim) and (phase, victim) comes up within a round of seeds.

What is drawn keeps every rule of a scenario, so that a platform that keeps its own passes: faults that together use up
what a platform is allowed are refused there (``simulation/scenario/faults/attempts.py``), and so not drawn together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from functools import cache
from itertools import combinations
from random import Random
from typing import Any, Literal, get_args

from simulation.assembly.request import Redraw
from simulation.chance import chance
from simulation.faults.swarm import swarm
from simulation.paths import RUNBOOKS_FOLDER
from simulation.proof.campaign.covering import VICTIMS, Aim, aimed, covering_array
from simulation.scenario.faults.database import DatabaseConnectionsExhausted
from simulation.scenario.faults.drawing import Drawing
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import Fault, VictimFault
from simulation.scenario.faults.identity import AuthenticationOutage
from simulation.scenario.faults.needs import Need
from simulation.scenario.faults.payments import PaymentFault
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.programs import PayoutTimerStopped
from simulation.scenario.faults.provider import FeedFault
from simulation.scenario.faults.registry import drawn_kinds
from simulation.scenario.faults.statements import PAYOUTS, StatementFault
from simulation.scenario.faults.stripe import StripeWindowFault
from simulation.scenario.faults.transfers import TransferFault
from simulation.scenario.faults.victims import sure_transfers
from simulation.scenario.model import Scenario
from simulation.scenario.rules import broken_rules

Way = Literal["swarm", "several", "meeting", "covering"]
WAYS: tuple[Way, ...] = get_args(Way)

_USUAL_REPEATS = 3
"""Repeated deliveries within an hour that no alert asks about."""
_MOST_FAULTS, _MOST_OF_A_KIND = 12, 3
_ROOM_TO_END = timedelta(hours=6)
"""From the end of a fault until nothing of it is left to see."""
_ROOM_TO_POLL = timedelta(hours=1)
_SEVERAL = (0, 0, 1, 2, 3)
"""Of a kind: two seeds in five have none, so that rare mixtures come up."""
_INTENSITIES = ("times", "minutes", "delay_hours", "seconds")
_FACTORS = (0.25, 0.5, 2, 3, 4)


def redraw(way: Way) -> Redraw:
    """For a request."""
    return Redraw(options=draw_options(way), drawn=lambda scenario, seed, met: drawn(scenario, seed, way, met=met))


def draw_options(draw: str) -> tuple[str, ...]:
    """What asks ``simulate run`` for a way."""
    return ("--swarm",) if draw == "swarm" else ("--draw", draw)


def drawn(scenario: Scenario, seed: int, draw: Way, *, met: Collection[Need]) -> Scenario:
    """The scenario with drawn faults in place of its own.

    :param met: what the target has; a kind that needs anything else is not drawn.
    """
    if draw == "swarm":
        return swarm(scenario, seed, met=met)
    calm = scenario.model_copy(update={"faults": ()})
    return _DRAWS[draw](calm, seed, drawn_kinds(met))


def fits(scenario: Scenario) -> bool:
    """Whether it keeps every rule, and each fault in it is sure to end as it is expected to."""
    return all(rule(scenario) for rule in _RESTRAINTS) and not broken_rules(scenario, runbooks=_runbooks())


@cache
def _runbooks() -> frozenset[str]:
    return frozenset(file.stem for file in RUNBOOKS_FOLDER.glob("*.md"))


def _over_in_time(scenario: Scenario) -> bool:
    """Each fault is over within the run, so that its ending is seen."""
    return all(fault.planned(scenario, 0).over_by <= scenario.end for fault in scenario.faults)


def _apart(scenario: Scenario) -> bool:
    """Two of a kind that wait for a time, and not for a victim of their own, come one after the other has ended: an
    alert that fires already does not fire again, and its runbook is carried out once for both."""
    by_time = [fault for fault in scenario.faults if not isinstance(fault, VictimFault)]
    planned = [fault.planned(scenario, 0) for fault in by_time]
    pairs = ((one, other) for one, other in combinations(planned, 2) if one.kind == other.kind)
    return all(_after(one, other) or _after(other, one) for one, other in pairs)


def _after(one: PlannedFault, other: PlannedFault) -> bool:
    return one.starts_at >= other.over_by + _ROOM_TO_END


def _once(scenario: Scenario) -> bool:
    """After its first failure the identity service reads the replica's key, and a second one is not noticed."""
    return sum(isinstance(fault, AuthenticationOutage) for fault in scenario.faults) <= 1


def _starts_again(scenario: Scenario) -> bool:
    """A platform that is killed while the server grants no connections cannot start again, and no runbook helps it."""
    kills = [fault for fault in scenario.faults if isinstance(fault, StatementFault) and fault.deed == "kill"]
    full = [fault for fault in scenario.faults if isinstance(fault, DatabaseConnectionsExhausted)]
    return all(one.at + timedelta(minutes=one.minutes) < kill.at for kill in kills for one in full)


def _each_its_transaction(scenario: Scenario) -> bool:
    """Faults that count a job's transactions from different times on may count to the same one, which one strikes."""
    counting: dict[str, set[datetime]] = {}
    for fault in scenario.faults:
        if isinstance(fault, StatementFault) and fault.transaction != PAYOUTS:
            counting.setdefault(fault.transaction, set()).add(fault.at)
    return all(len(starts) == 1 for starts in counting.values())


def _each_its_polls(scenario: Scenario) -> bool:
    """Of two faults of one feed at once, one strikes the polls, and the other nobody."""
    feeds = [fault for fault in scenario.faults if isinstance(fault, FeedFault)]
    pairs = ((one, other) for one, other in combinations(feeds, 2) if one.tournament == other.tournament)
    return all(_polled_between(*(fault.planned(scenario, 0) for fault in pair)) for pair in pairs)


def _polled_between(one: PlannedFault, other: PlannedFault) -> bool:
    first, second = sorted((one, other), key=lambda fault: fault.starts_at)
    return second.starts_at >= first.over_by + _ROOM_TO_POLL


def _one_trouble_of_payouts(scenario: Scenario) -> bool:
    """What holds payouts up for hours, and calls for a runbook, moves them into whatever comes next: no runbook can
    wait for two such troubles one after the other."""
    holding = (StripeWindowFault, PayoutTimerStopped, DatabaseConnectionsExhausted)
    planned = [
        fault.planned(scenario, 0)
        for fault in scenario.faults
        if isinstance(fault, holding) and fault.expect.runbook is not None
    ]
    return all(_after(one, other) or _after(other, one) for one, other in combinations(planned, 2))


def _missing_is_seen(scenario: Scenario) -> bool:
    """The runbook for a storm of deliveries fetches what is missing, too, before anybody sees it missing."""
    payments = [fault for fault in scenario.faults if isinstance(fault, PaymentFault)]
    repeated = sum(getattr(fault, "times", 1) for fault in payments if fault.repeats)
    return repeated <= _USUAL_REPEATS or not any(fault.found_missing for fault in payments)


def _somebody_is_paid(scenario: Scenario) -> bool:
    """Of all prizes one at least is not given up: else there is no payout for the jury to look at."""
    given_up = sum(isinstance(fault, TransferFault) and fault.given_up for fault in scenario.faults)
    calm = scenario.model_copy(update={"faults": ()})
    return given_up < sum(sure_transfers(contest, calm) for contest in scenario.contests)


_RESTRAINTS: Sequence[Callable[[Scenario], bool]] = (
    _over_in_time,
    _apart,
    _once,
    _starts_again,
    _each_its_transaction,
    _each_its_polls,
    _one_trouble_of_payouts,
    _missing_is_seen,
    _somebody_is_paid,
)


def _several(calm: Scenario, seed: int, kinds: list[type[Fault]]) -> Scenario:
    source = chance(seed, "campaign", "several")

    def faults() -> Iterator[Fault]:
        drawing = Drawing(calm, source)
        for kind in source.sample(kinds, len(kinds)):
            for _ in range(source.choice(_SEVERAL)):
                if (fault := kind.draw(drawing)) is not None:
                    yield from _other_intensities(fault, calm, source)
                    yield fault

    return _filled(calm, faults())


def _meeting(calm: Scenario, seed: int, kinds: list[type[Fault]]) -> Scenario:
    """Whose prize is struck, is not known beforehand: the first transfer is the contest's first prize."""
    source = chance(seed, "campaign", "meeting")
    contest = source.choice(calm.contests)
    victim = source.choice(VICTIMS)

    def faults() -> Iterator[Fault]:
        for kind in source.sample(kinds, len(kinds)):
            fault = aimed(kind, Aim(contest=contest.key, victim=victim, phase=None), calm, source)
            if fault is not None:
                yield fault

    return _filled(calm, faults())


def _covering(calm: Scenario, seed: int, kinds: list[type[Fault]]) -> Scenario:
    """Rows of a covering array, as many as fit together; a round of seeds has them all, the next one another array."""
    rounds = _Rounds.of(calm, kinds)
    return rounds.scenario(seed)


_DRAWS: Mapping[str, Callable[[Scenario, int, list[type[Fault]]], Scenario]] = {
    "several": _several,
    "meeting": _meeting,
    "covering": _covering,
}


class _Rounds:
    """The scenarios of each covering array, packed. A process keeps what it has worked out."""

    _known: dict[str, _Rounds] = {}  # noqa: RUF012 - a cache

    def __init__(self, calm: Scenario, kinds: list[type[Fault]]) -> None:
        self._calm, self._kinds = calm, kinds
        self._packed: list[list[Scenario]] = []
        self._array: list[Fault] | None = None

    @classmethod
    def of(cls, calm: Scenario, kinds: list[type[Fault]]) -> _Rounds:
        key = "\n".join((calm.model_dump_json(), *(kind.name() for kind in kinds)))
        return cls._known.setdefault(key, cls(calm, kinds))

    def scenario(self, seed: int) -> Scenario:
        """Seeds count through the scenarios of one round, then of the next."""
        left, number = max(0, seed - 1), 0
        while True:
            if number == len(self._packed):
                self._packed.append(self._pack(number))
            if left < len(self._packed[number]):
                return self._packed[number][left]
            left, number = left - len(self._packed[number]), number + 1

    def _pack(self, number: int) -> list[Scenario]:
        """Each fault goes into the first scenario that it fits into."""
        source = chance(number, "campaign", "covering")
        faults = [
            fault
            for aim, kind in covering_array(self._calm, self._kinds, fits, salt=str(number))
            if (fault := aimed(kind, aim, self._calm, source)) is not None
        ]
        source.shuffle(faults)
        packed: list[Scenario] = []
        for fault in faults:
            for index, scenario in enumerate(packed):
                if len(scenario.faults) < _MOST_FAULTS and (more := _with(scenario, fault)) is not None:
                    packed[index] = more
                    break
            else:
                if (alone := _with(self._calm, fault)) is not None:
                    packed.append(alone)
        return packed or [self._calm]


def _filled(calm: Scenario, faults: Iterable[Fault]) -> Scenario:
    """The scenario with as many of the faults as fit together."""
    filled = calm
    for fault in faults:
        if len(filled.faults) == _MOST_FAULTS:
            break
        filled = _with(filled, fault) or filled
    return filled


def _with(scenario: Scenario, fault: Fault) -> Scenario | None:
    """One more, under a name of its own, if it fits."""
    number = 1 + sum(other.kind == fault.kind for other in scenario.faults)
    named = fault.model_copy(update={"id": f"{fault.kind.replace('_', '-')}-{number}"})
    more = scenario.with_fault(named)
    return next(filter(fits, (more, _as_they_end(more))), None) if number <= _MOST_OF_A_KIND else None


def _as_they_end(scenario: Scenario) -> Scenario:
    """Faults of one victim may end otherwise together than each alone: what is known of that is expected."""
    endings = [fault.ending(scenario) for fault in scenario.faults]
    faults = tuple(
        fault.model_copy(update={"expect": ending})
        if isinstance(ending, Expectation) and not fault.expect.is_part_of(ending)
        else fault
        for fault, ending in zip(scenario.faults, endings, strict=True)
    )
    return scenario.model_copy(update={"faults": faults})


def _other_intensities(fault: Fault, calm: Scenario, source: Random) -> Iterator[Fault]:
    """The same, weaker or stronger, with the ending that it has then; where that is known beforehand."""
    for name in _INTENSITIES:
        value = getattr(fault, name, None)
        if not isinstance(value, int) or source.random() < 0.5:
            continue
        update: dict[str, Any] = {name: max(1, round(value * source.choice(_FACTORS)))}
        other = fault.model_copy(update=update)
        ending = other.ending(calm)
        if isinstance(ending, Expectation):
            yield other.model_copy(update={"expect": ending})
