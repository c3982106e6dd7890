"""The part of a contract that says how a business works: its prizes, its ledger, its actors, and what it lacks.

The defaults are the platform of fixtures/spec/platform.md. A backend of its own begins with :data:`UNDECLARED`, so that
no rule of another platform is held against it.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import cached_property
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Discriminator, Field, Tag, model_validator

from simulation.documents.strict import refusal

Lacking = Literal[
    "admin_endpoints",
    "contests",
    "diagnostics",
    "disputes",
    "ingestion_errors",
    "metrics",
    "payout_jobs",
    "provider",
    "reconciliation",
    "refunds",
    "runbook_executions",
    "settlement_runs",
    "stripe_events",
    "transfers",
]
"""What a business may not have: a canonical relation, a part of operations, the score provider, or contests with all
that belongs to them, as ``profile = "payments"`` of target.toml says."""
OF_CONTESTS = (
    "contest_audit",
    "entries",
    "ingestion_errors",
    "ingestion_events",
    "payout_jobs",
    "provider",
    "settlement_runs",
    "settlements",
    "transfers",
)
"""What a business without contests does not have, either."""
AccountKind = Literal["asset", "liability", "clearing", "own"]
"""``asset``: its balance is a debit, and is never below zero by more than the own accounts are; ``liability``: owed to
somebody, never below zero; ``clearing``: the same, and empty in the end; ``own``: the business's, of any sign."""
Meaning = Literal[
    "payment",
    "entry_fee",
    "refund",
    "refund_returned",
    "prize",
    "remainder",
    "payout",
    "payout_reversed",
    "adjustment",
    "nothing",
]
"""What an entry type stands for: ``payment`` (money arrived from Stripe), ``entry_fee`` (a wallet paid for an entry),
``refund``, ``refund_returned`` (its money came back, and is owed), ``prize`` (credited to the winner), ``remainder``
(rake and what rounding leaves), ``payout`` (a prize left for Stripe), ``payout_reversed`` (Stripe took it back, and it
is owed again), ``adjustment`` (of a settlement or a dispute), ``nothing`` (a note that moves no money)."""
Identity = Literal["metadata", "idempotency_key", "transfer_id", "account_id"]
ContestStatus = Literal["SCHEDULED", "LOCKED", "LIVE", "COMPLETE", "ERROR", "CANCELLED"]
TransferStatus = Literal["pending", "processing", "retryable", "completed", "failed_terminal"]
MODEL_FILE = "model.py"
_HOLES = {"{contest}": "(?P<contest>.+?)", "{order}": "(?P<contest>.+?)", "{user}": "(?P<user>.+?)"}


def _account(template: str) -> str:
    holes = re.findall(r"\{[^{}]*\}", template)
    unknown = [hole for hole in holes if hole not in _HOLES]
    if unknown:
        raise refusal(
            f"{unknown[0]} stands for nothing", remedy="write {contest}, {order}, {user} or the account's whole name"
        )
    if len({_HOLES[hole] for hole in holes}) < len(holes):
        raise refusal(f"{template} has {' and '.join(holes)}", remedy="name a contest or order once, and a user once")
    return template


Account = Annotated[str, Field(min_length=1), AfterValidator(_account)]
"""The name of an account, with ``{contest}`` (or ``{order}``) and ``{user}`` for the ids of what and whom it is for."""


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", defer_build=True)


class Movement(_Part):
    """What entries of one type do. ``against``: the account that the other half of a single entry belongs to."""

    means: Meaning | None = None
    against: Account | None = None


class Ledger(_Part):
    """The chart of accounts, and what each entry type means.

    ``single``: one entry a movement, its amount signed (what the account gained), without direction and transaction.
    ``double``: at least a debit and a credit, which belong to one transaction and are equal.
    """

    entries: Literal["single", "double"] = "double"
    accounts: dict[Account, AccountKind]
    movements: dict[str, Movement]

    @model_validator(mode="after")
    def _halves_have_accounts(self) -> Self:
        for name, movement in self.movements.items():
            if movement.against is not None and self.entries == "double":
                raise refusal(
                    f"{name}: in a ledger of double entries the other half is an entry itself",
                    remedy="leave `against` out, or write `entries: single`",
                    path=("movements", name, "against"),
                )
            if movement.against is not None and movement.against not in self.accounts:
                raise refusal(
                    f"{name}: {movement.against} is not among the accounts",
                    remedy=f"one of {', '.join(self.accounts)}, or add it to `accounts`",
                    path=("movements", name, "against"),
                )
        return self

    def find(self, account: str) -> tuple[AccountKind, Mapping[str, str]] | None:
        """An account's kind and the ids in its name; None for one that is not in the chart."""
        for pattern, kind in self._patterns:
            if found := pattern.fullmatch(account):
                return kind, found.groupdict()
        return None

    def meaning(self, entry_type: str) -> Meaning | None:
        """What an entry type means; None for one that is not declared."""
        movement = self.movements.get(entry_type)
        return movement.means if movement else None

    @cached_property
    def _patterns(self) -> tuple[tuple[re.Pattern[str], AccountKind], ...]:
        found = []
        for template, kind in self.accounts.items():
            parts = re.split(r"(\{contest\}|\{order\}|\{user\})", template)
            found.append((re.compile("".join(_HOLES.get(part, re.escape(part)) for part in parts)), kind))
        return tuple(found)


