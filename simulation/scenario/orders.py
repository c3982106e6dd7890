"""What people buy in a scenario of the profile ``payments``: no contest, no tournament, no prize.

A fault names orders by their key, as it names a contest elsewhere: the n-th payment, the n-th payer, the n-th refund.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Annotated, Literal

from pydantic import Field, model_validator

from simulation.currency import MOST_CHARGE, USD, currency_of
from simulation.documents.strict import Instant, Mistake, ScenarioModel, refusals
from simulation.scenario.bounds import KEY, LONGEST_NAME

Profile = Literal["contests", "payments"]
"""What a business does: people play for prizes; or they buy, pay, and get their money back."""
SHORTEST_ENTRY = timedelta(minutes=20)
"""In which people come, and pay."""


class Orders(ScenarioModel):
    """People who each order the same and pay for it, one order a person."""

    key: str = Field(pattern=KEY)
    """By which faults name them."""
    name: str = Field(max_length=LONGEST_NAME)
    """What is bought, as people see it."""
    amount_cents: Annotated[int, Field(ge=currency_of(USD).least_charge, le=MOST_CHARGE)]
    """What each order costs, in US cents."""
    buyers: int = Field(ge=1, le=500)
    """People who order, those who never pay counted."""
    opens: Instant
    """From when on people order, each at a moment of their own."""
    closes: Instant
    """By when everybody has ordered, and paid who pays."""
    double_payers: int = Field(default=0, ge=0)
    """Pay the same order twice, and get one of the two back."""
    non_payers: int = Field(default=0, ge=0)
    """Order and never pay."""

    @model_validator(mode="after")
    def _fits_together(self) -> Orders:
        if mistakes := [*self._mistakes()]:
            raise refusals(mistakes)
        return self

    def _mistakes(self) -> Iterator[Mistake]:
        if self.closes - self.opens < SHORTEST_ENTRY:
            yield Mistake(
                ("closes",),
                f"closes {self.closes:%Y-%m-%d %H:%M} leaves buyers {self.closes - self.opens} to order and pay",
                "leave 20 minutes or more after opens",
            )
        if self.double_payers + self.non_payers > self.buyers:
            yield Mistake(
                ("buyers",),
                f"{self.double_payers + self.non_payers} pay twice or never, of {self.buyers} buyers",
                "raise buyers or name fewer",
            )
