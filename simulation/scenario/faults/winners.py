"""Faults of winners' accounts after the prize is in them: a transfer that is taken back, a bank that refuses it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from simulation.scenario.faults.accounts import AccountsPaused
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import Fault, VictimFault, Window, Within
from simulation.scenario.faults.rule import BrokenRule, minute
from simulation.scenario.faults.transfers import TransferFault
from simulation.scenario.faults.victims import sure_transfers

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

_ROOM_TO_ANSWER = timedelta(hours=12)
"""A transfer may be made hours late, and ops need some time."""


class PaidWinnerFault(VictimFault):
    """What becomes of the n-th transfer of a contest that was made, hours after it was."""

    victim = "paid transfer"
    acts = True
    leaves_for_bank: ClassVar[bool] = False
    """The prize leaves the account, if nobody has paused it."""
    delay_hours: Annotated[int, Field(ge=1, le=720, description="How long after the transfer was made it happens")]

    def window(self, scenario: Scenario, seed: int) -> Window:
        final = scenario.tournaments[self.its_contest(scenario).tournament].final_board_at
        latest = max((final, *self._pauses_over_by(scenario)))
        return Window(starts_at=final, last_chance=latest, delay_seconds=3_600 * self.hours_after)

    def _pauses_over_by(self, scenario: Scenario) -> Iterator[datetime]:
        """Until when the prize may have to wait in the account, where it leaves for the bank. Who wins here may be one
        of another contest's accounts, too."""
        for fault in scenario.faults if self.leaves_for_bank else ():
            if isinstance(fault, AccountsPaused):
                yield fault.planned(scenario, 0).over_by

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        of_transfers = (fault for fault in scenario.faults if isinstance(fault, TransferFault))
        lost = sum(fault.closes_account or fault.given_up for fault in of_transfers if fault.contest == self.contest)
        yield from self.beyond_the_last(max(0, sure_transfers(self.its_contest(scenario), scenario) - lost))
        for rival in earlier:
            yield from self.aims_at_the_victim_of(rival)
        over = self.planned(scenario, seed=0).over_by
        if over + _ROOM_TO_ANSWER > scenario.end:
            yield BrokenRule(
                path=("delay_hours",),
                problem=f"fault {self.id} may end at {minute(over)}, too late before the end {minute(scenario.end)}",
                remedy="lower delay_hours, or raise days",
            )

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        victim, hours = drawing.paid_transfer(), drawing.source.randint(1, 40)
        if victim is None:
            return None
        more = cls._more(drawing)
        return cls._drawn(contest=victim[0], nth=victim[1], delay_hours=hours, expect=cls.expects, **more)

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        """Fields that a kind has besides."""
        return {}


class TakenBack(PaidWinnerFault):
    """Stripe takes the n-th transfer of a contest back, in `times` parts an hour apart, `delay_hours` after it."""

    times: Annotated[
        int, Field(ge=1, description="In how many parts"), Within(most=4, otherwise="would be more parts than any")
    ] = 1
    origin = "A review at Stripe, or somebody at the dashboard who takes a prize for a duplicate."

    @property
    def hours_after(self) -> int:
        return self.delay_hours + self.times - 1

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        return {"times": drawing.source.randint(1, 3)}


class TransferReversed(TakenBack):
    """Stripe takes the n-th transfer of a contest back, in `times` parts an hour apart, `delay_hours` after it."""

    kind: Literal["transfer_reversed"]
    title = "Stripe takes a prize out of the winner's account again"
    recovery = "Books each reversal once: the prize is owed again. By the runbook ops see to it; nothing is sent anew."
    expects = Expectation(runbook="payout_reversed")
    drawn = 70


def parts_of(amount_cents: int, times: int) -> list[int]:
    """An amount in so many parts, the last of which takes what does not divide. Parts of nothing are left out."""
    part = amount_cents // times
    return [cents for cents in (*[part] * (times - 1), amount_cents - part * (times - 1)) if cents]


class _BankRefuses(PaidWinnerFault):
    """One by which the winner's bank does not keep the prize."""

    expects = Expectation(runbook="bank_payout_failed")
    leaves_for_bank = True
    recovery = (
        "Books nothing, since the prize is in the winner's account at Stripe again. By the runbook the winner is told."
    )
    code: ClassVar[Literal["account_closed", "no_account"]]
    """Why, in Stripe's word."""
    hours_until_refused: ClassVar[int]
    """From when Stripe sends it."""

    @property
    def hours_after(self) -> int:
        return self.delay_hours + self.hours_until_refused


class BankPayoutFailed(_BankRefuses):
    """`delay_hours` after the n-th transfer was made Stripe sends it to the winner's bank, which has no such account.

    Six hours later it is back.
    """

    kind: Literal["bank_payout_failed"]
    title = "A winner's bank does not take the prize"
    origin = "A digit wrong in the bank account that the winner gave to Stripe."
    code = "no_account"
    hours_until_refused = 6
    drawn = 75


class BankPayoutReturned(_BankRefuses):
    """`delay_hours` after the n-th transfer was made Stripe sends it to the winner's bank, which returns it later.

    It arrives after two days; six hours later it is back, since the account there was closed.
    """

    kind: Literal["bank_payout_returned"]
    title = "A winner's bank sends the prize back days later"
    origin = "The winner closed the bank account in the meantime: banks say so days after they took the money."
    code = "account_closed"
    hours_until_refused = 54
    drawn = 76


class AccountOverdrawn(PaidWinnerFault):
    """Stripe sends the n-th transfer to the winner's bank, and takes it back `delay_hours` after it was made.

    The account has too little for that: it is below zero.
    """

    kind: Literal["account_overdrawn"]
    title = "Stripe takes a prize back that the winner has already drawn"
    origin = "A review at Stripe that ends after the money has left for the bank: the account's balance is negative."
    recovery = TransferReversed.recovery
    expects = TransferReversed.expects
    leaves_for_bank = True
    drawn = 77


WinnerKinds = TransferReversed | BankPayoutFailed | BankPayoutReturned | AccountOverdrawn
