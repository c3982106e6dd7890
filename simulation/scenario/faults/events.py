"""Faults of Stripe's events, whatever they are about: in another order, of another version, and again days later."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from simulation.scenario.faults.alerting import STORM_RUNBOOK
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import At, Fault, Minutes, VictimFault, Window
from simulation.scenario.faults.needs import STANDBY_ENDPOINT
from simulation.scenario.faults.paying import PayingFault
from simulation.scenario.faults.payments import USUAL_REPEATS, PaymentFault
from simulation.scenario.faults.rule import BrokenRule, minute
from simulation.scenario.faults.statement_fault import StatementFault
from simulation.scenario.faults.stripe import SigningSecretRolled
from simulation.scenario.faults.transfers import TransferFault
from simulation.scenario.faults.victims import sure_payments

if TYPE_CHECKING:
    from simulation.scenario.contest import Contest
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

_RECONCILIATION_HOUR = 2
_GRACE = timedelta(minutes=15)
"""A payment is seen missing when it is older (fixtures/spec/platform.md, "Daily reconciliation")."""
_A_MINUTE, _A_DAY = timedelta(minutes=1), timedelta(days=1)
_TWO = 2
DISABLED_AFTER = timedelta(days=3)
"""Nothing came through for so long: Stripe disables the endpoint (fixtures/spec/stripe.md 23)."""
_ROOM_TO_ENABLE = timedelta(hours=2)
_BEFORE = timedelta(hours=3)


class WebhookResent(PaymentFault):
    """The event of the n-th payment of a contest is delivered again `delay_hours` after its first delivery."""

    kind: Literal["webhook_resent"]
    delay_hours: Annotated[
        int, Field(ge=1, le=360, description="From the first delivery to the second; Stripe resends for 15 days")
    ]
    title = "The notice of a payment is sent again days later"
    origin = "Somebody at Stripe's dashboard clicks Resend, or a script resends all of last week's events."
    recovery = "Knows the event by its id, however old it is, and answers 200 without booking anything."
    mode = "duplicate"
    adds_to = STORM_RUNBOOK
    repeats = True
    drawn = 45

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        return {"delay_hours": drawing.source.randint(2, 100)}


class EventsWindowFault(Fault):
    """One that concerns all events that Stripe makes in its window, among them payments of a whole contest."""

    at: At
    minutes: Minutes
    aim = ("service", "stripe")
    of_orders = True
    least_payments: ClassVar[int] = 1

    @property
    def ends_at(self) -> datetime:
        return self.at + timedelta(minutes=self.minutes)

    def window(self, scenario: Scenario, seed: int) -> Window:
        return Window(starts_at=self.at, ends_at=self.ends_at)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """A contest is paid for from its creation to its start: whoever does, does it within."""
        if not any(self._has_the_payments_of(contest) for contest in scenario.contests):
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} from {minute(self.at)} to {minute(self.ends_at)}: no contest is sure to have "
                f"{self.least_payments} payments in it",
                remedy="let it begin before a contest with an entry fee is created, and last until its start",
            )

    def _has_the_payments_of(self, contest: Contest) -> bool:
        within = self.at <= contest.created and contest.start <= self.ends_at
        return within and sure_payments(contest) >= self.least_payments

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """Of one contest, from just before its creation."""
        paid = [one for one in drawing.scenario.contests if sure_payments(one) >= cls.least_payments]
        if not paid:
            return None
        contest = drawing.source.choice(paid)
        at = max(drawing.scenario.start, contest.created - timedelta(minutes=drawing.source.randint(1, 30)))
        minutes = -(-(contest.start - at) // _A_MINUTE)
        return cls._drawn(at=at, minutes=minutes, expect=cls.expects, **cls._more(drawing))

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        """Fields that a kind has besides."""
        return {}


class EventsReordered(EventsWindowFault):
    """Each event that Stripe makes in `minutes` from `at` on comes up to `spread_minutes` later, each in its time."""

    kind: Literal["events_reordered"]
    spread_minutes: Annotated[int, Field(ge=1, le=240, description="How much later an event comes at most")] = 10
    title = "Events of Stripe come in any order"
    origin = "Stripe promises no order: deliveries run beside each other, and one that fails comes minutes later."
    recovery = "Takes each event for what it says of its own moment, and lets no older one overwrite a newer one."
    silences_webhooks = True
    least_payments = _TWO
    drawn = 47

    def window(self, scenario: Scenario, seed: int) -> Window:
        return Window(starts_at=self.at, ends_at=self.ends_at, delay_seconds=60 * self.spread_minutes)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from super().broken(scenario, earlier)
        over = self.ends_at + timedelta(minutes=self.spread_minutes)
        night = night_after(self.at)
        if timedelta(minutes=self.spread_minutes) >= _GRACE and night <= over:
            yield BrokenRule(
                path=("spread_minutes",),
                problem=f"fault {self.id} may keep a payment back at {minute(night)}, when the books are compared with "
                "Stripe's: it would be seen missing",
                remedy="14 or fewer, or let it end before",
            )

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        return {"spread_minutes": drawing.source.randint(3, 14)}


class EventsOfOlderVersion(EventsWindowFault):
    """Events that Stripe makes in `minutes` from `at` on have the shape of an older API version than the SDK's."""

    kind: Literal["events_of_older_version"]
    title = "Events of Stripe have an older API version"
    origin = "An endpoint keeps the version of the day it was made; the SDK is pinned to another, and is upgraded."
    recovery = "Reads of an event only what every version has, and takes it whatever its version is."
    acts = True
    drawn = 48

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """The endpoint has one version at a time."""
        yield from super().broken(scenario, earlier)
        for rival in earlier:
            if isinstance(rival, EventsOfOlderVersion) and self.at <= rival.ends_at and rival.at <= self.ends_at:
                yield BrokenRule(
                    path=("at",),
                    problem=f"faults {self.id} and {rival.id} are on at one time, and one would hide the other",
                    remedy="move one of them",
                )


