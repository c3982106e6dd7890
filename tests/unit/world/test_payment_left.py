"""Which payment of a payer a bank or Stripe takes up: one that still can be given back."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from simulation.world.faults.people import payment_left


@pytest.mark.parametrize(
    ("refunded", "left"),
    [(set(), "pi_1"), ({"pi_1"}, "pi_2"), ({"pi_2"}, "pi_1"), ({"pi_1", "pi_2"}, None)],
)
def test_of_two_payments_by_mistake_the_one_that_was_not_refunded_is_taken_up(
    refunded: set[str], left: str | None
) -> None:
    payers = SimpleNamespace(payments=lambda contest, user_id: ["pi_1", "pi_2"])
    around: Any = SimpleNamespace(payers=payers, twin=SimpleNamespace(is_refunded=lambda payment: payment in refunded))
    assert payment_left(around, "cup", "u-1") == left
