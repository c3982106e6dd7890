"""Faults of Stripe as a whole: it does not answer, keeps the money back, or signs with another secret."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, ClassVar, Literal, Self

from simulation.scenario.faults.alerting import JOB_INTERVAL, alerted
from simulation.scenario.faults.buyers import meets_no_sale, turns_victims_away, while_people_buy
from simulation.scenario.faults.expectation import SELF_HEALS, Expectation
from simulation.scenario.faults.fault import At, Beyond, Fault, Minutes, Status, Window
from simulation.scenario.faults.needs import KEY_TO_ROLL
from simulation.scenario.faults.payments import PaymentFault
from simulation.scenario.faults.people import PersonFault
from simulation.scenario.faults.provider import FeedFault
from simulation.scenario.faults.rule import BrokenRule, minute
from simulation.scenario.faults.transfers import STATUSES_THAT_PASS, CallFault, CallMode, may_pass
from simulation.scenario.faults.victims import sure_transfers
from simulation.words import plural

if TYPE_CHECKING:
    from simulation.scenario.contest import Contest
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

_UNTIL_PAYOUT = timedelta(minutes=15)
"""From the final board to the first attempt at its prizes: poll, completion, settlement and payout, 5 minutes each."""
_RECONCILIATION_HOUR = 2


class PayoutWindowFault(Fault):
    """One that strikes whatever falls due in its window, and no victim of its own: payouts, or what buyers cause."""

    at: At
    minutes: Minutes

    @property
    def ends_at(self) -> datetime:
        return self.at + timedelta(minutes=self.minutes)

    longest_wait: ClassVar[timedelta] = timedelta(hours=12)
    """How long its runbook waits for its end."""
    noticed_after: ClassVar[timedelta] = timedelta(0)
    """From when the first prize is kept back to when the condition of its alert holds."""
    held_for: ClassVar[timedelta] = timedelta(0)
    """How long the condition must hold for the alert."""
    takes_attempts: ClassVar[bool] = False
    """It may use up attempts at the transfers that fall due in it."""
    keeps_buyers_out: ClassVar[bool] = False
    """Who comes to buy while it is on may be refused until they give up."""

    def window(self, scenario: Scenario, seed: int) -> Window:
        return Window(starts_at=self.at, ends_at=self.ends_at)

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        """Prizes are kept back from the first payout that falls due in it until the scheduler's first run after it."""
        if scenario.profile == "payments":
            return SELF_HEALS
        due = [final for final in _sure_payouts(scenario) if self.at <= final + _UNTIL_PAYOUT and final < self.ends_at]
        if not due:
            return self.expects
        kept_back = self.ends_at - max(self.at, min(due)) - self.noticed_after
        if kept_back > self.longest_wait:
            hours = self.longest_wait // timedelta(hours=1)
            return Beyond(
                field="minutes",
                problem=f"prizes are kept back for {kept_back}, and the runbook waits {plural(hours, 'hour')}, then "
                "escalates",
                remedy=f"let it end {plural(hours, 'hour')} after the final board, or earlier",
            )
        return alerted(
            scenario,
            least=kept_back - _UNTIL_PAYOUT,
            most=kept_back + JOB_INTERVAL,
            held_for=self.held_for,
            field="minutes",
            runbook=self.expects,
        )

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """Something must be due within the window; of two faults at once one would hide the other."""
        yield from self._beside_buyers(scenario) if scenario.profile == "payments" else self._beside_payouts(scenario)
        for rival in scenario.faults:
            if rival is not self and self.is_hidden_by(rival, scenario):
                yield BrokenRule(
                    path=("at",),
                    problem=f"faults {self.id} and {rival.id} are on at one time, and one would hide the other",
                    remedy="move one of them",
                )

    def _beside_buyers(self, scenario: Scenario) -> Iterator[BrokenRule]:
        yield from meets_no_sale(self, scenario)
        if self.keeps_buyers_out:
            yield from turns_victims_away(self, scenario)
        status = getattr(self, "status", None)
        if status is not None and not may_pass(status):
            yield BrokenRule(
                path=("status",),
                problem=f"fault {self.id}, status {status}: an answer that says it is no use to try again",
                remedy=f"one of {STATUSES_THAT_PASS}",
            )

    def _beside_payouts(self, scenario: Scenario) -> Iterator[BrokenRule]:
        payouts, wait = tuple(_sure_payouts(scenario)), _UNTIL_PAYOUT
        if not any(self.at <= final and final + 2 * wait <= self.ends_at for final in payouts):
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} from {minute(self.at)} to {minute(self.ends_at)}: no prize is sure to be due "
                "in it",
                remedy="let it begin before a final board whose contest is sure to have a prize, and last 30 minutes "
                "more",
            )
        yield from self.beyond_payouts(scenario)

    def beyond_payouts(self, scenario: Scenario) -> Iterator[BrokenRule]:
        """What else must not come into the window."""
        yield from ()

    def is_hidden_by(self, rival: Fault, scenario: Scenario) -> bool:
        return isinstance(rival, PayoutWindowFault) and self.at < rival.ends_at and rival.at < self.ends_at

    def falls_due_within(self, contest: Contest, scenario: Scenario) -> bool:
        final = scenario.tournaments[contest.tournament].final_board_at
        return self.at <= final + _UNTIL_PAYOUT and final <= self.ends_at

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        """From just before a final board, so that its prizes fall due in it; or while people buy."""
        if drawing.scenario.profile == "payments":
            return cls._drawn_among_buyers(drawing)
        final = drawing.scenario.tournaments[drawing.tournament()].final_board_at
        minutes = drawing.source.choice((75, 120))
        return cls._drawn(at=final - timedelta(minutes=10), minutes=minutes, expect=cls.expects)

    @classmethod
    def _drawn_among_buyers(cls, drawing: Drawing, **fields: int) -> Self | None:
        """Of a shop nobody knows a runbook: it gets over it by itself."""
        when = while_people_buy(drawing)
        return None if when is None else cls._drawn(at=when[0], minutes=when[1], expect=SELF_HEALS, **fields)

    @classmethod
    def _drawn_where_it_fits(cls, drawing: Drawing, **fields: int) -> Self | None:
        """From just before a final board, so that its prizes fall due in it, and in nobody's way that was drawn."""
        scenario, minutes = drawing.scenario, drawing.source.choice((75, 120))
        finals = {scenario.tournaments[contest.tournament].final_board_at for contest in scenario.contests}
        starts = [final - timedelta(minutes=10) for final in sorted(finals)]
        some = [cls._drawn(at=at, minutes=minutes, expect=cls.expects, **fields) for at in starts]
        drawn = scenario.model_copy(update={"faults": drawing.faults})
        fitting = [one for one in some if not any(one.broken(drawn, ()))]
        return drawing.source.choice(fitting) if fitting else None


