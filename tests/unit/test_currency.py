"""Amounts are whole numbers of a currency's smallest unit, and are shown with its decimals."""

import pytest

from simulation.currency import CURRENCIES, currency_of, in_steps, money


@pytest.mark.parametrize(
    ("amount", "code", "text"),
    [
        (123_456, "usd", "$1,234.56"),
        (-5, "eur", "-€0.05"),
        (1_235, "jpy", "¥1,235"),
        (1_250, "kwd", "KWD 1.250"),
        (-10, "KWD", "-KWD 0.010"),
        (150, "chf", "CHF 1.50"),
    ],
)
def test_an_amount_has_the_decimals_of_its_currency(amount: int, code: str, text: str) -> None:
    assert money(amount, code) == text


def test_amounts_of_three_decimals_end_in_zero() -> None:
    assert [code for code, currency in CURRENCIES.items() if currency.step != 1] == ["kwd"]
    assert (in_steps(1_257, "kwd"), in_steps(1_257, "jpy")) == (1_250, 1_257)


def test_a_code_is_known_in_either_case() -> None:
    assert currency_of("JPY") == CURRENCIES["jpy"]
