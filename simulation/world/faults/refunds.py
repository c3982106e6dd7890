"""Refunds that Stripe makes by itself, and refunds of the platform's that take their time to end."""

from __future__ import annotations

from simulation.clock import SimProcess
from simulation.history import caused_by
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.refunds import RefundCanceled, RefundedByStripe, RefundReturned, RefundSlow, part_cents
from simulation.scenario.faults.registry import kind_of
from simulation.scenario.faults.unannounced import RefundUnannounced
from simulation.world.faults.context import FaultContext, carries_out
from simulation.world.faults.people import payment_left, record_action
from simulation.world.stripe.objects.event import StripeEvent

_BETWEEN_PARTS_SECONDS = 3_600


@carries_out(RefundedByStripe)
@carries_out(RefundUnannounced)
def give_parts_back(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """Stripe refunds a part of a payment, and some time later another one."""
    contest = str(fault.contest)
    yield around.payers.until(contest, fault.nth)
    yield around.kernel.sleep(fault.delay_seconds)
    user_id = around.payers.user_id(contest, fault.nth)
    payment = payment_left(around, contest, user_id)
    if payment is None:
        return
    cents = part_cents(around.entry_fees[contest], fault.times, around.currencies[contest])
    for part in range(fault.times):
        if part:
            yield around.kernel.sleep(_BETWEEN_PARTS_SECONDS)
        with around.doing(fault):
            around.injector.strike(fault, {"payment_intent": payment}, detail="Stripe gives a part of a payment back")
            refund = around.twin.refunds.make_by_stripe(payment, amount_cents=cents)
            record_action(
                around,
                contest,
                user_id,
                "got_part_back",
                amount_cents=cents,
                payment=payment,
                detail=f"refund {refund.id}",
            )


@carries_out(RefundSlow)
@carries_out(RefundReturned)
@carries_out(RefundCanceled)
def end_late(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The refund of a payer stays pending; long after it was made its end comes."""
    contest, kind = str(fault.contest), kind_of(fault)
    assert issubclass(kind, RefundSlow | RefundReturned | RefundCanceled), f"{fault.kind} is none of these"
    yield around.payers.until(contest, fault.nth)
    payment = around.payers.payments(contest, around.payers.user_id(contest, fault.nth))[0]
    around.twin.refunds.take_long(payment)
    made = around.kernel.env.event()

    def saw(event: StripeEvent) -> None:
        if event.event_type == "refund.created" and event.snapshot["payment_intent"] == payment and not made.triggered:
            made.succeed(event.object_id)

    around.twin.subscribe(saw)
    refund = yield made
    with caused_by(f"fault:{fault.fault_id}"):
        keys = {"payment_intent": payment, "refund": str(refund)}
        around.injector.strike(fault, keys, detail="a refund is pending", touches=False)
    yield around.kernel.sleep(fault.delay_seconds)
    with caused_by(f"fault:{fault.fault_id}"):
        around.twin.refunds.end(str(refund), kind.end, failure_reason=kind.failure_reason)
