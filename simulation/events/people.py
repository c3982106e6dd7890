"""What entrants and organizers did."""

from __future__ import annotations

from types import MappingProxyType
from typing import Literal

from simulation.currency import USD
from simulation.events.base import Event

Action = Literal[
    "signed_up",
    "created_contest",
    "published_contest",
    "joined",
    "ordered",
    "paid",
    "paid_late",
    "paid_twice",
    "paid_wrong_amount",
    "paid_wrong_currency",
    "never_paid",
    "began_to_pay",
    "opened_intent",
    "deleted_account",
    "refused",
    "asked_for_refund",
    "charged_back",
    "got_part_back",
    "chargeback_reversed",
    "cancelled_contest",
    "left_contest",
    "lost_prize",
    "bank_refused",
]


PersonAct = Literal[
    "sign up",
    "connect account",
    "create contest",
    "publish contest",
    "join",
    "order",
    "open payment",
    "pay",
    "ask for a refund",
    "delete account",
    "cancel contest",
    "leave contest",
]
"""What people ask of the platform, and to ``pay`` of Stripe."""


class EntrantAction(Event):
    """An action of a player or organizer, as the simulation made it."""

    unless_usual = MappingProxyType({"currency": USD})

    kind: Literal["entrant_action"] = "entrant_action"
    person: str
    """Scenario-wide key, e.g. ``p017``."""
    user_id: str | None
    contest: str | None
    contest_id: str | None
    action: Action
    """``began_to_pay``: by a bank debit, which takes days;
    ``paid_wrong_amount``: another one than the entry fee, since the intent was changed at Stripe;
    ``paid_wrong_currency``: as many units of another currency than the contest's, for the same reason;
    ``got_part_back``: the cardholder sees on a statement that a part of the payment has come back;
    ``chargeback_reversed``: that the bank has given it to the platform again, after all;
    ``lost_prize``: a winner sees that Stripe has taken a prize, or a part of it, out of their account again;
    ``bank_refused``: that their bank did not take what Stripe sent it of their account."""
    amount_cents: int = 0
    currency: str = USD
    """Of the amount, as the person knows it."""
    payment_intent_id: str | None = None
    roster: tuple[str, ...] = ()
    act: PersonAct | None = None
    """For ``refused``: the act that failed."""
    detail: str = ""
    """For ``refused``: the act, and the platform's answer."""
