"""Faults drawn by seed, in ways that reach further than a swarm: each is a function of scenario, seed and way alone.

``swarm``: at most one of a kind. ``several``: several of a kind, and other intensities than when one is drawn.
``meeting``: faults aimed at one payment and one prize of one contest. ``covering``: every pair of (kind, phase), (kind,
victim) and (phase, victim) comes up within a round of seeds.

What is drawn keeps every rule of a scenario, so that a platform that keeps its own passes: faults that are together
more than it survives are refused there (``simulation/scenario/faults/together.py``), and so not drawn together.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from random import Random
from typing import Any, Literal, get_args

from simulation.assembly.request import Redraw
from simulation.chance import chance
from simulation.faults.conditions import fits
from simulation.faults.swarm import swarm
from simulation.proof.campaign.covering import VICTIMS, Aim, aimed, covering_array
from simulation.scenario.faults.drawing import Drawing
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.needs import Need
from simulation.scenario.faults.registry import drawn_kinds
from simulation.scenario.model import Scenario

Way = Literal["swarm", "several", "meeting", "covering"]
WAYS: tuple[Way, ...] = get_args(Way)

_MOST_FAULTS, _MOST_OF_A_KIND = 12, 3
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
