"""The facts outside the platform that may explain a contract's writes, and the fields that its paths may name.

Each was seen by a witness or follows from what witnesses saw; none comes from the platform's own tables. The jury
finds them in :mod:`simulation.checks.conformance.facts`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from pydantic import JsonValue


@dataclass(frozen=True, kw_only=True)
class TransactionScope:
    """The fields that paths beginning with ``transaction`` may name."""

    xid: int
    at: datetime
    text: str
    """``at`` as the database writes it."""


@dataclass(frozen=True, kw_only=True)
class Fact:
    """Base of all facts. ``required``: a row must exist for it; False where the platform may not have received it."""

    at: datetime
    required: bool = True


@dataclass(frozen=True, kw_only=True)
class Request(Fact):
    """A request to the platform that it answered. ``path`` has the named segments of the route, ``query`` the query's
    parameters."""

    id: str
    method: str
    path: Mapping[str, str]
    query: Mapping[str, str]
    body: JsonValue
    answer: JsonValue
    status: int
    actor: str
    subject: str | None
    """The subject of its token; without a token, the user who sent it in the simulation."""
    execution_id: str | None
    idempotency_key: str | None


@dataclass(frozen=True, kw_only=True)
class Call(Fact):
    """A request to Stripe, from Stripe's journal. ``outcome``: ``ok``, ``refused``, ``lost`` (no answer came)."""

    id: str
    path: Mapping[str, str]
    params: JsonValue
    idempotency_key: str | None
    object_id: str | None
    error_code: str | None
    outcome: str
    executed: bool


@dataclass(frozen=True, kw_only=True)
class Event(Fact):
    """An event at Stripe. ``required``: it was delivered, and the platform confirmed that.

    ``at``: when the platform accepted it; if it never did, when the event was created.
    """

    id: str
    type: str
    object_id: str
    payload_sha256: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Admin(Fact):
    """An admin user that the deployment configures."""

    user_id: str
    name: str
    email: str
    role: str


@dataclass(frozen=True, kw_only=True)
class Account(Fact):
    """A winner's account at Stripe; ``user_id`` and ``email`` as the platform told Stripe. ``at`` is the end of the
    run."""

    id: str
    user_id: str | None
    email: str | None


@dataclass(frozen=True, kw_only=True)
class BankPayout(Fact):
    """What Stripe sent from a winner's account to their bank, however it ended; ``id`` is Stripe's (``po_…``). ``at``
    is when it was sent."""

    id: str
    user_id: str | None
    amount_cents: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class AccountChange(Fact):
    """Stripe stopped transfers to an account (``acct_…``), or lets them go on; ``reason``: its word for why."""

    id: str
    user_id: str | None
    reason: str | None


@dataclass(frozen=True, kw_only=True)
class EndpointChange(Fact):
    """Stripe pushes events to a webhook endpoint (``we_…``) of the platform from now on, or no more; ``role``: what the
    endpoint's metadata say. At the start one is enabled, the primary."""

    id: str
    role: str | None


@dataclass(frozen=True, kw_only=True)
class Movement(Fact):
    """Money that moved at Stripe: a charge, a transfer or its reversal, a refund, or a refund's money that came back.

    ``id`` is Stripe's of the charge (``ch_…``), transfer (``tr_…``), reversal (``trr_…``) or refund (``re_…``).
    """

    id: str
    amount_cents: int
    currency: str
    """ISO 4217, in capitals; amounts are in its smallest unit."""
    payment_intent_id: str | None
    destination: str | None
    contest_id: str | None
    user_id: str | None
    idempotency_key: str | None
    origin: str


@dataclass(frozen=True, kw_only=True)
class Board(Fact):
    """A leaderboard that the provider served, once for each contest that uses its tournament.

    ``valid``: it is a board that the provider really published, unaltered; ``final``: whether it is the last one, with
    both values where a fault alters what the provider says about that.
    """

    contest_id: str
    tournament: str
    payload_sha256: str
    valid: bool
    final: tuple[bool, ...]


@dataclass(frozen=True, kw_only=True)
class Contest(Fact):
    """A contest of the scenario that was created; ``at`` is when."""

    id: str
    key: str
    name: str
    organizer: str | None
    tournament: str
    currency: str
    entry_fee_cents: int
    lock_time: datetime
    start_time: datetime
    end_time: datetime


