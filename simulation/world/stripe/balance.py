"""The platform's balance: charges land in *pending*, transfers draw on *available* (fixtures/spec/stripe.md 14, 15)."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from simulation.clock import SimulationClock
from simulation.events import StripeMovement
from simulation.history import Recorder
from simulation.world.stripe.api import Trigger
from simulation.world.stripe.ids import Ids
from simulation.world.stripe.labels import MetadataNames
from simulation.world.stripe.objects.balance_transaction import BalanceTransaction
from simulation.world.stripe.table import Table

Movement = Literal["charge", "transfer", "refund", "refund_failure", "adjustment", "transfer_reversal"]
_TRANSACTION_TYPES: Mapping[Movement, str] = {"transfer_reversal": "transfer_refund"}
"""Stripe's name for a balance transaction, where it differs from ours."""


@dataclass(frozen=True, kw_only=True)
class Posting:
    """A movement to be booked. Its amount and its fee are of one currency. ``amount_cents`` is signed: what leaves
    the balance is negative."""

    movement: Movement
    amount_cents: int
    currency: str
    fee_cents: int = 0
    available_at: datetime
    source_id: str
    metadata: Mapping[str, str]
    payment_intent_id: str | None = None
    destination: str | None = None


@dataclass(kw_only=True)
class _Sums:
    """What there is of one currency, and when what is pending becomes available: (time, transaction, net)."""

    available_cents: int
    pending_cents: int = 0
    pending: list[tuple[datetime, str, int]] = field(default_factory=list)

    def release(self, now: datetime) -> None:
        while self.pending and self.pending[0][0] <= now:
            _, _, net_cents = heapq.heappop(self.pending)
            self.pending_cents -= net_cents
            self.available_cents += net_cents


class Balance:
    """By currency the available and the pending sum, which are never exchanged, and the balance transactions that
    explain them; each is also an event."""

    def __init__(
        self,
        *,
        clock: SimulationClock,
        recorder: Recorder,
        ids: Ids,
        opening_cents: Mapping[str, int],
        names: MetadataNames,
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._ids = ids
        self._names = names
        self.opening_cents = opening_cents
        self._sums = {currency: _Sums(available_cents=cents) for currency, cents in opening_cents.items()}
        self._is_held_back = False
        self.transactions: Table[BalanceTransaction] = Table(kind="balance_transaction")

    @property
    def currencies(self) -> tuple[str, ...]:
        """Those in which there is a balance, even of zero, or ever was one; in the order of their first movement."""
        return tuple(self._sums)

    def available_cents(self, currency: str) -> int:
        """In the currency's smallest unit; 0 where there has never been any of it."""
        available_cents = self._of(currency).available_cents
        return min(0, available_cents) if self._is_held_back else available_cents

    def pending_cents(self, currency: str) -> int:
        """Pending money, including what Stripe holds back in reserve."""
        sums = self._of(currency)
        return sums.pending_cents + sums.available_cents - self.available_cents(currency)

    @contextmanager
    def held_back(self) -> Iterator[None]:
        """While this block lasts Stripe holds the whole available balance back as a reserve."""
        self._is_held_back = True
        try:
            yield
        finally:
            self._is_held_back = False

    def post(self, posting: Posting, *, trigger: Trigger) -> BalanceTransaction:
        """Book a balance transaction now; its money is available from ``available_at`` on."""
        line = self.transactions.add(
            BalanceTransaction(
                id=self._ids.next("txn"),
                created=self._clock.now,
                transaction_type=_TRANSACTION_TYPES.get(posting.movement, posting.movement),
                amount_cents=posting.amount_cents,
                currency=posting.currency,
                fee_cents=posting.fee_cents,
                available_at=posting.available_at,
                source=posting.source_id,
            )
        )
        sums = self._sums.setdefault(posting.currency, _Sums(available_cents=0))
        heapq.heappush(sums.pending, (line.available_at, line.id, line.net_cents))
        sums.pending_cents += line.net_cents
        self._record(line, posting, trigger)
        return line

    def _of(self, currency: str) -> _Sums:
        sums = self._sums.get(currency, _Sums(available_cents=0))
        sums.release(self._clock.now)
        return sums

    def _record(self, line: BalanceTransaction, posting: Posting, trigger: Trigger) -> None:
        self._recorder.record(
            StripeMovement(
                balance_transaction_id=line.id,
                movement=posting.movement,
                amount_cents=line.amount_cents,
                fee_cents=line.fee_cents,
                net_cents=line.net_cents,
                currency=line.currency,
                available_at=line.available_at,
                source_id=posting.source_id,
                payment_intent_id=posting.payment_intent_id,
                destination=posting.destination,
                contest_id=self._names.contest_id(posting.metadata),
                user_id=self._names.user_id(posting.metadata),
                idempotency_key=trigger.idempotency_key,
                origin=trigger.origin,
            )
        )


def charge_fee_cents(amount_cents: int, *, basis_points: int, fixed_cents: int) -> int:
    """Stripe's fee for one charge: a share, rounded half up to the cent, and a fixed part."""
    return (amount_cents * basis_points + 5_000) // 10_000 + fixed_cents
