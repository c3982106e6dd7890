"""What faults have in common during which something that the platform needs is not there."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, Self

from simulation.scenario.faults.fault import At, Fault, Minutes, Window, Within
from simulation.scenario.faults.rule import BrokenRule, minute

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

_DRAWN_FOR = timedelta(hours=4)


class OutageFault(Fault):
    """It must be met, answered and over within the run."""

    at: At
    minutes: Annotated[Minutes, Within(least=60, otherwise="may be over before anybody has answered")]
    acts = True
    drawn = 1
    silences_webhooks = True

    @property
    def ends_at(self) -> datetime:
        return self.at + timedelta(minutes=self.minutes)

    def window(self, scenario: Scenario, seed: int) -> Window:
        return Window(starts_at=self.at, ends_at=self.ends_at)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        if self.at < scenario.start or self.ends_at > scenario.end:
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} is on from {minute(self.at)} to {minute(self.ends_at)}, which is not within "
                "the run",
                remedy=f"{minute(scenario.start)} to {minute(scenario.end)}",
            )
        yield from self.in_the_way(scenario, earlier)

    @abstractmethod
    def in_the_way(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """Who must not come into its window, and does."""

    def meets(self, start: datetime, until: datetime, problem: str) -> Iterator[BrokenRule]:
        """The broken rule, if the two times meet its window. ``problem`` goes on after ``fault x``."""
        if self.at <= until and start <= self.ends_at:
            yield BrokenRule(
                path=("at",), problem=f"fault {self.id} {problem} at {minute(start)}", remedy="move one of them"
            )

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """At any hour that leaves its window within the run."""
        at = drawing.hour(ends_after=_DRAWN_FOR)
        return cls._drawn(at=at, minutes=_DRAWN_FOR // timedelta(minutes=1), expect=cls.expects)
