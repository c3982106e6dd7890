"""Two at once: while one job or request is in the middle of a transaction, another one runs on a second replica.

Whose next statement goes on is part of the fault, so that the same fault is the same order of statements. Source:
fixtures/spec/platform.md (Money: every effect once, whoever asks and how often).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from simulation.scenario.faults.alerting import STORM_RUNBOOK
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.rule import BrokenRule
from simulation.scenario.faults.statement_fault import AtAStatement

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

AGAIN = "again"
"""The other one is the same: the request delivered twice at once, or the job run by two replicas."""
_LONGEST_DRAWN = 24
_MOST_SWITCHES = 2


class TwoAtOnce(AtAStatement):
    """While the n-th `transaction` is about to send its `statement`, `other` runs on a second replica of the platform.

    From there on one statement of the two goes on at a time. The first side goes on until a step that `order` names:
    then the other side does, if it can.
    """

    kind: Literal["two_at_once"]
    other: Annotated[
        str,
        Field(pattern=r"^[a-z_]+$", description="The job that runs meanwhile; again: the same job or request"),
    ] = AGAIN
    order: Annotated[
        str, Field(pattern=r"^(\d{1,6}( \d{1,6})*)?$", description="Steps at which the other side goes on: 0 4 11")
    ] = ""
    waits: Annotated[
        int, Field(ge=0, le=1, description="1: from `at` on the other's timer does not fire until then")
    ] = 0
    seconds: Annotated[
        int, Field(ge=0, le=900, description="Simulated seconds that the statement takes to set out, before they meet")
    ] = 0
    title = "Two of the platform's doings run at once, statement by statement"
    origin = "Stripe delivers an event twice in one instant; two replicas have one timer; a click meets a timer."
    recovery = "One of them does it; the other waits for a lock, finds it done, and does nothing or says so."
    deed = "race"
    adds_to = STORM_RUNBOOK
    breaks_off = False
    drawn = 25

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from super().broken(scenario, earlier)
        if self.other != AGAIN:
            yield from self.known_job("other", self.other)
        steps = [int(step) for step in self.order.split()]
        if steps != sorted(set(steps)):
            yield BrokenRule(
                path=("order",),
                problem=f"fault {self.id}, order {self.order!r}: its steps do not ascend",
                remedy="name each step once, in ascending order",
            )

    @classmethod
    def keys(cls, planned: PlannedFault) -> dict[str, str]:
        held = {"job": planned.other} if planned.waits else {}
        return {**super().keys(planned), "other": planned.other, "order": planned.order, **held}

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """A delivery or a job and itself, in an order of the seed's."""
        drawn = super().draw(drawing)
        if drawn is None:
            return None
        source = drawing.source
        steps = sorted(source.sample(range(_LONGEST_DRAWN), source.randint(0, _MOST_SWITCHES)))
        return drawn.model_copy(update={"order": " ".join(map(str, steps))})


ConcurrencyKinds = TwoAtOnce
