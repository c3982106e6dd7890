"""The platform's balance: charges land in *pending*, transfers draw on *available* (fixtures/spec/stripe.md 14, 15)."""

from __future__ import annotations

import heapq
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
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
    """A movement to be booked. ``amount_cents`` is signed: what leaves the balance is negative."""

    movement: Movement
    amount_cents: int
    fee_cents: int = 0
    available_at: datetime
    source_id: str
    metadata: Mapping[str, str]
    payment_intent_id: str | None = None
    destination: str | None = None


class Balance:
    """The available and the pending sum, and the balance transactions that explain them; each is also an event."""

    def __init__(
        self, *, clock: SimulationClock, recorder: Recorder, ids: Ids, opening_cents: int, names: MetadataNames
    ) -> None:
        self._clock = clock
        self._recorder = recorder
        self._ids = ids
        self._names = names
        self.opening_cents = opening_cents
        self._available_cents = opening_cents
        self._pending: list[tuple[datetime, str, int]] = []
        self._pending_cents = 0
        self._is_held_back = False
        self.transactions: Table[BalanceTransaction] = Table(kind="balance_transaction")

    @property
    def available_cents(self) -> int:
        self._release()
        return min(0, self._available_cents) if self._is_held_back else self._available_cents

    @property
    def pending_cents(self) -> int:
        """Pending money, including what Stripe holds back in reserve."""
        self._release()
        return self._pending_cents + self._available_cents - self.available_cents

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
                fee_cents=posting.fee_cents,
                available_at=posting.available_at,
                source=posting.source_id,
            )
        )
        heapq.heappush(self._pending, (line.available_at, line.id, line.net_cents))
        self._pending_cents += line.net_cents
        self._record(line, posting, trigger)
        return line

    def _release(self) -> None:
        while self._pending and self._pending[0][0] <= self._clock.now:
            _, _, net_cents = heapq.heappop(self._pending)
            self._pending_cents -= net_cents
            self._available_cents += net_cents

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