class EndpointsBothEnabled(EventsWindowFault):
    """From `at` on, for `minutes`, Stripe pushes each event to the standby endpoint as well, signed with its secret.

    Which of the two has an event first is chance. Each has retries of its own.
    """

    kind: Literal["endpoints_both_enabled"]
    title = "Stripe pushes every event to two endpoints"
    origin = "Half of a switch: somebody enables the standby at the dashboard, and does not disable the other one."
    recovery = (
        "Knows an event by its id, whichever endpoint brings it, and takes what the other brings for no repetition."
    )
    acts = True
    needs = (STANDBY_ENDPOINT,)
    drawn = 84

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """Nothing else concerns the endpoints, and none of the alerts that count deliveries is another fault's."""
        yield from super().broken(scenario, earlier)
        for edge in (self.at, self.ends_at):
            if night_after(edge) - edge < _GRACE or edge - (night_after(edge) - _A_DAY) < _GRACE:
                yield BrokenRule(
                    path=("at",),
                    problem=f"fault {self.id} begins or ends at {minute(edge)}, about when endpoints are looked at",
                    remedy="move it 15 minutes away from 02:00",
                )
        for rival in scenario.faults:
            if rival is not self and self._meets(rival, scenario):
                yield BrokenRule(
                    path=("at",),
                    problem=f"faults {self.id} and {rival.id} may be on at one time, and one would hide the other",
                    remedy="move one of them",
                )

    def _meets(self, rival: Fault, scenario: Scenario) -> bool:
        """After a secret was rolled the standby is the only one: nobody may disable it."""
        if isinstance(rival, SigningSecretRolled):
            return rival.at <= self.ends_at
        storm = isinstance(rival, PaymentFault) and rival.repeats_in_an_hour(scenario) > USUAL_REPEATS
        of_deliveries = isinstance(rival, StatementFault) and "webhooks" in rival.transaction
        if not (storm or of_deliveries or isinstance(rival, EndpointsBothEnabled)):
            return False
        planned = rival.planned(scenario, 0)
        return planned.starts_at <= self.ends_at and self.at <= planned.over_by


