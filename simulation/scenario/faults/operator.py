"""Faults of whoever carries a runbook out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import At, Beyond, Fault, Window
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.rule import BrokenRule, minute

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario


class OperatorCrash(Fault):
    """The operator of the expected runbook is gone after its `nth` step; the next comes `minutes` later."""

    kind: Literal["operator_crash"]
    at: At
    minutes: Annotated[int, Field(ge=1, description="How long it takes until the next operator comes")]
    nth: Annotated[int, Field(ge=1, description="After which step of the runbook")] = 1
    title = "The operator is gone in the middle of a runbook, and the next takes over"
    origin = "A terminal that dies, a laptop without power, a person who is called away in the middle."
    recovery = "Keeps a record of every step, so that the next operator winds the execution up and starts it anew."
    expects = Expectation(runbook="payout_transfer_stuck_in_retryable")
    drawn = 3

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        """Whatever its runbook is."""
        return self.expect

    def window(self, scenario: Scenario, seed: int) -> Window:
        return Window(starts_at=self.at, delay_seconds=60 * self.minutes)

    @classmethod
    def keys(cls, planned: PlannedFault) -> dict[str, str]:
        return {"runbook": str(planned.expect.runbook), "handover_minutes": str(planned.delay_seconds // 60)}

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """Somebody must be sure to carry the runbook out: for another fault, or as a task."""
        called_for = {other.expect.runbook for other in scenario.faults if other.id != self.id}
        called_for |= {task.runbook for task in scenario.operator.tasks}
        if self.expect.runbook is None or self.expect.runbook not in called_for:
            yield BrokenRule(
                path=("expect",),
                problem=f"fault {self.id} waits for an execution of {self.expect.runbook or 'no runbook'}, which no "
                "other fault and no task calls for",
                remedy="expect: {runbook: <the one whose operator is struck>}, and let a fault or a task call for it",
            )

        elif self.at > (last := max(self._called_for_at(scenario))):
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} at {minute(self.at)}: the last that calls for {self.expect.runbook} begins "
                f"{minute(last)}, and its operator may be done by then",
                remedy=f"{minute(last)} or earlier",
            )

    def _called_for_at(self, scenario: Scenario) -> Iterator[datetime]:
        """When each other fault and each task begins that calls for its runbook."""
        for other in scenario.faults:
            if other.id != self.id and other.expect.runbook == self.expect.runbook:
                yield other.window(scenario, seed=0).starts_at
        yield from (task.at for task in scenario.operator.tasks if task.runbook == self.expect.runbook)

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """After the first step of a runbook that another fault calls for."""
        runbooks = sorted({fault.expect.runbook for fault in drawing.faults if fault.expect.runbook is not None})
        if not runbooks:
            return None
        expect, minutes = Expectation(runbook=drawing.source.choice(runbooks)), drawing.source.choice((10, 25))
        return cls._drawn(at=drawing.scenario.start, minutes=minutes, expect=expect)


OperatorKinds = OperatorCrash