def _sure_payouts(scenario: Scenario) -> Iterator[datetime]:
    """Final boards after which prizes are due without delay: no fault of the scores keeps the settlement back."""
    for contest in scenario.contests:
        tournament = scenario.tournaments[contest.tournament]
        delayed = any(
            isinstance(fault, FeedFault)
            and fault.tournament == contest.tournament
            and fault.over(tournament) + timedelta(hours=1) > tournament.final_board_at
            for fault in scenario.faults
        )
        if not delayed and sure_transfers(contest, scenario):
            yield tournament.final_board_at


class StripeWindowFault(PayoutWindowFault, CallFault):
    """One during which calls to Stripe are struck."""

    aim = ("service", "stripe")
    hides_transfers: ClassVar[bool] = True
    """Other faults of transfers strike nobody while it is on."""

    @classmethod
    def concerns(cls, path: str) -> bool:
        """Whether calls of this path are struck."""
        return True


class NobodyServed(PayoutWindowFault):
    """One during which no call to Stripe comes to anything."""

    turns_people_away = True
    keeps_buyers_out = True
    takes_attempts = True
    expects = Expectation(runbook="stripe_outage")
    held_for = timedelta(minutes=10)

    def beyond_payouts(self, scenario: Scenario) -> Iterator[BrokenRule]:
        """Whoever else needs Stripe must not come into it."""
        for contest in scenario.contests:
            if contest.entry_fee_cents and self.at < contest.start and contest.created < self.ends_at:
                yield BrokenRule(
                    path=("at",),
                    problem=f"fault {self.id}: entrants of {contest.key} pay from {minute(contest.created)} to "
                    f"{minute(contest.start)}, and an outage would turn them away",
                    remedy="move it to a time in which nobody enters",
                )
        night = self.at.replace(hour=_RECONCILIATION_HOUR, minute=0, second=0)
        if any(self.at <= moment <= self.ends_at for moment in (night, night + timedelta(days=1))):
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} is on at 02:00, when the books are compared with Stripe's",
                remedy="let it end before, or begin after",
            )


class StripeOutage(NobodyServed, StripeWindowFault):
    """For `minutes` from `at` every call of the platform to Stripe times out, or answers `status`."""

    kind: Literal["stripe_outage"]
    of_orders = True
    status: Status | None = None
    title = "Stripe does not answer for a while"
    origin = "Stripe's API is down, or the way there: a region, a proxy, an expired certificate on the way."
    recovery = "Keeps each transfer open under its key. The runbook waits for Stripe and sees that they are taken up."
    mode: ClassVar[CallMode] = "timeout_before"
    silences_webhooks = True

    @classmethod
    def effect(cls, *, status: int | None, again: bool) -> CallMode:
        return cls.mode if status is None else "error"

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        if self.status is not None and not may_pass(self.status):
            return Beyond(
                field="status",
                problem="the runbook stripe_outage waits only when Stripe's answer says that it is no use now, and "
                "escalates one that refuses us",
                remedy=f"one of {STATUSES_THAT_PASS}",
            )
        return super().ending(scenario)


