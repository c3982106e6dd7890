"""Faults that are people's doing: they want their money back from us, or have their bank take it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import Fault, VictimFault, Window
from simulation.scenario.faults.rule import BrokenRule, minute
from simulation.scenario.faults.victims import early_payers

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

_LEFT_TO_PLAY = 1
"""Payers besides the victim who must be left, so that the contest is one."""
_ROOM_TO_ANSWER = timedelta(hours=6)


class PersonFault(VictimFault):
    """What the n-th person who pays for a contest does."""

    victim = "payer"
    of_orders = True
    acts = True
    drawn = 1

    def window(self, scenario: Scenario, seed: int) -> Window:
        contest = self.its_contest(scenario)
        return Window(starts_at=contest.created, last_chance=contest.start, delay_seconds=3_600 * self.hours_after)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        contest = self.its_contest(scenario)
        payers = early_payers(contest)
        if self.nth > payers - _LEFT_TO_PLAY:
            yield BrokenRule(
                path=("nth" if payers > _LEFT_TO_PLAY else "contest",),
                problem=f"fault {self.id} waits for payer {self.nth} of {contest.key}, which has {payers} who are sure "
                "to pay well before the lock, one of whom must stay",
                remedy="lower nth, or name a contest with more payers that is open for three hours or longer",
            )
        for rival in earlier:
            yield from self.aims_at_the_victim_of(rival)
        paid_by = contest.lock + timedelta(hours=self.hours_after)
        if paid_by + _ROOM_TO_ANSWER > scenario.end:
            yield BrokenRule(
                path=("delay_hours",),
                problem=f"fault {self.id} may strike at {minute(paid_by)}, too late before the end "
                f"{minute(scenario.end)}",
                remedy="lower delay_hours",
            )


class RefundRequested(PersonFault):
    """The n-th person who pays for a contest asks for the entry fee ten minutes later, before the lock."""

    kind: Literal["refund_requested"]
    title = "An entrant asks for the entry fee"
    origin = "Plans change, and people enter the wrong contest."
    recovery = (
        "Records the request. By the runbook one that came before the lock is granted, and the fee goes back once."
    )
    expects = Expectation(runbook="refund_request")
    withdraws_entrant = True

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        victim = drawing.payer()
        return None if victim is None else cls._drawn(contest=victim[0], nth=victim[1], expect=cls.expects)


class ChargedBack(PersonFault):
    """The bank of the n-th person who paid for a contest takes the fee back `delay_hours` after the payment."""

    delay_hours: Annotated[int, Field(ge=0, description="How long after the payment the bank takes the fee back")]
    origin = "A stolen card, or a cardholder who does not recognise the line on the statement."

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        victim, hours = drawing.payer(), drawing.source.randint(1, 40)
        if victim is None:
            return None
        return cls._drawn(contest=victim[0], nth=victim[1], delay_hours=hours, expect=cls.expects)


class Chargeback(ChargedBack):
    """The bank of the n-th person who paid for a contest takes the fee back `delay_hours` after the payment."""

    kind: Literal["chargeback"]
    title = "A cardholder charges a payment back"
    recovery = "Books the loss with Stripe's fee; the entry stands. By the runbook ops take care of the dispute."
    expects = Expectation(runbook="chargeback")


class EntrantLeaves(PersonFault):
    """The n-th person who pays for a contest leaves it ten minutes later, before the lock."""

    kind: Literal["entrant_leaves"]
    of_orders = False
    title = "An entrant leaves the contest"
    origin = "Plans change before the first tee, and until the lock an entry binds nobody."
    recovery = "Takes the entry out at once and refunds the fee through Stripe, without anybody having to decide."
    withdraws_entrant = True
    drawn = 58

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from super().broken(scenario, earlier)
        contest = self.its_contest(scenario)
        leaving = 1 + sum(isinstance(one, EntrantLeaves) and one.contest == self.contest for one in earlier)
        if contest.entrants >= contest.min_entries > contest.entrants - leaving:
            yield BrokenRule(
                path=("contest",),
                problem=f"fault {self.id} leaves {contest.entrants - leaving} entrants of {contest.key}, which is "
                f"cancelled with fewer than {contest.min_entries}",
                remedy="lower min_entries, raise entrants, or name another contest",
            )

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        victim = drawing.payer()
        return None if victim is None else cls._drawn(contest=victim[0], nth=victim[1], expect=cls.expects)


PeopleKinds = RefundRequested | Chargeback | EntrantLeaves
