"""Entrants whose payment is declined, canceled, left, takes days, or is of another amount or currency."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import simpy

from simulation.clock import SimProcess
from simulation.errors import UsageError
from simulation.history import caused_by
from simulation.scenario.faults.paying import (
    PaymentAbandoned,
    PaymentBounced,
    PaymentCanceled,
    PaymentDeclined,
    PaymentSlow,
    PaymentToldBackwards,
    PaymentTooLittle,
    PaymentTooMuch,
    PaymentWrongCurrency,
    WrongAmount,
)
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.registry import kind_of
from simulation.world.entrants.purses import Means
from simulation.world.faults.context import FaultContext, carries_out
from simulation.world.faults.people import record_action
from simulation.world.ports import ChargedThere
from simulation.world.stripe.objects.payment_method import ANY_CARD, BANK_DEBIT, NEEDS_AUTHENTICATION

_DECLINED = Means(payment_method="pm_card_chargeDeclined", tries_again=True)
_CANCELED = Means(payment_method=ANY_CARD, tries_again=True, new_intent=True)
_LEFT = Means(payment_method=NEEDS_AUTHENTICATION, outcome="left")
_DEBIT = Means(payment_method=BANK_DEBIT, outcome="under_way")
_AFTER_THE_END_SECONDS = 600
"""How long after the end of a payment the event of its beginning comes."""


@carries_out(PaymentDeclined)
def decline(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The first cards of an entrant do not pay."""
    yield _disturb(around, fault, [_DECLINED] * fault.times, detail="a card is declined")


@carries_out(PaymentAbandoned)
def walk_away(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The bank asks the entrant, and gets no answer."""
    yield _disturb(around, fault, [_LEFT], detail="the entrant leaves while the bank waits")


@carries_out(PaymentCanceled)
def cancel(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """When the entrant comes to pay, the intent has just been canceled."""
    yield _disturb(
        around, fault, [_CANCELED], detail="the intent is canceled at Stripe", also=around.twin.payments.cancel
    )


@carries_out(PaymentTooLittle)
@carries_out(PaymentTooMuch)
def pay_wrong_amount(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """When the entrant comes to pay, the amount of the intent has just been changed."""
    kind = kind_of(fault)
    assert issubclass(kind, WrongAmount), f"{fault.kind} is of another family"
    contest = str(fault.contest)
    cents = kind.paid_cents(around.entry_fees[contest], around.currencies[contest])

    def change(intent: str) -> None:
        around.payers.leave_out(intent)
        around.twin.payments.change_amount(intent, amount_cents=cents)

    means = Means(outcome="wrong_amount", amount_cents=cents)
    yield _disturb(around, fault, [means], detail="an intent's amount was changed at Stripe", also=change)


@carries_out(PaymentWrongCurrency)
def pay_wrong_currency(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """When the entrant comes to pay, the currency of the intent has just been changed."""
    other = PaymentWrongCurrency.paid_in(around.currencies[str(fault.contest)])

    def change(intent: str) -> None:
        around.payers.leave_out(intent)
        around.twin.payments.change_currency(intent, currency=other)

    means = Means(outcome="wrong_currency", currency=other)
    yield _disturb(around, fault, [means], detail="an intent's currency was changed at Stripe", also=change)


@carries_out(PaymentSlow)
def arrive_late(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The money of a bank debit comes days later."""
    user_id, intent = yield _disturb(around, fault, [_DEBIT], detail="a bank debit is under way")
    yield around.kernel.sleep(fault.delay_seconds)
    with caused_by(f"fault:{fault.fault_id}"):
        around.twin.payments.arrive(intent)
        contest = str(fault.contest)
        record_action(around, contest, user_id, "paid", amount_cents=around.entry_fees[contest], payment=intent)


@carries_out(PaymentBounced)
def bounce(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The bank returns a debit days later."""
    user_id, intent = yield _disturb(around, fault, [_DEBIT], detail="a bank debit is under way")
    yield around.kernel.sleep(fault.delay_seconds)
    with caused_by(f"fault:{fault.fault_id}"):
        around.twin.payments.bounce(intent)
        record_action(around, str(fault.contest), user_id, "never_paid", payment=intent)


@carries_out(PaymentToldBackwards)
def tell_backwards(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The bank returns a debit days later; the event of its beginning comes after that of its end."""

    def hold_back(intent: str) -> None:
        late = fault.delay_seconds + _AFTER_THE_END_SECONDS
        around.twin.hold_back(intent, "payment_intent.processing", seconds=late, fault_id=fault.fault_id)

    detail = "a bank debit is under way, and nobody hears of it"
    user_id, intent = yield _disturb(around, fault, [_DEBIT], detail=detail, also=hold_back)
    yield around.kernel.sleep(fault.delay_seconds)
    with caused_by(f"fault:{fault.fault_id}"):
        around.twin.payments.bounce(intent)
        record_action(around, str(fault.contest), user_id, "never_paid", payment=intent)


def _disturb(
    around: FaultContext,
    fault: PlannedFault,
    means: Sequence[Means],
    *,
    detail: str,
    also: Callable[[str], None] | None = None,
) -> simpy.Event:
    """Prepare the payment. The event that is returned occurs at the first try, with user id and intent.

    :param also: what happens to the intent besides, just before each try.
    """
    came = around.kernel.env.event()
    if also is not None and isinstance(around.people, ChargedThere):
        raise UsageError(
            place=f"fault {fault.fault_id} ({fault.kind})",
            problem="it changes an intent that waits to be paid, and here none does: the backend makes and confirms "
            "it when it is handed a payment method (pay of people.py)",
            remedy="leave the fault out of the scenario",
        )

    def struck(person: str, intent: str | None) -> None:
        user_id = around.registry.user_ids[person]
        made = {} if intent is None else {"payment_intent": intent}
        around.injector.strike(fault, {**made, "user_id": user_id}, detail=detail)
        if intent is None:
            return
        with caused_by(f"fault:{fault.fault_id}"):
            if also is not None:
                also(intent)
        if not came.triggered:
            came.succeed((user_id, intent))

    around.purses.put(str(fault.contest), fault.nth, means, struck)
    return came
