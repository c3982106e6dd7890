"""Faults by which Stripe or a bank does something by itself, and the event that tells of it never comes.

Of a payment the platform knows that it is to come; of these it knows by the event alone. So the nightly look at what
Stripe could not deliver is what finds them (fixtures/spec/platform.md, "Daily reconciliation").
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Literal

from simulation.scenario.faults.events import night_after
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import VictimFault, runbooks_of
from simulation.scenario.faults.people import Chargeback, ChargedBack
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.refunds import PartsGivenBack
from simulation.scenario.faults.winners import TakenBack, TransferReversed

if TYPE_CHECKING:
    from simulation.scenario.model import Scenario

_NOT_MISSING_YET = timedelta(hours=12)
"""An event that is younger may still come."""
_ROOM_TO_FETCH = timedelta(hours=1)


class Unannounced(VictimFault):
    """Its strikes are told by no event: Stripe has it, and could deliver it to nobody."""

    expects = Expectation(runbook="payment_webhook_missing")
    unannounced = True

    def planned(self, scenario: Scenario, seed: int) -> PlannedFault:
        """It is over when the night has passed that finds it."""
        planned = super().planned(scenario, seed)
        over_by = night_after(planned.over_by + _NOT_MISSING_YET) + _ROOM_TO_FETCH
        return planned.model_copy(update={"over_by": over_by})


class RefundUnannounced(Unannounced, PartsGivenBack):
    """Stripe gives parts of the n-th payer's payment back, as by `refunded_by_stripe`, and no event tells of it."""

    kind: Literal["refund_unannounced"]
    title = "Stripe gives parts of a payment back, and the notice never comes"
    recovery = "Asks Stripe at night what it could not deliver. The runbook fetches it, and each part is booked once."
    drawn = 86


class ChargebackUnannounced(Unannounced, ChargedBack):
    """The bank of the n-th payer takes the fee back, as by `chargeback`, and no event tells of it."""

    kind: Literal["chargeback_unannounced"]
    title = "A cardholder charges a payment back, and the notice never comes"
    recovery = "Asks Stripe at night what it could not deliver. One runbook fetches it, another sees to the dispute."
    also_calls_for = runbooks_of(Chargeback)
    drawn = 87


class ReversalUnannounced(Unannounced, TakenBack):
    """Stripe takes the n-th transfer of a contest back, as by `transfer_reversed`, and no event tells of it."""

    kind: Literal["reversal_unannounced"]
    title = "Stripe takes a prize out of the winner's account again, and the notice never comes"
    recovery = "Asks Stripe at night what it could not deliver. The runbook fetches it, and the prize is owed again."
    also_calls_for = runbooks_of(TransferReversed)
    drawn = 88


UnannouncedKinds = RefundUnannounced | ChargebackUnannounced | ReversalUnannounced