DOCUMENTED_LEDGER = Ledger(
    entries="double",
    accounts={
        "stripe": "asset",
        "platform": "own",
        "contest_pool:{contest}": "clearing",
        "winnings_payable:{contest}:{user}": "clearing",
        "refunds_payable:{contest}:{user}": "clearing",
    },
    movements={
        "ENTRY_FEE": Movement(means="payment"),
        "ENTRY_FEE_REFUND": Movement(means="refund"),
        "ENTRY_FEE_REFUND_RETURNED": Movement(means="refund_returned"),
        "PRIZE_PAYOUT": Movement(means="prize"),
        "PAYOUT_ATTEMPT_COMPLETED": Movement(means="payout"),
        "PRIZE_PAYOUT_REVERSAL": Movement(means="payout_reversed"),
        "PAYOUT_ATTEMPT_RETRYABLE": Movement(means="nothing"),
        "PAYOUT_ATTEMPT_FAILED_TERMINAL": Movement(means="nothing"),
        "ADJUSTMENT": Movement(means="adjustment"),
        "POOL_TOP_UP": Movement(means="adjustment"),
    },
)
"""The ledger of fixtures/spec/platform.md (Tables, Money)."""


class Statuses(_Part):
    """The target's own words, in its tables and as observe.sql shows them → the canonical statuses."""

    contests: dict[str, ContestStatus] = {}
    transfers: dict[str, TransferStatus] = {}

    def canonical(self, relation: str, word: str) -> str:
        """The canonical status for a word of the target's own; the word itself where none is declared for it."""
        words: Mapping[str, Mapping[str, str]] = {"contests": self.contests, "transfers": self.transfers}
        return words.get(relation, {}).get(word, word)


_Ledger = Annotated[
    Annotated[Ledger, Tag("chart")] | Annotated[Literal["documented", "undeclared"], Tag("word")],
    Discriminator(lambda value: "word" if isinstance(value, str) else "chart"),
]
"""A chart of its own, the documented one, or none."""


class Business(_Part):
    """How a business works, where it differs from fixtures/spec/platform.md."""

    without: dict[Lacking, Annotated[str, Field(min_length=10)]] = {}
    """What it does not have, each with the reason."""
    webhooks: Literal["signed", "fetched"] = "signed"
    """Why it believes an event: its signature, or because it fetched it from Stripe by its id. The loader fills it in
    from target.toml."""
    model: Literal["documented", "model.py", "undeclared"] = "documented"
    """How scores become prizes: as documented, or by ``settle`` of the folder's model.py."""
    ledger: _Ledger = "documented"
    system_actors: tuple[str, ...] = ()
    """Actors of automatic work, beside ``system_actor`` of target.toml."""
    statuses: Statuses = Statuses()
    paid_out: Literal["transfer", "wallet"] = "transfer"
    """What a winner gets: a transfer at Stripe, or a credit in their wallet that stays there."""
    identified_by: Annotated[tuple[Identity, ...], Field(min_length=1)] = ("metadata",)
    """How the contest and the user of a transfer at Stripe are known: its metadata, or the row of ``transfers`` with
    its idempotency key or id, or the row of ``users`` with its destination. The first that tells counts."""
    model_source: str = ""
    """Text of model.py; the loader fills it in, so that a history can be judged without the target's folder."""
    shown_by: dict[str, str] = {}
    """Canonical relation → the table whose column ``id`` is its key. Where ids are numbers, rows of several tables have
    the same. The loader fills it in from observe.sql."""
    filtered: tuple[str, ...] = ()
    """Canonical relations whose query has a condition: a row of the table that it does not show may be left out by it.
    The loader fills it in from observe.sql."""
    admins_by_sql: bool = False
    """Whether the harness itself writes admins and takes their rights by SQL of target.toml, before the absence. The
    loader fills it in."""

    @cached_property
    def absent(self) -> Mapping[str, str]:
        """All that it does not have, with the reason: what it says, and what follows from that."""
        why = self.without.get("contests")
        absent: dict[str, str] = dict.fromkeys(OF_CONTESTS, why) if why else {}
        return absent | {str(what): reason for what, reason in self.without.items()}

    @property
    def books(self) -> Ledger | None:
        """The ledger's chart; None where none is declared."""
        if isinstance(self.ledger, Ledger):
            return self.ledger
        return DOCUMENTED_LEDGER if self.ledger == "documented" else None


DOCUMENTED = Business()
UNDECLARED = Business(model="undeclared", ledger="undeclared")
FILLED_IN = ("model_source", "shown_by", "filtered", "admins_by_sql", "webhooks")
"""Fields that the loader sets and no file may."""
