"""How Stripe, the operator and the monitoring of a scenario behave."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any

from pydantic import Field, SerializerFunctionWrapHandler, field_validator, model_serializer

from simulation.currency import USD, CurrencyCode, currency_of
from simulation.documents.strict import Instant, ScenarioModel, refusal
from simulation.prometheus_version import DEFAULT_VERSION
from simulation.scenario.bounds import DAY_SECONDS, MONTH_SECONDS, MOST_CENTS, MOST_PARTS, Cents


class StripeSettings(ScenarioModel):
    """The twin's behaviour where Stripe publishes no number (fixtures/spec/stripe.md)."""

    opening_balance_cents: Cents = 0
    """Available money at Stripe when the run begins, in US dollars."""
    opening_balances: dict[CurrencyCode, Annotated[int, Field(ge=1, le=MOST_CENTS)]] = Field(default={})
    """The same by currency, of others than US dollars: `jpy: 100000`."""
    fee_basis_points: int = Field(default=290, ge=0, le=10_000)
    """Stripe's share of a charge, in hundredths of a percent."""
    fee_fixed_cents: Cents = 30
    """What Stripe takes of each charge in US dollars besides."""
    dispute_fee_cents: Cents = 1_500
    """Stripe's dispute fee in the United States, for a payment in US dollars."""
    pending_days: int = Field(default=2, ge=0, le=366)
    """From a charge to when its money is available for prizes."""
    webhook_latency_seconds: int = Field(default=2, ge=0, le=DAY_SECONDS)
    """From an event at Stripe to its first delivery."""
    webhook_retry_seconds: tuple[Annotated[int, Field(ge=1, le=MONTH_SECONDS)], ...] = Field(
        default=(60, 300, 1800, 7200, 18000, 36000, 43200, 43200, 43200, 43200), max_length=100
    )
    """Waits between attempts; deliveries stop three days after the first."""

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As in a history of before there was such a thing."""
        return {name: value for name, value in handler(self).items() if name != "opening_balances" or value}

    @field_validator("opening_balances")
    @classmethod
    def _of_others(cls, balances: dict[CurrencyCode, int]) -> dict[CurrencyCode, int]:
        if USD in balances:
            raise refusal(
                f"opening_balances has {USD}: {balances[USD]}",
                remedy=f"write opening_balance_cents: {balances[USD]}",
                path=(USD,),
            )
        return balances

    @property
    def opening_by_currency(self) -> Mapping[str, int]:
        """Available money when the run begins, US dollars first."""
        return {USD: self.opening_balance_cents, **dict(sorted(self.opening_balances.items()))}

    def fee_fixed(self, currency: str) -> int:
        """What Stripe takes of each charge in a currency besides its share."""
        return self.fee_fixed_cents if currency == USD else currency_of(currency).fee_fixed

    def dispute_fee(self, currency: str) -> int:
        """Stripe's fee for the dispute of a payment in a currency."""
        return self.dispute_fee_cents if currency == USD else currency_of(currency).dispute_fee


class OperatorTask(ScenarioModel):
    """An operational task: planned work that no alert asks for."""

    at: Instant
    """When the operator begins it."""
    runbook: str
    """Its name, without `.md`."""


class OperatorSettings(ScenarioModel):
    response_seconds: int = Field(default=300, ge=0, le=MONTH_SECONDS)
    """From an alert firing to the operator opening its runbook."""
    seconds_per_command: int = Field(default=20, ge=0, le=DAY_SECONDS)
    """From one command of a runbook to the next."""
    tasks: tuple[OperatorTask, ...] = Field(default=(), max_length=MOST_PARTS)
    """Planned work that no alert asks for."""


class MonitorSettings(ScenarioModel):
    scrape_interval_seconds: int = Field(default=600, ge=60, le=MONTH_SECONDS)
    """Between two readings of the metrics page."""
    sample_interval_seconds: int = Field(default=21_600, ge=300, le=MONTH_SECONDS)
    """Between two looks at the dashboards and at what the database holds."""
    prometheus: str = Field(default=DEFAULT_VERSION, pattern=r"^[23]\.\d+$")
    """The version of Prometheus whose evaluation of rules is followed."""
