"""Faults of the webhooks that announce a contest's payments."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from simulation.chance import chance
from simulation.scenario.faults.alerting import STORM_RUNBOOK, alerted
from simulation.scenario.faults.expectation import SELF_HEALS, Expectation
from simulation.scenario.faults.fault import Beyond, Fault, Times, VictimFault, Window
from simulation.scenario.faults.needs import PROGRAMS_TO_KILL
from simulation.scenario.faults.rule import BrokenRule, minute
from simulation.scenario.faults.victims import sure_payments
from simulation.words import plural

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

WebhookMode = Literal["delay", "duplicate", "second_event", "lost", "killed", "reset"]
"""What becomes of a delivery."""
_REPEAT_SECONDS = (60, 600)
"""A duplicate, or the second event of a payment, comes this much after the first."""
_A_DAY, _GRACE, _NEVER = timedelta(days=1), timedelta(minutes=15), timedelta(days=366)
_ROOM_TO_BOOK = timedelta(hours=1)
"""From when a payment is seen missing to when the runbook has booked it."""
_RECONCILIATION_HOUR = 2


def _comparison_after(paid: datetime) -> datetime:
    """When the books are compared with Stripe's first (fixtures/spec/platform.md, "Daily reconciliation")."""
    night = (paid + _GRACE).replace(hour=_RECONCILIATION_HOUR, minute=0, second=0)
    return night if night >= paid + _GRACE else night + _A_DAY


USUAL_REPEATS, _STORM = 3, Expectation(runbook=STORM_RUNBOOK)
"""Repeated deliveries within an hour that the alert StripeWebhookDuplicates lets pass, and its runbook."""
_STORM_MINUTES = 150
"""The runbook looks for three hours, from the fourth repetition on until an hour has passed after the last but two."""
_MISSING = Expectation(runbook="payment_webhook_missing")


_STRIPE_TRIES_FOR_SECONDS = 3 * 86_400
"""From the first delivery of an event (fixtures/spec/stripe.md, "Webhooks")."""


class PaymentFault(VictimFault):
    """One that strikes the announcement of the n-th payment of a contest."""

    victim = "payment"
    of_orders = True

    mode: ClassVar[WebhookMode]
    repeats: ClassVar[bool] = False
    """It is a delivery too many: over when the last one is answered."""
    found_missing: ClassVar[bool] = False
    """The nightly reconciliation sees the payment missing in the books."""

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """A payment is announced once: a second fault would find nothing to do."""
        yield from self.beyond_the_last(sure_payments(self.its_contest(scenario)))
        for rival in earlier:
            yield from self.aims_at_the_victim_of(rival)
        if self.found_missing and scenario.profile == "contests":
            yield from self._is_booked_in_time(scenario)

    def _is_booked_in_time(self, scenario: Scenario) -> Iterator[BrokenRule]:
        """A contest that is settled before anybody sees the payment missing is settled without it."""
        contest = self.its_contest(scenario)
        final = scenario.tournaments[contest.tournament].final_board_at
        late = _NEVER if self.mode == "lost" else timedelta(hours=self.hours_after)
        booked_by = min(contest.start + late, _comparison_after(contest.start))
        if booked_by + _ROOM_TO_BOOK > final:
            yield BrokenRule(
                path=("contest",),
                problem=f"fault {self.id}: a payment of {contest.key} may not be booked by {minute(booked_by)}, its "
                f"final board comes {minute(final)}",
                remedy="name a contest whose final board comes on a later day than its payments",
            )

    def window(self, scenario: Scenario, seed: int) -> Window:
        """Payments can be made from a contest's creation to its start."""
        contest = self.its_contest(scenario)
        return Window(starts_at=contest.created, last_chance=contest.start, delay_seconds=self.delay_seconds(seed))

    def repeats_in_an_hour(self, scenario: Scenario) -> int:
        """How many deliveries too many it makes within one hour at most."""
        return int(self.repeats)

    def delay_seconds(self, seed: int) -> int:
        """From when its event would be delivered to the delivery that the fault is about."""
        return 3_600 * self.hours_after

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        victim = drawing.payment(found_missing=cls.found_missing)
        if victim is None:
            return None
        return cls._drawn(contest=victim[0], nth=victim[1], expect=cls.expects, **cls._more(drawing))

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        """Fields that a kind has besides."""
        return {}


class _Repeated(PaymentFault):
    repeats = True

    def delay_seconds(self, seed: int) -> int:
        return chance(seed, "fault", self.id).randint(*_REPEAT_SECONDS)


class WebhookDuplicated(_Repeated):
    """The event of the n-th payment of a contest is delivered `times` more often than once, under the same id."""

    kind: Literal["webhook_duplicated"]
    times: Times = 1
    title = "The notice of a payment arrives twice"
    origin = "Stripe delivers at least once; an answer of ours that was lost is enough."
    recovery = "Knows the event by its id, books it once, and answers each further delivery with 200."
    mode = "duplicate"
    adds_to = STORM_RUNBOOK

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        """Each comes so many seconds after the one before: more than three within an hour are a storm."""
        longest = self.times * _REPEAT_SECONDS[1] // 60
        if longest > _STORM_MINUTES:
            return Beyond(
                field="times",
                problem=f"they may come for {longest} minutes, and the runbook waits {_STORM_MINUTES} for their end",
                remedy=f"{_STORM_MINUTES * 60 // _REPEAT_SECONDS[1]} or fewer",
            )
        return SELF_HEALS if self.times <= USUAL_REPEATS else _STORM

    def repeats_in_an_hour(self, scenario: Scenario) -> int:
        return self.times


