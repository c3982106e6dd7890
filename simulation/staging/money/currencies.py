"""Currencies in which contests may be, and in what steps Stripe moves each.

Amounts are whole numbers of a currency's smallest unit, whatever a name says: of yen there is no smaller one, of
Kuwaiti dinars a thousandth. Of a currency with three decimals Stripe takes amounts that end in 0 only
(`fixtures/spec/stripe.md` 29).
"""

from __future__ import annotations

from simulation.staging.errors import ApiError

USD = "USD"
_STEPS = {USD: 1, "EUR": 1, "GBP": 1, "JPY": 1, "KWD": 10}


def known(code: str) -> str:
    """The code as it is stored; raises 400 `unknown_currency`."""
    if code.upper() not in _STEPS:
        raise ApiError(400, "unknown_currency", f"contests are in {', '.join(sorted(_STEPS))}")
    return code.upper()


def step(currency: str) -> int:
    """The smallest amount that Stripe moves."""
    return _STEPS[currency]


def check_amount(name: str, amount: int, currency: str) -> None:
    """Raise 400 `amount_not_payable` for an amount that Stripe would not take."""
    if amount % step(currency):
        raise ApiError(400, "amount_not_payable", f"{name} in {currency} must be a multiple of {step(currency)}")
