"""Faults by which Stripe or a bank does something by itself, and the event that tells of it never comes.

Of a payment the platform knows that it is to come; of these it knows by the event alone. So the nightly look at what
Stripe could not deliver is what finds them (fixtures/spec/platform.md, "Daily reconciliation").
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from simulation.scenario.faults.alerting import STORM_RUNBOOK
from simulation.scenario.faults.events import WebhookEndpointDisabled, night_after
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import VictimFault, runbooks_of
from simulation.scenario.faults.people import Chargeback, ChargedBack
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.refunds import PartsGivenBack
from simulation.scenario.faults.rule import BrokenRule, minute
from simulation.scenario.faults.stripe import SigningSecretRolled
from simulation.scenario.faults.winners import TakenBack, TransferReversed

if TYPE_CHECKING:
    from simulation.scenario.faults.fault import Fault
    from simulation.scenario.model import Scenario

_NOT_MISSING_YET = timedelta(hours=12)
"""An event that is younger may still come."""
_ROOM_TO_FETCH, _ROOM_TO_ANSWER = timedelta(hours=1), timedelta(hours=6)
_NEXT_RECONCILIATION = timedelta(hours=26)
_FETCH = "payment_webhook_missing"
_FETCHING = {_FETCH, STORM_RUNBOOK, *runbooks_of(WebhookEndpointDisabled), *runbooks_of(SigningSecretRolled)}
"""Runbooks that fetch every event that never came, whatever they are about."""


class Unannounced(VictimFault):
    """Its strikes are told by no event: Stripe has it, and could deliver it to nobody."""

    expects = Expectation(runbook=_FETCH)
    unannounced = True

    def planned(self, scenario: Scenario, seed: int) -> PlannedFault:
        """It is over when the night has passed that finds it."""
        planned = super().planned(scenario, seed)
        over_by = night_after(planned.over_by + _NOT_MISSING_YET) + _ROOM_TO_FETCH
        return planned.model_copy(update={"over_by": over_by})

    def _and_seen(self, rules: Iterable[BrokenRule], scenario: Scenario) -> Iterator[BrokenRule]:
        """``rules`` that are broken already, and whether the night sees it missing before anybody else fetches it."""
        known = list(rules)
        yield from known
        mine = self.planned(scenario, 0)
        too_late = mine.over_by + _ROOM_TO_ANSWER > scenario.end
        if too_late and not any(one.path == ("delay_hours",) for one in known):
            yield BrokenRule(
                path=("delay_hours",),
                problem=f"fault {self.id} may be seen missing at {minute(mine.over_by)} only, too late before the end "
                f"{minute(scenario.end)}",
                remedy="lower delay_hours, or raise days",
            )
        for rival in scenario.faults:
            if rival is self or rival.expect.runbook not in _FETCHING:
                continue
            its = rival.planned(scenario, 0)
            fetched_by = its.over_by + (_ROOM_TO_FETCH if rival.unannounced else _NEXT_RECONCILIATION)
            if its.starts_at <= mine.over_by and mine.starts_at <= fetched_by:
                yield BrokenRule(
                    path=("contest",),
                    problem=f"fault {self.id} may be fetched before it is seen missing, by the runbook that "
                    f"{rival.id} calls for",
                    remedy="name a contest of other days, or leave one of them out",
                )


class RefundUnannounced(Unannounced, PartsGivenBack):
    """Stripe gives parts of the n-th payer's payment back, as by `refunded_by_stripe`, and no event tells of it."""

    kind: Literal["refund_unannounced"]
    title = "Stripe gives parts of a payment back, and the notice never comes"
    recovery = "Asks Stripe at night what it could not deliver. The runbook fetches it, and each part is booked once."
    drawn = 86

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from self._and_seen(super().broken(scenario, earlier), scenario)


class ChargebackUnannounced(Unannounced, ChargedBack):
    """The bank of the n-th payer takes the fee back, as by `chargeback`, and no event tells of it."""

    kind: Literal["chargeback_unannounced"]
    title = "A cardholder charges a payment back, and the notice never comes"
    recovery = "Asks Stripe at night what it could not deliver. One runbook fetches it, another sees to the dispute."
    also_calls_for = runbooks_of(Chargeback)
    drawn = 87

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from self._and_seen(super().broken(scenario, earlier), scenario)


class ReversalUnannounced(Unannounced, TakenBack):
    """Stripe takes the n-th transfer of a contest back, as by `transfer_reversed`, and no event tells of it."""

    kind: Literal["reversal_unannounced"]
    title = "Stripe takes a prize out of the winner's account again, and the notice never comes"
    recovery = "Asks Stripe at night what it could not deliver. The runbook fetches it, and the prize is owed again."
    also_calls_for = runbooks_of(TransferReversed)
    drawn = 88

    def broken(self, scenario: Scenario, earlier: Sequence[Fault]) -> Iterator[BrokenRule]:
        yield from self._and_seen(super().broken(scenario, earlier), scenario)


UnannouncedKinds = RefundUnannounced | ChargebackUnannounced | ReversalUnannounced
