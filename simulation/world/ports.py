"""What the world needs of a platform: its jobs, its people's requests, its service. Each target implements it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable


@dataclass(frozen=True, kw_only=True)
class JobOutcome:
    """One run of a background job: whether it found work, and the error that broke it off, if one did."""

    busy: bool
    error: str | None = None
    missed: bool = False
    """The job did not run, because the platform was stopped."""


@dataclass(frozen=True, kw_only=True)
class TargetJob:
    """A background job the world drives because it lives in this process."""

    name: str
    interval_seconds: int
    daily_at_seconds: int | None
    """Seconds after midnight UTC for a daily job, else None."""
    run: Callable[[], JobOutcome]


@dataclass(frozen=True, kw_only=True)
class Admin:
    """A user with admin rights, as the target knows them."""

    user_id: str
    name: str


class People(Protocol):
    """How people act on this platform, one or two HTTP requests each; refusals raise ``httpx.HTTPStatusError``."""

    def sign_up(self, *, name: str, email: str) -> str:
        """Returns the user id."""
        ...

    def connect_account(self, *, user_id: str) -> str:
        """Onboards the user's payout account; returns ``acct_…``."""
        ...

    def create_contest(self, *, organizer_id: str, contest: Mapping[str, Any]) -> str:
        """Creates a contest and returns its id.

        ``contest``: contest_name, entry_fee_cents, payout_structure, max_entries, lock_time, start_time, end_time,
        provider_event_id, scoring (roster_size, missed_round_strokes); of a contest that has them guaranteed_pool_cents
        and min_entries.
        """
        ...

    def publish_contest(self, *, organizer_id: str, contest_id: str) -> None: ...

    def join(self, *, user_id: str, contest_id: str, roster: Sequence[str]) -> None: ...

    def delete_user(self, *, user_id: str) -> None:
        """The user asks for their deletion. Only scenarios with the fault ``transfer_winner_deleted`` need it."""
        ...

    def ask_for_refund(self, *, user_id: str, contest_id: str, reason: str) -> None:
        """Asks for the entry fee back. It is refunded if the request comes before the contest's lock."""
        ...

    def leave_contest(self, *, user_id: str, contest_id: str) -> None:
        """An entrant leaves before the lock, and gets the fee back. Only the fault ``entrant_leaves`` needs it."""
        ...

    def cancel_contest(self, *, organizer_id: str, contest_id: str, reason: str) -> None:
        """The organizer cancels a contest before its lock. Only the fault ``contest_called_off`` needs it."""
        ...

    def open_intent(self, *, user_id: str, contest_id: str, amount_cents: int, idempotency_key: str) -> tuple[str, str]:
        """Returns (Stripe's ``pi_…`` id, client secret)."""
        ...


class Buyers(People, Protocol):
    """People where the profile is ``payments``: an order stands wherever a contest is asked for elsewhere."""

    def order(self, *, user_id: str, what: str, amount_cents: int, idempotency_key: str) -> str:
        """Orders something, and returns the order's id."""
        ...


@runtime_checkable
class ChargedThere(Protocol):
    """People of a platform that makes and confirms its payment intents by itself: it is handed a payment method, and
    there is no intent before that."""

    def pay(
        self, *, user_id: str, contest_id: str, amount_cents: int, payment_method: str, idempotency_key: str
    ) -> None:
        """Pays by ``payment_method``, Stripe's ``pm_…``."""
        ...


class Service(Protocol):
    """A platform as its hosting provider sees it: one instance behind a load balancer."""

    @property
    def running(self) -> bool: ...

    instance: int
    """Counts up with every start."""
    draining: bool

    def drain(self) -> None:
        """Turn players and webhooks away (503); operations still get through."""
        ...

    def admit(self) -> None: ...

    def stop(self) -> None: ...

    def start(self) -> None:
        """Start a new instance, unless one runs."""
        ...
