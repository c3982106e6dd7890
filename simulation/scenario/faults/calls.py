"""Faults of calls to Stripe while prizes are paid that concern some of them only, or make all of them slow."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, Self

from pydantic import Field

from simulation.scenario.faults.expectation import SELF_HEALS, Expectation
from simulation.scenario.faults.fault import Beyond, Fault, Status
from simulation.scenario.faults.rule import BrokenRule, minute
from simulation.scenario.faults.statement_fault import StatementFault
from simulation.scenario.faults.stripe import StripeWindowFault
from simulation.scenario.faults.transfers import STATUSES_THAT_PASS, CallMode, may_pass

if TYPE_CHECKING:
    from simulation.scenario.faults.drawing import Drawing
    from simulation.scenario.model import Scenario

_NIGHT_HOUR = 2
_MARGIN = timedelta(hours=1)


class PartialTrouble(StripeWindowFault):
    """One that a platform gets over by itself: calls succeed at last, within the run or at the next one."""

    expects = SELF_HEALS
    hides_transfers = False
    takes_attempts = True  # but of no transfer that a fault of transfers is aimed at
    fails_steps: ClassVar[bool] = False
    """It may fail a step of a runbook."""

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        return self.expects

    def beyond_payouts(self, scenario: Scenario) -> Iterator[BrokenRule]:
        """An attempt that is broken off, too, a step of a runbook and the nightly comparison must not fail by it."""
        if not self.takes_attempts:
            return
        for rival in scenario.faults:
            if rival is not self and self._disturbs(rival) and self._meets(rival, scenario):
                yield BrokenRule(
                    path=("at",),
                    problem=f"fault {self.id} may fail a call that {rival.id} and its recovery need",
                    remedy="move one of them to another payout",
                )
        night = self.at.replace(hour=_NIGHT_HOUR, minute=0, second=0)
        if any(self.at <= moment <= self.ends_at for moment in (night, night + timedelta(days=1))):
            yield BrokenRule(
                path=("at",),
                problem=f"fault {self.id} from {minute(self.at)} to {minute(self.ends_at)} is on at 02:00, when the "
                "books are compared with Stripe's",
                remedy="let it end before, or begin after",
            )

    def _disturbs(self, rival: Fault) -> bool:
        broken_off = isinstance(rival, StatementFault) and "payout" in rival.transaction
        return broken_off or (self.fails_steps and rival.expect.runbook is not None)

    def _meets(self, rival: Fault, scenario: Scenario) -> bool:
        planned = rival.planned(scenario, 0)
        return planned.starts_at <= self.ends_at + _MARGIN and self.at <= planned.over_by + _MARGIN

    @classmethod
    def draw(cls, drawing: Drawing) -> Self | None:
        among = cls._drawn_among_buyers if drawing.scenario.profile == "payments" else cls._drawn_where_it_fits
        return among(drawing, **cls._more(drawing))

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        """Fields that a kind has besides."""
        return {}


class StripeSlow(PartialTrouble):
    """For `minutes` from `at` every call of the platform to Stripe succeeds, each after `seconds`."""

    kind: Literal["stripe_slow"]
    of_orders = True
    seconds: Annotated[
        int, Field(ge=1, le=29, description="Simulated seconds until the answer; the client waits for thirty")
    ] = 20
    title = "Stripe answers slowly"
    origin = "An incident that Stripe's status page calls elevated latency; a way through another continent."
    recovery = "Waits for each answer, and does late what fell due meanwhile. Nothing is sent twice."
    mode = "slow"
    takes_attempts = False
    drawn = 53

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        return {"seconds": drawing.source.randint(2, 29)}


class StripeFlaky(PartialTrouble):
    """For `minutes` from `at` of `every` calls of a kind one answers `status`, without effect, and the first is one.

    Calls of one kind have their method and resource in common. One with an idempotency key is struck once.
    """

    kind: Literal["stripe_flaky"]
    of_orders = True
    every: Annotated[int, Field(ge=3, le=10, description="Of how many calls of a kind one fails")] = 3
    status: Status | None = None
    title = "A share of the calls to Stripe fails"
    origin = "One of several hosts behind Stripe's load balancer is ill; 424 when a service behind it is."
    recovery = "Takes each failure for what it is, repeats that call under its key, and goes on with the others."
    turns_people_away = True
    fails_steps = True
    mode = "error"
    usual_status = 503
    drawn = 51

    def ending(self, scenario: Scenario) -> Expectation | Beyond:
        if self.status is not None and not may_pass(self.status):
            return Beyond(
                field="status",
                problem="an answer that says it is no use to try again",
                remedy=f"one of {STATUSES_THAT_PASS}",
            )
        return super().ending(scenario)

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        return {"every": drawing.source.randint(3, 6), "status": drawing.source.choice((424, 429, 500, 503))}


class StripeRateLimited(PartialTrouble):
    """In `minutes` from `at` the first transfer is answered 429 with `Retry-After`, and so is what comes too early.

    Concerned are transfers alone; from the time that was named on they are made as ever.
    """

    kind: Literal["stripe_rate_limited"]
    seconds: Annotated[int, Field(ge=2, le=240, description="What `Retry-After` says")] = 120
    title = "Stripe limits the rate of transfers and says how long to wait"
    origin = "A batch of prizes sent as fast as a loop runs; a limit that Stripe lowered for the account."
    recovery = "Sends no transfer before the time that Stripe named, keeps its attempts, and goes on from there."
    mode: ClassVar[CallMode] = "error"
    usual_status = 429
    drawn = 52

    @classmethod
    def concerns(cls, path: str) -> bool:
        return path == "/v1/transfers"

    @classmethod
    def _more(cls, drawing: Drawing) -> dict[str, int]:
        return {"seconds": drawing.source.randint(30, 240)}


PartialKinds = StripeSlow | StripeFlaky | StripeRateLimited
