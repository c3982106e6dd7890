"""People who want their money back: from us, or by their bank."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping
from typing import Any

import httpx

from simulation.clock import SimProcess
from simulation.events import Action, EntrantAction, PersonAct
from simulation.history import caused_by
from simulation.scenario.faults.people import Chargeback, EntrantLeaves, RefundRequested
from simulation.scenario.faults.planned import PlannedFault
from simulation.scenario.faults.unannounced import ChargebackUnannounced
from simulation.world.faults.context import FaultContext, carries_out

_SECOND_THOUGHTS_SECONDS = 600
"""From paying to asking for the money."""
_SECONDS_TO_TRY_AGAIN = 120
_TRIES = 4
_SERVER_ERROR = 500
_REASON = "I cannot take part after all"


@carries_out(RefundRequested)
def ask_for_refund(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """An entrant asks for the entry fee soon after paying it."""
    user_id, contest_id = yield from _second_thoughts(around, fault)
    yield from asked(
        around,
        fault,
        lambda: around.people.ask_for_refund(user_id=user_id, contest_id=contest_id, reason=_REASON),
        {"contest": contest_id, "user_id": user_id},
        detail="an entrant asks for the entry fee",
        act="ask for a refund",
        done="asked_for_refund",
    )


@carries_out(EntrantLeaves)
def leave(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """An entrant leaves soon after paying."""
    user_id, contest_id = yield from _second_thoughts(around, fault)
    yield from asked(
        around,
        fault,
        lambda: around.people.leave_contest(user_id=user_id, contest_id=contest_id),
        {"contest": contest_id, "user_id": user_id},
        detail="an entrant leaves the contest",
        act="leave contest",
        done="left_contest",
    )


def _second_thoughts(around: FaultContext, fault: PlannedFault) -> Generator[Any, Any, tuple[str, str]]:
    """Wait until the payer has thought again; who it is, and the id of the contest or order."""
    contest = str(fault.contest)
    yield around.payers.until(contest, fault.nth)
    yield around.kernel.sleep(_SECOND_THOUGHTS_SECONDS)
    user_id = around.payers.user_id(contest, fault.nth)
    return user_id, around.registry.id_for(contest, user_id) or ""


def asked(
    around: FaultContext,
    fault: PlannedFault,
    ask: Callable[[], None],
    keys: Mapping[str, str],
    *,
    detail: str,
    act: PersonAct,
    done: Action,
    who: str | None = None,
) -> SimProcess:
    """The fault strikes: ask the platform in a person's name; again where an error of the server or no answer comes.

    :param keys: what is struck, with the person's ``user_id``, unless ``who`` says whose name it is.
    """
    contest, who = str(fault.contest), who or keys["user_id"]
    with caused_by(f"fault:{fault.fault_id}"):
        around.injector.strike(fault, dict(keys), detail=detail, touches=False)
    for left in reversed(range(_TRIES)):
        with caused_by(f"fault:{fault.fault_id}"):
            try:
                ask()
            except httpx.HTTPError as error:
                final = isinstance(error, httpx.HTTPStatusError) and error.response.status_code < _SERVER_ERROR
                if final or not left:
                    record_action(around, contest, who, "refused", act=act, detail=f"{act}: {error}"[:200])
                    return
            else:
                record_action(around, contest, who, done)
                return
        yield around.kernel.sleep(_SECONDS_TO_TRY_AGAIN)


@carries_out(Chargeback)
@carries_out(ChargebackUnannounced)
def charge_back(around: FaultContext, fault: PlannedFault) -> SimProcess:
    """A cardholder tells their bank, some time after paying, that they know nothing of the payment."""
    contest = str(fault.contest)
    yield around.payers.until(contest, fault.nth)
    yield around.kernel.sleep(fault.delay_seconds)
    user_id = around.payers.user_id(contest, fault.nth)
    payment = payment_left(around, contest, user_id)
    if payment is None:
        return
    with around.doing(fault):
        around.injector.strike(fault, {"payment_intent": payment}, detail="a cardholder charges a payment back")
        dispute = around.twin.open_dispute(payment_intent_id=payment)
        fee_cents = around.entry_fees[contest]
        record_action(
            around,
            contest,
            user_id,
            "charged_back",
            amount_cents=fee_cents,
            payment=payment,
            detail=f"dispute {dispute}",
        )


def payment_left(around: FaultContext, contest: str, user_id: str) -> str | None:
    """The first payment of a payer that has not gone back whole: of two by mistake either may have. None: all have."""
    payments = around.payers.payments(contest, user_id)
    return next((payment for payment in payments if not around.twin.is_refunded(payment)), None)


def record_action(
    around: FaultContext,
    contest: str,
    user_id: str,
    action: Action,
    *,
    amount_cents: int = 0,
    payment: str | None = None,
    act: PersonAct | None = None,
    detail: str = "",
) -> None:
    """Write down what a person did, or saw happen to their money."""
    person = next(key for key, known in around.registry.user_ids.items() if known == user_id)
    around.recorder.record(
        EntrantAction(
            person=person,
            user_id=user_id,
            contest=contest,
            contest_id=around.registry.id_for(contest, user_id),
            action=action,
            amount_cents=amount_cents,
            currency=around.currencies[contest],
            payment_intent_id=payment,
            act=act,
            detail=detail,
        )
    )
