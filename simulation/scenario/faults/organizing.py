"""Faults that are an organizer's doing: the contest is called off before it begins."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from simulation.scenario.faults.fault import ContestFault, Fault, Window, Within
from simulation.scenario.faults.rule import BrokenRule, minute

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

_MOST_MINUTES = 29
"""Before the lock: whoever is sure to pay early has paid by then."""
_OPEN_LONG = timedelta(hours=1)


class ContestCalledOff(ContestFault):
    """The organizer cancels the contest `minutes_before` its lock: nobody plays, and everybody gets the fee back."""

    kind: Literal["contest_called_off"]
    minutes_before: Annotated[
        int,
        Field(ge=1, description="How long before the lock the organizer does it"),
        Within(least=10, most=_MOST_MINUTES, otherwise="may find the contest locked, or people who have yet to pay"),
    ]
    title = "An organizer calls a contest off"
    origin = "Too few friends, a tournament that is moved, terms with a mistake in them: better none than a bad one."
    recovery = (
        "Cancels it at once, refunds every fee through Stripe, also one that arrives afterwards, and closes the pool."
    )
    acts = True
    calls_off = True
    drawn = 57

    def window(self, scenario: Scenario, seed: int) -> Window:
        lock = self.its_contest(scenario).lock
        return Window(starts_at=lock - timedelta(minutes=self.minutes_before), last_chance=lock)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        contest = self.its_contest(scenario)
        yield from self.only_one(earlier, does="cancels")
        if contest.lock - contest.created < _OPEN_LONG:
            yield BrokenRule(
                path=("contest",),
                problem=f"fault {self.id} cancels {contest.key}, which is open from {minute(contest.created)} to "
                f"{minute(contest.lock)} only: people would still be joining",
                remedy="name a contest that is open for an hour or longer",
            )

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """Of the contests at which nothing else is aimed."""
        aimed_at = {getattr(fault, "contest", None) for fault in drawing.faults}
        free = [contest.key for contest in drawing.scenario.contests if contest.key not in aimed_at]
        contest, minutes = drawing.source.choice(free or [""]), drawing.source.randint(10, _MOST_MINUTES)
        return cls._drawn(contest=contest, minutes_before=minutes, expect=cls.expects) if contest else None


OrganizingKinds = ContestCalledOff
