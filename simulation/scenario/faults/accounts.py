"""Faults of winners' accounts at Stripe before their prizes are due: questions that Stripe asks, and pauses."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, Literal, Self

from pydantic import Field

from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import Beyond, ContestFault, Fault, Window
from simulation.scenario.faults.rule import BrokenRule, minute
from simulation.scenario.faults.victims import sure_transfers
from simulation.words import plural

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

BEFORE_PAYDAY = timedelta(hours=2)
"""From when Stripe asks, or somebody pauses, until the last score card."""
TO_ANSWER = timedelta(hours=1)
"""Stripe's deadline for what it asks for."""
_WAITS_HOURS = 8
"""How long what is due waits for an account (fixtures/spec/platform.md, Payouts)."""
_ROOM_TO_PAY = timedelta(hours=8)


class _AccountsFault(ContestFault):
    """One of the accounts of everybody who paid for a contest, until ``delay_hours`` after the last score card."""

    acts = True
    delay_hours: Annotated[int, Field(ge=1, le=240, description="How long after the last score card it is over")]

    def window(self, scenario: Scenario, seed: int) -> Window:
        final = scenario.tournaments[self.its_contest(scenario).tournament].final_board_at
        over = BEFORE_PAYDAY + timedelta(hours=self.delay_hours)
        return Window(starts_at=final - BEFORE_PAYDAY, delay_seconds=int(over.total_seconds()))

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from self.only_one(earlier, does="meets the accounts of the entrants of")
        if not sure_transfers(self.its_contest(scenario), scenario):
            yield BrokenRule(
                path=("contest",),
                problem=f"fault {self.id} is about prizes of {self.contest}, which is sure to have none",
                remedy="name a contest that is sure to have one",
            )
        over = self.planned(scenario, seed=0).over_by
        if over + _ROOM_TO_PAY > scenario.end:
            yield BrokenRule(
                path=("delay_hours",),
                problem=f"fault {self.id} is over at {minute(over)}, too late before the end {minute(scenario.end)}",
                remedy="lower delay_hours, or raise days",
            )

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        contest = drawing.source.choice([contest.key for contest in drawing.scenario.contests])
        return cls._drawn(contest=contest, delay_hours=drawing.source.randint(1, 6), expect=cls.expects)


class AccountsRestricted(_AccountsFault):
    """Before a contest's prizes are due Stripe asks everybody who paid for a document, and stops transfers to them.

    It asks two hours before the last score card, stops them an hour later, and lets them go on `delay_hours` after the
    last score card.
    """

    kind: Literal["accounts_restricted"]
    title = "Stripe stops transfers to winners' accounts until they have answered"
    origin = "New rules for a country: requirements are due, then past due; the capability is off until they are met."
    recovery = "Holds what is due before an attempt is spent on it, and sends it once Stripe says that it can."
    drawn = 73

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        if self.delay_hours >= _WAITS_HOURS:
            return Beyond(
                field="delay_hours",
                problem=f"a transfer waits for {plural(_WAITS_HOURS, 'hour')} for its account; then it is "
                "attempted, refused and given up, and other prizes of the same winner may be, too",
                remedy=f"{_WAITS_HOURS - 1} or fewer; or a fault destination_suspended of one transfer",
            )
        return self.expects


class AccountsPaused(_AccountsFault):
    """Somebody at the dashboard pauses payouts to the banks of everybody who paid, from two hours before the end.

    Transfers to their accounts go on; the money waits there until `delay_hours` after the last score card.
    """

    kind: Literal["accounts_paused"]
    title = "Payouts from winners' accounts to their banks are paused"
    origin = "Somebody at the dashboard pauses accounts that look alike, after an alarm about one of them."
    recovery = "Pays as always: the prize is in the winner's account, and when it leaves from there is between them."
    drawn = 74


AccountKinds = AccountsRestricted | AccountsPaused
