"""Faults of the platform's own programs: a timer that stands still, a machine that is lost."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import At, Fault, Minutes, Window
from simulation.scenario.faults.needs import PROGRAMS_TO_KILL, TIMERS_TO_STOP
from simulation.scenario.faults.rule import BrokenRule, minute
from simulation.scenario.faults.stripe import PayoutWindowFault
from simulation.scenario.faults.transfers import TransferFault

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

_KILLED_FOR = timedelta(seconds=30)
"""What a supervisor takes to notice and a program to start."""
_ROOM_TO_ANSWER = timedelta(hours=6)
_LEFT_AFTER_A_KILL_MINUTES = 720


class PayoutTimerStopped(PayoutWindowFault):
    """For `minutes` from `at` the payout scheduler's timer does not fire: settled prizes are not begun with."""

    kind: Literal["payout_timer_stopped"]
    title = "The payout scheduler's timer stops for a while"
    origin = "A timer that died with its worker, or hangs in a call; its supervisor starts it again much later."
    recovery = (
        "Alerts that settled prizes are not begun with. The runbook runs the scheduler until its timer fires again."
    )
    expects = Expectation(runbook="payout_not_triggered")
    noticed_after = timedelta(minutes=15)
    job: ClassVar[str] = "payout"
    """What the names of the jobs have in them whose timers stop."""
    aim = ("job", job)
    needs = (TIMERS_TO_STOP,)

    def is_hidden_by(self, rival: Fault, scenario: Scenario) -> bool:
        """Payouts made by hand do not wait for a transfer's back-off, either."""
        if isinstance(rival, TransferFault):
            return self.falls_due_within(rival.its_contest(scenario), scenario)
        return super().is_hidden_by(rival, scenario)


class BackendKilled(Fault):
    """At `at` every program of the platform is killed; it starts again after `minutes`, or half a minute."""

    kind: Literal["backend_killed"]
    at: At
    minutes: Minutes | None = None
    title = "Every program of the platform is killed, and started again"
    origin = "A lost machine, an out-of-memory kill, a deploy that drains nobody."
    recovery = "Starts with what it has committed and takes open transfers up under their keys; Stripe delivers again."
    turns_people_away = True
    aim = ("service", "backend")
    acts = True
    of_orders = True
    needs = (PROGRAMS_TO_KILL,)
    drawn = 5

    def window(self, scenario: Scenario, seed: int) -> Window:
        down = _KILLED_FOR if self.minutes is None else timedelta(minutes=self.minutes)
        return Window(starts_at=self.at, ends_at=self.at + down)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        if not scenario.start <= self.at <= scenario.end - _ROOM_TO_ANSWER:
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} kills the platform at {minute(self.at)}, which is not within the run, or "
                "leaves too little of it to see what comes of that",
                remedy=f"{minute(scenario.start)} to {minute(scenario.end - _ROOM_TO_ANSWER)}",
            )

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """At any minute, whatever the platform is doing then."""
        scenario = drawing.scenario
        minutes = int((scenario.end - scenario.start).total_seconds() // 60) - _LEFT_AFTER_A_KILL_MINUTES
        at = scenario.start + timedelta(minutes=drawing.source.randrange(60, minutes))
        return cls._drawn(at=at, expect=cls.expects)


ProgramKinds = PayoutTimerStopped | BackendKilled
