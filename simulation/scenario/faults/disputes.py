"""Faults of disputes beyond the whole payment that is gone for good: inquiries, parts, and how the bank decides."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from simulation.scenario.faults.fault import Fault, Window, Within
from simulation.scenario.faults.late_ending import LateEnding
from simulation.scenario.faults.people import Chargeback, PersonFault
from simulation.scenario.faults.rule import BrokenRule

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario


class DisputeInquiry(PersonFault):
    """The bank of the n-th payer asks about the payment `delay_hours` later, takes nothing, and closes the case."""

    kind: Literal["dispute_inquiry"]
    delay_hours: Annotated[int, Field(ge=0, description="How long after the payment the bank asks")]
    title = "A bank asks about a payment"
    origin = "Before some banks take a payment back they ask: a retrieval request, an early fraud warning."
    recovery = "Records the inquiry and books nothing, since nothing has moved. By the runbook ops answer it."
    expects = Chargeback.expects
    drawn = 30

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        victim, hours = drawing.payer(), drawing.source.randint(0, 40)
        if victim is None:
            return None
        return cls._drawn(contest=victim[0], nth=victim[1], delay_hours=hours, expect=cls.expects)


class ChargebackInParts(PersonFault):
    """The bank of the n-th payer takes parts of the payment back, `times` disputes an hour apart.

    The first comes `delay_hours` after the payment. Together they are less than the payment.
    """

    kind: Literal["chargeback_in_parts"]
    delay_hours: Annotated[int, Field(ge=0, description="How long after the payment the first part is disputed")]
    times: Annotated[
        int, Field(ge=1, description="How many disputes"), Within(most=4, otherwise="would be more parts than any")
    ] = 1
    title = "A cardholder charges parts of a payment back"
    origin = "A cardholder disputes a part, the bank opens a second case for another one: each has a fee of its own."
    recovery = "Books each dispute with its own fee, once. By the runbook ops take care of each."
    expects = Chargeback.expects
    drawn = 31

    @property
    def hours_after(self) -> int:
        return self.delay_hours + self.times - 1

    def window(self, scenario: Scenario, seed: int) -> Window:
        window = super().window(scenario, seed)
        return Window(
            starts_at=window.starts_at, last_chance=window.last_chance, delay_seconds=3_600 * self.delay_hours
        )

    def taken_cents(self, fee_cents: int) -> int:
        """What the bank takes in all, without Stripe's fees."""
        return self.times * (fee_cents // (self.times + 1))

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        victim, hours, times = drawing.payer(), drawing.source.randint(1, 40), drawing.source.randint(1, 3)
        if victim is None:
            return None
        return cls._drawn(contest=victim[0], nth=victim[1], delay_hours=hours, times=times, expect=cls.expects)


class _DisputeDecided(LateEnding):
    """How a chargeback ends, long after it was opened."""

    victim = "dispute"
    begun_by = Chargeback
    ground = "disputed"
    status: ClassVar[Literal["won", "lost"]]
    delay_hours: Annotated[int, Field(ge=1, le=720, description="How long after the chargeback the bank decides")]

    def window(self, scenario: Scenario, seed: int) -> Window:
        contest = self.its_contest(scenario)
        opened = max((fault.delay_hours for fault in self._chargebacks(scenario.faults)), default=0)
        return Window(
            starts_at=contest.created,
            last_chance=contest.start + timedelta(hours=opened),
            delay_seconds=3_600 * self.delay_hours,
        )

    def _chargebacks(self, faults: Sequence[Fault]) -> list[Chargeback]:
        found = (fault for fault in faults if isinstance(fault, Chargeback))
        return [fault for fault in found if (fault.contest, fault.nth) == (self.contest, self.nth)]

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        if not self._chargebacks(earlier):
            yield BrokenRule(
                path=("nth",),
                problem=f"fault {self.id} decides a chargeback by payer {self.nth} of {self.contest}, who makes none",
                remedy="write a fault chargeback of that payer before it",
            )
        for rival in earlier:
            yield from self.aims_at_the_victim_of(rival)
        yield from self.too_late(scenario)


class DisputeWon(_DisputeDecided):
    """The chargeback by the n-th payer is won `delay_hours` later: Stripe gives the amount back, and keeps its fee."""

    kind: Literal["dispute_won"]
    title = "A chargeback is won"
    origin = "The bank follows the evidence. Since 2025 Stripe keeps the fee for a dispute however it ends."
    recovery = "Books the amount that came back, once, and keeps the fee as its loss."
    status = "won"
    drawn = 32


class DisputeLost(_DisputeDecided):
    """The chargeback by the n-th payer is lost `delay_hours` later: what was taken stays away."""

    kind: Literal["dispute_lost"]
    title = "A chargeback is lost"
    origin = "Nobody answered in time, or the bank does not follow the evidence: the usual ending."
    recovery = "Records the ending. The loss was booked when the bank took the money."
    status = "lost"
    drawn = 33


DisputeKinds = DisputeInquiry | ChargebackInParts | DisputeWon | DisputeLost