class ApiKeyRolled(NobodyServed):
    """At `at` the platform's key of Stripe's API expires; the one in its place comes to it `minutes` later."""

    kind: Literal["api_key_rolled"]
    title = "Stripe's API key is rolled, and the new one comes late"
    origin = "Somebody rolls the key and lets the old one expire at once; the secret store gets the new one by hand."
    recovery = "Keeps each transfer open, and takes the new key up as soon as it is there, without being started again."
    aim = ("service", "stripe")
    acts = True
    needs = (KEY_TO_ROLL,)
    drawn = 49

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        return cls._drawn_where_it_fits(drawing)

    def beyond_payouts(self, scenario: Scenario) -> Iterator[BrokenRule]:
        """A key is rolled once: the second would be the first one's."""
        yield from super().beyond_payouts(scenario)
        for rival in scenario.faults:
            if isinstance(rival, ApiKeyRolled) and rival is not self:
                yield BrokenRule(
                    path=("at",),
                    problem=f"faults {self.id} and {rival.id} both roll the key",
                    remedy="leave one of them out",
                )


class StripeReserve(StripeWindowFault):
    """For `minutes` from `at` Stripe holds the whole available balance back: it counts as pending."""

    kind: Literal["stripe_reserve"]
    title = "Stripe holds the available balance back for a while"
    origin = "A reserve after a review of the account, or charges that take longer than usual to become available."
    recovery = (
        "Sends nothing that the balance does not cover. The runbook waits for the money and sees that it is sent."
    )
    expects = Expectation(runbook="payout_balance_insufficient")
    longest_wait = timedelta(hours=72)
    mode = "reserve"

    @classmethod
    def concerns(cls, path: str) -> bool:
        """Those that ask for money or for the balance."""
        return path in ("/v1/transfers", "/v1/balance")


_ROOM_TO_PAY = timedelta(hours=1)
_ANSWERED = timedelta(hours=12)
"""From the last payment that may be the first to be refused, until everything is as before."""
_STILL_UNDER_WAY_HOURS = 48
"""How long after its contest's lock a fault of a payment may still have its say."""
_BEFORE = timedelta(hours=3)


class SigningSecretRolled(Fault):
    """From `at` on Stripe signs the webhooks of the platform's endpoint with a secret that it was never told."""

    kind: Literal["signing_secret_rolled"]
    at: At
    title = "Stripe signs with a secret that the platform does not have"
    origin = "Somebody rolls the secret at Stripe, or a deployment brings the wrong one: every delivery is refused."
    recovery = (
        "Refuses each delivery. The runbook switches to the standby endpoint and fetches the events that it missed."
    )
    expects = Expectation(runbook="webhook_signature_failure")
    aim = ("service", "stripe")
    acts = True
    drawn = 2

    def window(self, scenario: Scenario, seed: int) -> Window:
        return Window(starts_at=self.at)

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        """Somebody is sure to pay soon after, and no other fault is about payments, Stripe or the database then."""
        victims = [contest for contest in scenario.contests if self._is_paid_after(contest)]
        if not victims:
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} at {minute(self.at)}: nobody is sure to pay after it",
                remedy="let it begin before a contest with an entry fee is created, or before the hour of its late "
                "joiners",
            )
            return
        first = min(victims, key=lambda contest: (contest.lock, contest.key))
        over = first.lock + _ANSWERED
        if over > min(scenario.tournaments[contest.tournament].final_board_at for contest in victims):
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id}: a contest may be settled before {minute(over)}, without some payments",
                remedy="let it begin before a contest that is played longer",
            )
        for rival in scenario.faults:
            if rival is not self and self._meets(rival, over, scenario):
                yield BrokenRule(
                    path=("at",),
                    problem=f"faults {self.id} and {rival.id} may be on at one time, and one would hide the other",
                    remedy="move one of them to another contest's payments",
                )

    def _is_paid_after(self, contest: Contest) -> bool:
        """Late joiners pay in the last hour before the lock."""
        if not contest.entry_fee_cents or contest.lock - _ROOM_TO_PAY <= self.at:
            return False
        return contest.late_joiners > 0 or (contest.created >= self.at and contest.entrants > contest.non_payers)

    def _meets(self, rival: Fault, over: datetime, scenario: Scenario) -> bool:
        if isinstance(rival, SigningSecretRolled):
            return True
        if rival.silences_webhooks:
            return self.at - _BEFORE <= rival.window(scenario, seed=0).starts_at <= over
        if not isinstance(rival, PaymentFault | PersonFault):
            return False
        contest = rival.its_contest(scenario)
        hours = max(_STILL_UNDER_WAY_HOURS, rival.hours_after + 12)
        return contest.created <= over and self.at <= contest.lock + timedelta(hours=hours)

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        paid = [contest for contest in drawing.scenario.contests if contest.entry_fee_cents]
        if not paid:
            return None
        created = drawing.source.choice(paid).created
        at = max(drawing.scenario.start, created - timedelta(minutes=drawing.source.randint(1, 90)))
        return cls._drawn(at=at, expect=cls.expects)


StripeKinds = StripeOutage | StripeReserve | SigningSecretRolled | ApiKeyRolled
