"""Defects of platforms that know one currency only, with cents: yen have none, and dinars have thousandths."""

from __future__ import annotations

import dataclasses
from typing import Any

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.clients.stripe import StripeGateway
from simulation.staging.money import ledger, payment_events, payout_holds
from simulation.staging.settlement import settlement

DEFECTS = DefectRegistry("collecting", scenario="currencies")
_CENTS_OF_A_DOLLAR = 100


@DEFECTS.sabotage(
    "clearing_accounts_drained",
    "values_as_declared",
    origin="a ledger whose column had USD as its default before there were other currencies",
)
def remainder_of_yen_booked_as_dollars(patches: Patches) -> None:
    """What is left of a pool in yen is booked as so many cents."""

    def make(real: Any) -> Any:
        def post(work: Any, posting: Any) -> None:
            if posting.entry_type == "ADJUSTMENT" and posting.currency == "JPY":
                patches.trigger()
                posting = dataclasses.replace(posting, currency="USD")
            real(work, posting)

        return post

    patches.replace(ledger, "post", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="`amount * 100` in the client of the payment provider, for whom every currency has cents",
)
def yen_charged_a_hundredfold(patches: Patches) -> None:
    """Stripe is asked for a hundred times the entry fee in yen."""

    def make(real: Any) -> Any:
        def create_payment_intent(self: Any, *, amount_cents: int, currency: str, **rest: Any) -> Any:
            if currency == "JPY":
                patches.trigger()
                amount_cents *= _CENTS_OF_A_DOLLAR
            return real(self, amount_cents=amount_cents, currency=currency, **rest)

        return create_payment_intent

    patches.replace(StripeGateway, "create_payment_intent", make)


@DEFECTS.sabotage(
    "three_way_reconciliation",
    "expected_prizes",
    origin="a handler that compares the number and never looks at the currency beside it",
)
def dollars_credited_as_dinars(patches: Patches) -> None:
    """Who pays the right number in a wrong currency is entered, and the ledger has it in the contest's currency."""

    def make(real: Any) -> Any:
        def succeeded(work: Any, intent: Any, stripe_event_id: str) -> str:
            payment = payment_events.locked_intent(work, intent)
            if intent["currency"].upper() != payment.currency:
                patches.trigger()
            return str(real(work, {**intent, "currency": payment.currency.lower()}, stripe_event_id))

        return succeeded

    patches.replace(payment_events, "succeeded", make)


@DEFECTS.sabotage(
    "given_up_for_cause",
    origin="one number for the balance: what Stripe lists by currency was added up",
)
def balances_of_all_currencies_added(patches: Patches) -> None:
    """A prize in yen is sent although there are dollars only, and given up for good when Stripe refuses it."""

    def make(_: Any) -> Any:
        def funds(runtime: Any, _context: Any) -> Any:
            held = runtime.stripe.balance()
            in_all = sum(balance.available_cents for balance in held.values())
            if held["JPY"].pending_cents:
                patches.trigger()
            return payout_holds.Funds(dict.fromkeys(held, in_all))

        return funds

    patches.replace(payout_holds, "funds", make)


@DEFECTS.sabotage(
    "expected_prizes",
    origin="prizes floored to the smallest unit, and Stripe moves no amount of three decimals that does not end in 0",
)
def dinars_paid_to_the_last_fils(patches: Patches) -> None:
    """Prizes in dinars are not rounded to what Stripe moves; it refuses them, and they are given up."""

    def make(real: Any) -> Any:
        def step(currency: str) -> int:
            if real(currency) > 1:
                patches.trigger()
            return 1

        return step

    patches.replace(settlement, "step", make)
