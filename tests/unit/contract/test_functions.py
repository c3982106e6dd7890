"""Functions of the contract, each by an example worked out by hand."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

from simulation.contract.functions import available_by_currency, held_back_by_currency, rest_by_currency

NOW = datetime(2026, 3, 5, tzinfo=UTC)


def _change(currency: str, amount_cents: int, *, days: int = 0) -> SimpleNamespace:
    return SimpleNamespace(currency=currency, amount_cents=amount_cents, available_at=NOW + timedelta(days=days))


CHANGES = (
    _change("USD", 131_883),
    _change("USD", 700, days=2),
    _change("EUR", 500),
    _change("EUR", -598),
    _change("JPY", 900, days=1),
)


def test_a_balance_is_told_by_currency() -> None:
    assert available_by_currency(CHANGES, NOW) == {"USD": 131_883, "EUR": -98, "JPY": 0}
    assert rest_by_currency(CHANGES, {"USD": 131_883, "EUR": -98}) == {"USD": 700, "EUR": 0, "JPY": 900}


def test_a_reserve_holds_back_what_there_is_and_no_debt() -> None:
    """Each currency for itself: one is empty while another is overdrawn."""
    assert held_back_by_currency(CHANGES, NOW) == {"USD": 0, "EUR": -98, "JPY": 0}