class TwoEventsForOnePayment(_Repeated):
    """The n-th payment of a contest is announced by two events with different ids."""

    kind: Literal["two_events_for_one_payment"]
    title = "Stripe gives notice of one payment under two event ids"
    origin = "Stripe documents it: one type and object under two event ids. Keys made of event ids count it twice."
    recovery = "Books the payment under a key made of the payment, so that the second event changes nothing."
    mode = "second_event"


class WebhookDelayed(PaymentFault):
    """The event of the n-th payment of a contest is first delivered `delay_hours` after the payment."""

    kind: Literal["webhook_delayed"]
    delay_hours: Annotated[int, Field(ge=0, description="How long after the payment its event is first delivered")]
    title = "The notice of a payment arrives late"
    origin = "A backlog of deliveries at Stripe, or an endpoint that was unreachable for a day."
    recovery = "Sees at night that Stripe has a payment which the books lack. The runbook fetches its event."
    expects = _MISSING
    mode = "delay"
    found_missing = True

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        """Between the first payment of the contest and the last, any may be the n-th."""
        contest, late = self.its_contest(scenario), timedelta(hours=self.delay_hours)
        missed = [late - (_comparison_after(paid) - paid) for paid in (contest.created, contest.start)]
        several = _comparison_after(contest.created) != _comparison_after(contest.start)
        least, most = (late - _A_DAY - _GRACE, late) if several else (min(missed), max(missed))
        return alerted(scenario, least=least, most=most, field="delay_hours", runbook=_MISSING)

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        return {"delay_hours": drawing.source.randint(27, 40)}


class WebhookLost(PaymentFault):
    """The event of the n-th payment of a contest is never delivered; Stripe's list of events has it."""

    kind: Literal["webhook_lost"]
    title = "The notice of a payment never arrives"
    origin = "An endpoint that was down for longer than the three days Stripe keeps trying."
    recovery = "Sees at night that Stripe has a payment which the books lack. The runbook fetches its event."
    expects = _MISSING
    mode = "lost"
    found_missing = True


class WebhookThenKilled(PaymentFault):
    """The platform has dealt with the n-th payment's event and is killed before its answer leaves."""

    kind: Literal["webhook_then_killed"]
    title = "The platform is killed between its commit and its answer to a notice of payment"
    origin = "A deploy or an out-of-memory kill between the commit and the answer: Stripe delivers once more."
    recovery = "Knows the event by its id when Stripe delivers it again, and books it once."
    turns_people_away = True
    mode = "killed"
    adds_to = STORM_RUNBOOK
    needs = (PROGRAMS_TO_KILL,)
    drawn = 4


class WebhookReset(PaymentFault):
    """The platform has dealt with the n-th payment's event, and the connection drops before Stripe has its answer."""

    kind: Literal["webhook_reset"]
    times: Times = 1
    title = "The connection drops before the answer to a notice of payment arrives"
    origin = "A load balancer that recycles connections, an answer slower than Stripe's deadline: Stripe tries again."
    recovery = "Knows the event by its id when Stripe delivers it again, books it once, and answers 200."
    mode = "reset"
    adds_to = STORM_RUNBOOK
    repeats = True
    drawn = 6

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        """Each further delivery repeats one: many in one hour are a storm."""
        return SELF_HEALS if self.repeats_in_an_hour(scenario) <= USUAL_REPEATS else _STORM

    def repeats_in_an_hour(self, scenario: Scenario) -> int:
        at = list(accumulate(scenario.stripe.webhook_retry_seconds[: self.times]))
        return max(sum(0 <= after - first < 3_600 for after in at) for first in at)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """Stripe must try once more than the connection drops."""
        yield from super().broken(scenario, earlier)
        tries = sum(after <= _STRIPE_TRIES_FOR_SECONDS for after in accumulate(scenario.stripe.webhook_retry_seconds))
        if self.times > tries:
            yield BrokenRule(
                path=("times",),
                problem=f"fault {self.id} drops {plural(self.times, 'delivery', 'deliveries')} of one event, and "
                f"Stripe makes {tries} more after the first",
                remedy=f"{tries} or fewer, or more webhook_retry_seconds",
            )

    def window(self, scenario: Scenario, seed: int) -> Window:
        """It is over with the delivery that is answered."""
        waits = scenario.stripe.webhook_retry_seconds[: self.times]
        return replace(super().window(scenario, seed), delay_seconds=sum(waits))


PaymentKinds = (
    WebhookDuplicated | TwoEventsForOnePayment | WebhookDelayed | WebhookLost | WebhookThenKilled | WebhookReset
)
