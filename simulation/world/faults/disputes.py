"""What cardholders' banks do: ask, take parts of a payment back, and decide."""

from __future__ import annotations

from simulation.clock import SimProcess
from simulation.history import caused_by
from simulation.scenario.faults.disputes import ChargebackInParts, DisputeInquiry, DisputeLost, DisputeWon
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.refunds import part_cents
from simulation.scenario.faults.registry import kind_of
from simulation.world.faults.context import FaultContext, carries_out
from simulation.world.faults.people import payment_left, record_action
from simulation.world.stripe.objects.event import StripeEvent

_AN_HOUR, _TWO_DAYS = 3_600, 172_800


@carries_out(DisputeInquiry)
def ask_about_it(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The bank asks, and closes the case two days later."""
    contest = str(fault.contest)
    yield around.payers.until(contest, fault.nth)
    yield around.kernel.sleep(fault.delay_seconds)
    payment = payment_left(around, contest, around.payers.user_id(contest, fault.nth))
    if payment is None:
        return
    with caused_by(f"fault:{fault.fault_id}"):
        around.injector.strike(fault, {"payment_intent": payment}, detail="a bank asks about a payment")
        dispute = around.twin.disputes.inquire(payment, reason="unrecognized")
    yield around.kernel.sleep(_TWO_DAYS)
    with caused_by(f"fault:{fault.fault_id}"):
        around.twin.disputes.close(dispute.id, "warning_closed")


@carries_out(ChargebackInParts)
def take_parts_back(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The bank takes one part after another."""
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
            yield around.kernel.sleep(_AN_HOUR)
        with caused_by(f"fault:{fault.fault_id}"):
            around.injector.strike(fault, {"payment_intent": payment}, detail="a cardholder charges a part back")
            dispute = around.twin.disputes.open(payment, reason="product_not_received", amount_cents=cents)
            record_action(
                around,
                contest,
                user_id,
                "charged_back",
                amount_cents=cents,
                payment=payment,
                detail=f"dispute {dispute.id}",
            )


@carries_out(DisputeWon)
@carries_out(DisputeLost)
def decide(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """The bank decides a chargeback, long after it was opened."""
    contest, kind = str(fault.contest), kind_of(fault)
    assert issubclass(kind, DisputeWon | DisputeLost), f"{fault.kind} is neither"
    yield around.payers.until(contest, fault.nth)
    user_id = around.payers.user_id(contest, fault.nth)
    payments = around.payers.payments(contest, user_id)
    opened = around.kernel.env.event()

    def saw(event: StripeEvent) -> None:
        theirs = event.event_type == "charge.dispute.created" and event.snapshot["payment_intent"] in payments
        if theirs and not opened.triggered:
            opened.succeed(event)

    around.twin.subscribe(saw)
    told: StripeEvent = yield opened
    yield around.kernel.sleep(fault.delay_seconds)
    payment = str(told.snapshot["payment_intent"])
    with caused_by(f"fault:{fault.fault_id}"):
        around.injector.strike(fault, {"payment_intent": payment}, detail=f"a chargeback is {kind.status}")
        dispute = around.twin.disputes.close(told.object_id, kind.status)
        if kind.status == "won":
            record_action(
                around,
                contest,
                user_id,
                "chargeback_reversed",
                amount_cents=dispute.amount_cents,
                payment=payment,
                detail=f"dispute {dispute.id}",
            )
