"""Faults of refunds: made by Stripe itself, in parts; slow to arrive; sent back by the cardholder's bank."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from simulation.currency import USD, in_steps
from simulation.scenario.faults.expectation import SELF_HEALS, Expectation
from simulation.scenario.faults.fault import Fault, VictimFault, Window, Within
from simulation.scenario.faults.late_ending import LateEnding
from simulation.scenario.faults.people import PersonFault, RefundRequested
from simulation.scenario.faults.rule import BrokenRule

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

RefundEnd = Literal["succeeded", "failed", "canceled"]
_HOURS = Field(ge=1, le=720, description="How long after the refund was made its end comes")
_TIME_TO_GRANT = timedelta(hours=6)


class PartsGivenBack(PersonFault):
    """Stripe gives parts of the n-th payer's payment back by itself, `times` of them, an hour apart."""

    delay_hours: Annotated[int, Field(ge=0, description="How long after the payment the first part goes back")]
    times: Annotated[
        int, Field(ge=1, description="How many parts go back"), Within(most=4, otherwise="would be more parts than any")
    ] = 1
    origin = "A correction between Stripe and the card network, or somebody of Stripe's support: nobody asked us."

    @property
    def hours_after(self) -> int:
        return self.delay_hours + self.times - 1

    def window(self, scenario: Scenario, seed: int) -> Window:
        window = super().window(scenario, seed)
        return Window(
            starts_at=window.starts_at, last_chance=window.last_chance, delay_seconds=3_600 * self.delay_hours
        )

    def returned_cents(self, fee_cents: int) -> int:
        """What goes back in all, at most."""
        return self.times * part_cents(fee_cents, self.times, USD)

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        victim, hours, times = drawing.payer(), drawing.source.randint(0, 60), drawing.source.randint(1, 4)
        if victim is None:
            return None
        return cls._drawn(contest=victim[0], nth=victim[1], delay_hours=hours, times=times, expect=cls.expects)


class RefundedByStripe(PartsGivenBack):
    """Stripe gives parts of the n-th payer's payment back by itself, `times` of them, an hour apart.

    The first comes `delay_hours` after the payment. Together they are less than the payment.
    """

    kind: Literal["refunded_by_stripe"]
    title = "Stripe gives parts of a payment back"
    recovery = "Asks Stripe what was refunded, and books each part once, as its own loss. The entry stands."
    drawn = 26


def part_cents(fee_cents: int, times: int, currency: str) -> int:
    """Each of ``times`` parts of a payment that goes back: some of the payment is left, and can be refunded, too."""
    return in_steps(fee_cents // (times + 1), currency)


class _RefundTakesLong(LateEnding):
    """What becomes of a refund that an entrant asked for, long after it was sent."""

    victim = "refund"
    begun_by = RefundRequested
    ground = "refund_asked_for"
    end: ClassVar[RefundEnd]
    failure_reason: ClassVar[str | None] = None
    delay_hours: Annotated[int, _HOURS]

    def window(self, scenario: Scenario, seed: int) -> Window:
        contest = self.its_contest(scenario)
        return Window(
            starts_at=contest.created, last_chance=contest.lock + _TIME_TO_GRANT, delay_seconds=3_600 * self.delay_hours
        )

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        same = [one for one in earlier if isinstance(one, VictimFault) and (one.contest, one.nth) == self._of]
        if not any(isinstance(one, RefundRequested) for one in same):
            yield BrokenRule(
                path=("nth",),
                problem=f"fault {self.id} waits for a refund to payer {self.nth} of {self.contest}, for which nobody "
                "asks",
                remedy="write a fault refund_requested of that payer before it",
            )
        for rival in same:
            yield from self.aims_at_the_victim_of(rival)
        yield from self.too_late(scenario)

    @property
    def _of(self) -> tuple[str, int]:
        return self.contest, self.nth


class RefundSlow(_RefundTakesLong):
    """The refund that the n-th payer asked for stays pending for `delay_hours`, and arrives."""

    kind: Literal["refund_slow"]
    title = "A refund is pending for days"
    origin = "Banks take up to ten working days to credit a refund, and some tell Stripe only then."
    recovery = "Books the refund when Stripe has taken it on, and changes nothing when it arrives."
    expects = SELF_HEALS
    end = "succeeded"
    drawn = 27


class _RefundComesBack(_RefundTakesLong):
    recovery = (
        "Books the money as owed to the entrant, never to the contest. By the runbook ops see to another way to pay it."
    )
    expects = Expectation(runbook="refund_returned")


class RefundReturned(_RefundComesBack):
    """The bank sends the refund that the n-th payer asked for back to Stripe `delay_hours` later."""

    kind: Literal["refund_returned"]
    title = "A refund comes back from the cardholder's bank"
    origin = "The card was lost or its account closed in the meantime; Stripe hears of it up to 30 days later."
    end = "failed"
    failure_reason = "lost_or_stolen_card"
    drawn = 28


class RefundCanceled(_RefundComesBack):
    """The refund that the n-th payer asked for is canceled at Stripe `delay_hours` later, before it arrived."""

    kind: Literal["refund_canceled"]
    title = "A pending refund is canceled at Stripe"
    origin = "A refund that waits for its funds or for the customer's bank details for too long is canceled."
    end = "canceled"
    drawn = 29


RefundKinds = RefundedByStripe | RefundSlow | RefundReturned | RefundCanceled