@dataclass(frozen=True, kw_only=True)
class PlayerResult:
    """A player of a roster. ``rounds``: as far as completed; ``status``: ``active``, ``cut`` or ``withdrawn``."""

    id: str
    rounds: Sequence[int | None]
    status: str
    strokes: int


@dataclass(frozen=True, kw_only=True)
class EntrantResult:
    user_id: str
    rank: int
    score: int
    prize_cents: int
    players: tuple[PlayerResult, ...]


@dataclass(frozen=True, kw_only=True)
class Settlement(Fact):
    """What a contest must settle to, by the jury's own model; ``at`` is when the settlement was committed."""

    contest_id: str
    participants: int
    currency: str
    pool_cents: int
    platform_cents: int
    top_up_cents: int
    """What of the pool the platform adds, because a bigger one was guaranteed."""
    payload_sha256: str
    """Hash of the board that the settlement was computed from."""
    entrants: tuple[EntrantResult, ...]
    """In order of rank, then user id."""


@dataclass(frozen=True, kw_only=True)
class Prize(Fact):
    """One winner's prize, by the jury's own model."""

    contest_id: str
    user_id: str
    rank: int
    score: int
    amount_cents: int
    currency: str


@dataclass(frozen=True, kw_only=True)
class BalanceChange(Fact):
    """Money that came to or left the platform's balance at Stripe, net of fees; the first of each currency is the
    opening balance."""

    amount_cents: int
    currency: str
    available_at: datetime


@dataclass(frozen=True, kw_only=True)
class Delivery(Fact):
    """An event that Stripe delivered to the platform. ``accepted``: answered 2xx; ``repeated``: it had been before, by
    whichever endpoint; ``endpoint``: the role of the one that brought it, ``primary`` or ``standby``."""

    event_id: str
    request_id: str
    type: str
    accepted: bool
    repeated: bool
    endpoint: str


@dataclass(frozen=True, kw_only=True)
class Refused(Fact):
    """A request, of people or of programs, that the platform refused or could not answer, or one with a scoped token.

    ``code`` and ``message``: what the answer says under ``error`` and ``message``. ``scope``: of the token, null of an
    ordinary one.
    """

    id: str
    path: str
    status: int
    code: str | None
    message: str | None
    body: JsonValue
    subject: str | None
    scope: str | None


@dataclass(frozen=True, kw_only=True)
class Probe(Fact):
    """An attempt to use access that was taken away, or that must still work. ``founder_id``: the founder's user."""

    subject: str
    refused: bool
    detail: str
    founder_id: str | None


@dataclass(frozen=True, kw_only=True)
class Polled(Fact):
    """An answer of the score provider. ``failed``: no payload came."""

    tournament: str
    status: int | None
    failed: bool
    payload_sha256: str | None


@dataclass(frozen=True, kw_only=True)
class DisputeTold(Fact):
    """An event of Stripe's about a dispute. ``id`` is the event's, ``payment_intent_id`` Stripe's of the payment."""

    id: str
    payment_intent_id: str | None


@dataclass(frozen=True, kw_only=True)
class BrokenOff(Fact):
    """A run of a background job that ended with an error. ``job``: its name."""

    job: str


DERIVED_FACTS: Mapping[str, type[Fact]] = {
    "admin": Admin,
    "account": Account,
    "bank_payout": BankPayout,
    "account_restricted": AccountChange,
    "account_active": AccountChange,
    "endpoint_enabled": EndpointChange,
    "endpoint_disabled": EndpointChange,
    "contest": Contest,
    "charge_made": Movement,
    "transfer_made": Movement,
    "transfer_reversed": Movement,
    "refund_made": Movement,
    "refund_returned": Movement,
    "dispute_withdrawn": Movement,
    "dispute_reinstated": Movement,
    "board": Board,
    "settlement": Settlement,
    "prize": Prize,
    "remainder": Settlement,
    "top_up": Settlement,
    "balance_change": BalanceChange,
    "delivery": Delivery,
    "refused": Refused,
    "probe": Probe,
    "polled": Polled,
    "job_failed": BrokenOff,
    "dispute_told": DisputeTold,
}
"""What a contract may name in ``for_each: {fact: …}``."""
