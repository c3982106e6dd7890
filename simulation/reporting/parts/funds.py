"""Sums of the money through the platform's balances at Stripe, by currency, from the movements that Stripe recorded."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from simulation.checks.evidence.relations import CAME_BACK
from simulation.currency import USD, money
from simulation.events import StripeBalance, StripeMovement
from simulation.reporting.parts.fields import number, text
from simulation.reporting.parts.source import ReportSource


@dataclass(frozen=True, kw_only=True)
class Funds:
    """Of one currency, in its smallest unit; all positive except ``other_cents`` (adjustments, top-ups), which is
    signed."""

    currency: str
    opening_cents: int
    in_cents: int
    fees_cents: int
    refunds_cents: int
    prizes_cents: int
    other_cents: int
    closing_cents: int | None
    """None: no balance was recorded."""
    pending_cents: int
    """Part of the closing balance that is not available yet."""
    prizes_owed_cents: int
    """Prizes still to be paid: their transfer is not terminal."""
    prizes_undeliverable_cents: int
    """Prizes whose transfer ended ``failed_terminal``: still owed, but no transfer can deliver them; and what Stripe
    took back."""
    refunds_owed_cents: int
    platform_share_cents: int
    """Balance of the ledger account ``platform``."""
    charges: int
    transfers: int
    refunds: int

    def told(self, cents: int) -> str:
        """An amount of this currency in words."""
        return money(cents, self.currency)

    @property
    def expected_closing_cents(self) -> int:
        return (
            self.opening_cents
            + self.in_cents
            - self.fees_cents
            - self.refunds_cents
            - self.prizes_cents
            + self.other_cents
        )

    @property
    def difference_cents(self) -> int:
        """Closing balance minus the sum of opening balance and movements; 0 when correct or not recorded."""
        return (self.closing_cents or 0) - self.expected_closing_cents if self.closing_cents is not None else 0

    @property
    def owed_cents(self) -> int:
        return self.prizes_owed_cents + self.prizes_undeliverable_cents + self.refunds_owed_cents


def funds_of(source: ReportSource) -> tuple[Funds, ...]:
    """Sum Stripe's movements, and what the platform's tables show as still owed: for each currency that there was any
    of, US dollars first. Without any money at all: of US dollars."""
    balances = {balance.currency: balance for balance in source.history.of(StripeBalance)}
    movements = list(source.history.of(StripeMovement))
    moved = {movement.currency for movement in movements}
    held = {currency for currency, one in balances.items() if one.opening_cents or one.available_cents}
    found = sorted(moved | held, key=lambda currency: (currency != USD, currency)) or [USD]
    return tuple(_funds(source, currency, movements, balances.get(currency)) for currency in found)


def _funds(
    source: ReportSource, currency: str, movements: Sequence[StripeMovement], balance: StripeBalance | None
) -> Funds:
    of_it = [movement for movement in movements if movement.currency == currency]
    amounts: dict[str, list[int]] = {
        name: [] for name in ("charge", "transfer", "transfer_reversal", "refund", "refund_failure")
    }
    other = 0
    for movement in of_it:
        if movement.movement in amounts:
            amounts[movement.movement].append(movement.amount_cents)
        else:
            other += movement.amount_cents
    unfinished = partial(_unfinished, source, currency)
    return Funds(
        currency=currency,
        opening_cents=balance.opening_cents if balance else 0,
        in_cents=sum(amounts["charge"]),
        fees_cents=sum(movement.fee_cents for movement in of_it),
        refunds_cents=-sum(amounts["refund"]) - sum(amounts["refund_failure"]),
        prizes_cents=-sum(amounts["transfer"]) - sum(amounts["transfer_reversal"]),
        other_cents=other,
        closing_cents=balance.available_cents + balance.pending_cents if balance else None,
        pending_cents=balance.pending_cents if balance else 0,
        prizes_owed_cents=unfinished("transfers", ("pending", "processing", "retryable")),
        prizes_undeliverable_cents=unfinished("transfers", ("failed_terminal",)) + sum(amounts["transfer_reversal"]),
        refunds_owed_cents=unfinished("refunds", ("pending", "processing", "retryable", "failed_terminal", *CAME_BACK)),
        platform_share_cents=_platform_share(source, currency),
        charges=len(amounts["charge"]),
        transfers=len(amounts["transfer"]),
        refunds=len(amounts["refund"]),
    )


def _unfinished(source: ReportSource, currency: str, relation: str, statuses: tuple[str, ...]) -> int:
    return sum(
        number(row, "amount_cents")
        for row in source.rows(relation)
        if text(row, "status") in statuses and source.currency(row) == currency
    )


def _platform_share(source: ReportSource, currency: str) -> int:
    return sum(
        number(row, "amount_cents") * (1 if row.get("direction") == "CREDIT" else -1)
        for row in source.rows("postings")
        if row.get("account") == "platform" and source.currency(row) == currency
    )
