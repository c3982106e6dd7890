"""What the faults have in common by which something that an earlier fault began ends hours or days later."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Self

from simulation.scenario.faults.fault import VictimFault
from simulation.scenario.faults.people import PersonFault
from simulation.scenario.faults.rule import BrokenRule, minute

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

_ROOM_TO_ANSWER = timedelta(hours=6)


class LateEnding(VictimFault):
    """``begun_by``: the kind of fault, of the same payer, whose end this is."""

    acts = True
    of_orders = True
    begun_by: ClassVar[type[PersonFault]]
    delay_hours: int

    def too_late(self, scenario: Scenario) -> Iterator[BrokenRule]:
        """The broken rule, if ops may not have time to answer before the scenario ends."""
        over = self.planned(scenario, seed=0).over_by
        if over + _ROOM_TO_ANSWER > scenario.end:
            yield BrokenRule(
                path=("delay_hours",),
                problem=f"fault {self.id} may end at {minute(over)}, too late before the end {minute(scenario.end)}",
                remedy="lower delay_hours",
            )

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """Of what was begun, if a fault that begins it was drawn."""
        begun = next((fault for fault in drawing.faults if isinstance(fault, cls.begun_by)), None)
        hours = drawing.source.randint(20, 100)
        if begun is None:
            return None
        return cls._drawn(contest=begun.contest, nth=begun.nth, delay_hours=hours, expect=cls.expects)
