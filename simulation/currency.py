"""Currencies that the world knows: in what units their amounts are counted, and what Stripe takes of each.

Everywhere an amount is a whole number of its currency's smallest unit, whatever the field is called: of yen there is no
smaller one, of Kuwaiti dinars a thousandth. Amounts of two currencies are never added. Source: fixtures/spec/stripe.md
29.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

CurrencyCode = Literal["usd", "eur", "gbp", "jpy", "kwd"]
"""ISO 4217, in lower case as Stripe writes it."""
USD: CurrencyCode = "usd"


@dataclass(frozen=True, kw_only=True)
class Currency:
    """Amounts are in the smallest unit. ``sign``: before an amount, with a space where it is a word."""

    decimals: int
    sign: str
    step: int = 1
    """Amounts that Stripe takes are multiples of it: those of three decimals end in 0."""
    least_charge: int
    fee_fixed: int
    """What Stripe takes of each charge besides its share."""
    dispute_fee: int


CURRENCIES: Mapping[CurrencyCode, Currency] = MappingProxyType(
    {
        "usd": Currency(decimals=2, sign="$", least_charge=50, fee_fixed=30, dispute_fee=1_500),
        "eur": Currency(decimals=2, sign="€", least_charge=50, fee_fixed=25, dispute_fee=2_000),
        "gbp": Currency(decimals=2, sign="£", least_charge=30, fee_fixed=20, dispute_fee=2_000),
        "jpy": Currency(decimals=0, sign="¥", least_charge=50, fee_fixed=40, dispute_fee=2_000),
        "kwd": Currency(decimals=3, sign="KWD ", step=10, least_charge=150, fee_fixed=90, dispute_fee=4_500),
    }
)
MOST_CHARGE = 99_999_999
"""What Stripe takes in one charge: eight digits, of whatever currency."""


def currency_of(code: str) -> Currency:
    """What is known of a currency, in whatever case its code is written; of another one: two decimals, as most have."""
    for known, currency in CURRENCIES.items():
        if known == code.lower():
            return currency
    return Currency(decimals=2, sign=f"{code.upper()} ", least_charge=1, fee_fixed=0, dispute_fee=0)


def money(amount: int, code: str = USD) -> str:
    """``$1,234.56``, ``¥1,235``, ``KWD 1.250``; a negative amount as ``-$1,234.56``.

    :param amount: in the smallest unit.
    """
    currency = currency_of(code)
    sign = "-" if amount < 0 else ""
    whole, part = divmod(abs(amount), 10**currency.decimals)
    decimals = f".{part:0{currency.decimals}d}" if currency.decimals else ""
    return f"{sign}{currency.sign}{whole:,}{decimals}"


def in_steps(amount: int, code: str) -> int:
    """An amount, rounded down to one that Stripe takes."""
    step = currency_of(code).step
    return amount // step * step
