"""Stripe's balance of each currency, recomputed movement by movement: the twin's arithmetic is checked like the
platform's.

Source: fixtures/spec/stripe.md (Money).
"""

from __future__ import annotations

from collections.abc import Sequence

from simulation.checks.base import Inquiry, check
from simulation.checks.evidence.case import CannotTell, Case
from simulation.checks.evidence.keys import NO_KEYS, Keys
from simulation.checks.evidence.money import grouped
from simulation.checks.reconciliation import charged_back, charges_reversed
from simulation.currency import USD, money
from simulation.events import StripeBalance, StripeMovement
from simulation.scenario.settings import StripeSettings

_DIRECTION = {"charge": 1, "transfer": -1, "refund": -1, "refund_failure": 1, "transfer_reversal": 1, "adjustment": -1}
"""Movement type → sign of its amount. An adjustment is always of a chargeback: scenarios cause no other kind."""


@check(
    "Opening balance + charges − fees − transfers kept − refunds kept − chargebacks = closing balance, to the cent",
    needs_end=True,
)
def stripe_balance_explained(case: Case, inquiry: Inquiry) -> None:
    case.need_witness("stripe_journal")
    balances = case.events(StripeBalance)
    if not balances:
        raise CannotTell("Stripe's closing balance was not recorded")
    movements = case.events(StripeMovement)
    disputed = {claim.payment_intent_id for claim in charged_back(case)}
    won = {claim.payment_intent_id for claim in charges_reversed(case)}
    for movement in movements:
        inquiry.examine()
        if movement.movement == "adjustment" and movement.payment_intent_id not in disputed:
            inquiry.find(
                movement.source_id,
                "an adjustment that no cardholder brought about",
                keys=_of(movement),
                amount_cents=abs(movement.net_cents),
                currency=movement.currency,
                events=(movement,),
            )
        gives_back = movement.amount_cents > 0 and movement.payment_intent_id in won
        _is_sound(inquiry, movement, case.scenario.stripe, reverses=movement.movement == "adjustment" and gives_back)
    closings = {balance.currency: balance for balance in balances}
    by_currency = grouped(movements, lambda movement: movement.currency)
    for currency, items in by_currency.items():
        if currency not in closings:
            inquiry.find(
                f"Stripe balance in {currency}",
                "money moved, and no balance in its currency was recorded",
                keys=_of(items[0]),
                currency=currency,
                amount_cents=abs(sum(movement.net_cents for movement in items)),
                events=tuple(items[:1]),
            )
    for currency, closing in closings.items():
        _adds_up(inquiry, closing, by_currency.get(currency, ()))
        _pending(inquiry, closing, by_currency.get(currency, ()))


def _adds_up(inquiry: Inquiry, closing: StripeBalance, movements: Sequence[StripeMovement]) -> None:
    """:param movements: of the balance's currency."""
    inquiry.examine()
    total, actual = closing.opening_cents + sum(one.net_cents for one in movements), _in_all(closing)
    if total != actual:
        inquiry.find(
            f"Stripe balance{_in(closing)}",
            "the movements do not add up to the closing balance",
            keys=NO_KEYS,
            amount_cents=abs(total - actual),
            currency=closing.currency,
            expected=money(total, closing.currency),
            actual=money(actual, closing.currency),
            events=(closing,),
        )


def _in_all(closing: StripeBalance) -> int:
    return closing.available_cents + closing.pending_cents


def _in(closing: StripeBalance) -> str:
    """A word about another currency than the usual one."""
    return "" if closing.currency == USD else f" in {closing.currency}"


def _of(movement: StripeMovement) -> Keys:
    return Keys(
        stripe_object_id=movement.source_id,
        payment_intent_id=movement.payment_intent_id,
        contest_id=movement.contest_id,
        user_id=movement.user_id,
    )


def _is_sound(inquiry: Inquiry, movement: StripeMovement, settings: StripeSettings, *, reverses: bool) -> None:
    """:param reverses: it is a chargeback's amount that comes back: the other way, and without a fee."""
    currency = movement.currency
    subject, keys, seen = f"{movement.movement} {movement.source_id}", _of(movement), (movement,)
    amount_cents, net_cents = abs(movement.amount_cents), movement.amount_cents - movement.fee_cents
    if movement.movement not in _DIRECTION:
        what = "a movement that nothing in the scenario explains"
        inquiry.find(subject, what, keys=keys, amount_cents=amount_cents, currency=movement.currency, events=seen)
    elif movement.amount_cents * _DIRECTION[movement.movement] * (-1 if reverses else 1) <= 0:
        what = "moves money the wrong way"
        actual = money(movement.amount_cents, currency)
        inquiry.find(subject, what, keys=keys, amount_cents=amount_cents, currency=currency, actual=actual, events=seen)
    if movement.net_cents != net_cents:
        inquiry.find(
            subject,
            "net is not amount − fee",
            keys=keys,
            amount_cents=abs(movement.net_cents - net_cents),
            currency=currency,
            expected=money(net_cents, currency),
            actual=money(movement.net_cents, currency),
            events=seen,
        )
    fee = 0 if reverses else _fee_cents(movement, settings)
    if movement.fee_cents != fee:
        inquiry.find(
            subject,
            "another fee than agreed",
            keys=keys,
            amount_cents=abs(movement.fee_cents - fee),
            currency=currency,
            expected=money(fee, currency),
            actual=money(movement.fee_cents, currency),
            events=seen,
        )


def _fee_cents(movement: StripeMovement, settings: StripeSettings) -> int:
    """Stripe's fee: percentage (rounded half up) plus fixed part for a charge, a fixed sum for a chargeback, else 0."""
    if movement.movement == "adjustment":
        return settings.dispute_fee(movement.currency)
    if movement.movement != "charge":
        return 0
    return (movement.amount_cents * settings.fee_basis_points + 5_000) // 10_000 + settings.fee_fixed(movement.currency)


def _pending(inquiry: Inquiry, closing: StripeBalance, movements: Sequence[StripeMovement]) -> None:
    pending = sum(movement.net_cents for movement in movements if movement.available_at > closing.at)
    if pending != closing.pending_cents:
        inquiry.find(
            f"Stripe pending balance{_in(closing)}",
            "not the sum of what is not available yet",
            keys=NO_KEYS,
            amount_cents=abs(pending - closing.pending_cents),
            currency=closing.currency,
            expected=money(pending, closing.currency),
            actual=money(closing.pending_cents, closing.currency),
            events=(closing,),
        )