class WebhookEndpointDisabled(Fault):
    """From `at` on something before the platform turns Stripe's deliveries away, until Stripe disables the endpoint.

    Stripe does so when nothing has come through for three days; that day the way is free again, and nothing is sent.
    """

    kind: Literal["webhook_endpoint_disabled"]
    at: At
    title = "Stripe disables the webhook endpoint"
    origin = "A firewall rule, a certificate that ran out, a proxy that wants a login: Stripe gives up after some days."
    recovery = (
        "Finds at night the payments that Stripe has, and that no endpoint is enabled. Runbooks fetch the events and "
        "enable it."
    )
    expects = Expectation(runbook="webhook_endpoint_disabled")
    also_calls_for = ("payment_webhook_missing",)
    aim = ("service", "stripe")
    acts = True
    silences_webhooks = True
    of_orders = True
    drawn = 50

    def window(self, scenario: Scenario, seed: int) -> Window:
        """Over when the runbook of the night after it has been carried out."""
        return Window(starts_at=self.at, ends_at=self.over_by(scenario))

    def over_by(self, scenario: Scenario) -> datetime:
        """Three days after the first delivery that fails: the latest that can be."""
        paid = [contest.lock for contest in scenario.contests if self._is_paid_after(contest)]
        return night_after(min(paid, default=self.at) + DISABLED_AFTER) + _ROOM_TO_ENABLE

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """Somebody is sure to pay after it, who pays meanwhile is seen missing in time, and no fault is about that."""
        if not any(self._is_paid_after(contest) for contest in scenario.contests):
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} at {minute(self.at)}: nobody is sure to pay after it",
                remedy="let it begin before a contest with an entry fee is created",
            )
            return
        over = self.over_by(scenario)
        for contest in scenario.contests if scenario.profile == "contests" else ():
            final = scenario.tournaments[contest.tournament].final_board_at
            unheard = contest.entry_fee_cents and contest.created <= over and self.at <= contest.start
            if unheard and night_after(contest.start + _GRACE) + _ROOM_TO_ENABLE > final:
                yield BrokenRule(
                    path=("at",),
                    problem=f"fault {self.id}: {contest.key} may be settled at {minute(final)} without payments that "
                    "are seen missing at night only",
                    remedy="let it begin after that contest, or have its final board on a later day than its payments",
                )
        for rival in scenario.faults:
            if rival is not self and self._meets(rival, over, scenario):
                yield BrokenRule(
                    path=("at",),
                    problem=f"fault {self.id} keeps Stripe's events back until {minute(over)}, among them those that "
                    f"{rival.id} is about",
                    remedy="move one of them to another time",
                )

    def _is_paid_after(self, contest: Contest) -> bool:
        return contest.created >= self.at and sure_payments(contest) > 0

    def _meets(self, rival: Fault, over: datetime, scenario: Scenario) -> bool:
        if isinstance(rival, WebhookEndpointDisabled | SigningSecretRolled):
            return True
        at_once = isinstance(rival, TransferFault) or (isinstance(rival, PayingFault) and not rival.hours_after)
        of_people = isinstance(rival, VictimFault) and not at_once
        of_events = isinstance(rival, EventsWindowFault) or rival.silences_webhooks
        of_deliveries = isinstance(rival, StatementFault) and "webhooks" in rival.transaction
        if not (of_people or of_events or of_deliveries):
            return False
        planned = rival.planned(scenario, 0)
        return planned.starts_at <= over and self.at <= planned.over_by + _BEFORE

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """Before a contest, where nothing that was drawn is in its way."""
        scenario, before = drawing.scenario, timedelta(minutes=drawing.source.randint(1, 90))
        starts = [max(scenario.start, one.created - before) for one in scenario.contests if sure_payments(one)]
        some = [cls._drawn(at=at, expect=cls.expects) for at in starts]
        drawn = scenario.model_copy(update={"faults": drawing.faults})
        fitting = [one for one in some if one.over_by(scenario) <= scenario.end and not any(one.broken(drawn, ()))]
        return drawing.source.choice(fitting) if fitting else None


def night_after(moment: datetime) -> datetime:
    """The next time at which the books are compared with Stripe's, and its endpoints are looked at."""
    night = moment.replace(hour=_RECONCILIATION_HOUR, minute=0, second=0, microsecond=0)
    return night if night >= moment else night + _A_DAY


EventKinds = WebhookResent | EventsReordered | EventsOfOlderVersion | EndpointsBothEnabled | WebhookEndpointDisabled
