"""What happens to prizes in winners' accounts: Stripe takes them back, and banks do not take them."""

from __future__ import annotations

from collections.abc import Generator
from typing import Any

from simulation.clock import SimProcess
from simulation.history import caused_by
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.registry import kind_of
from simulation.scenario.faults.unannounced import ReversalUnannounced
from simulation.scenario.faults.winners import (
    AccountOverdrawn,
    BankPayoutFailed,
    BankPayoutReturned,
    TransferReversed,
    parts_of,
)
from simulation.world.entrants.winners import Paid
from simulation.world.faults.context import FaultContext, carries_out
from simulation.world.faults.people import record_action
from simulation.world.stripe.objects.payout import Payout

_AN_HOUR = 3_600


@carries_out(TransferReversed)
@carries_out(ReversalUnannounced)
def take_back(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """Stripe reverses a transfer, part by part."""
    paid: Paid = yield around.winners.until(str(fault.contest), fault.nth)
    yield around.kernel.sleep(fault.delay_seconds - (fault.times - 1) * _AN_HOUR)
    for number, cents in enumerate(parts_of(paid.amount_cents, fault.times)):
        if number:
            yield around.kernel.sleep(_AN_HOUR)
        _reverse(around, fault, paid, cents, detail="Stripe takes a prize back")


@carries_out(AccountOverdrawn)
def take_back_what_is_gone(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """Stripe sends the prize to the bank, and reverses the transfer afterwards."""
    paid: Paid = yield around.winners.until(str(fault.contest), fault.nth)
    yield from _sent_to_bank(around, fault, paid)
    yield around.kernel.sleep(fault.delay_seconds)
    _reverse(around, fault, paid, paid.amount_cents, detail="Stripe takes a prize back that has been drawn")


def _reverse(around: FaultContext, fault: PlannedFault, paid: Paid, cents: int, *, detail: str) -> None:
    with around.doing(fault):
        around.injector.strike(fault, {"stripe_transfer": paid.transfer}, detail=detail)
        reversal = around.twin.reversals.make_by_stripe(paid.transfer, amount_cents=cents)
        told = f"reversal {reversal.id} of {paid.transfer}"
        record_action(around, str(fault.contest), paid.user_id, "lost_prize", amount_cents=cents, detail=told)


def _sent_to_bank(around: FaultContext, fault: PlannedFault, paid: Paid) -> Generator[Any, Any, Payout]:
    """Stripe sends the prize to the winner's bank, as soon as nobody keeps it from leaving."""
    yield from _not_paused(around, paid)
    with caused_by(f"fault:{fault.fault_id}"):
        return around.twin.payouts.send_by_stripe(paid.account, amount_cents=paid.amount_cents, currency=paid.currency)


def _not_paused(around: FaultContext, paid: Paid) -> SimProcess:
    while around.twin.payouts.is_paused(paid.account):
        yield around.kernel.sleep(_AN_HOUR)


@carries_out(BankPayoutFailed)
@carries_out(BankPayoutReturned)
def refuse_at_the_bank(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """Stripe sends the prize to the winner's bank; the bank does not take it, or sends it back."""
    kind = kind_of(fault)
    assert issubclass(kind, BankPayoutFailed | BankPayoutReturned), f"{fault.kind} is neither"
    until_refused = kind.hours_until_refused * _AN_HOUR
    paid: Paid = yield around.winners.until(str(fault.contest), fault.nth)
    yield around.kernel.sleep(fault.delay_seconds - until_refused)
    payout = yield from _sent_to_bank(around, fault, paid)
    yield around.kernel.sleep(until_refused)
    yield from _not_paused(around, paid)
    if payout.status == "canceled":  # it waited too long
        payout = yield from _sent_to_bank(around, fault, paid)
    with caused_by(f"fault:{fault.fault_id}"):
        around.injector.strike(fault, {"stripe_payout": payout.id}, detail="a winner's bank refuses the prize")
        around.twin.payouts.fail(payout.id, code=kind.code)
        told = f"payout {payout.id}"
        cents = payout.amount_cents
        record_action(around, str(fault.contest), paid.user_id, "bank_refused", amount_cents=cents, detail=told)
