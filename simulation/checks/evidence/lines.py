"""A line of the reconciliation: one business key in three books, and what may explain a difference.

Source: simulation/DESIGN.md (Witnesses and checks): a difference is in flight with a deadline, given up with a reason,
or a finding.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from simulation.checks.evidence.books import books
from simulation.checks.evidence.case import Case
from simulation.checks.evidence.keys import Keys
from simulation.checks.evidence.money import Moved
from simulation.checks.evidence.relations import CAME_BACK, RefundRow, TransferRow
from simulation.contract.business import Meaning
from simulation.events import Event

Entrant = tuple[str, str]
"""(contest id, user id)."""
LineKind = Literal["payment", "entry", "refund", "prize", "dispute"]


@dataclass(frozen=True, kw_only=True)
class Amounts:
    """The amount of one business key in each of the three books, in one currency."""

    expected_cents: int
    ledger_cents: int
    stripe_cents: int

    @property
    def agree(self) -> bool:
        return self.expected_cents == self.ledger_cents == self.stripe_cents

    @property
    def untouched(self) -> bool:
        """Neither ledger nor Stripe has moved anything: only then can a failure or a delay explain the difference."""
        return self.ledger_cents == self.stripe_cents == 0


@dataclass(frozen=True, kw_only=True)
class Line:
    """One business key in one currency. ``problem`` is empty when the books agree, or when ``explanation`` says why
    they do not."""

    kind: LineKind
    business_key: str
    contest_id: str
    user_id: str
    currency: str
    expected_cents: int
    ledger_cents: int
    stripe_cents: int
    explanation: str
    problem: str
    evidence: tuple[Event, ...]

    @property
    def keys(self) -> Keys:
        """The line's ids: contest and user for a prize and an entry; all other kinds have a payment intent as their
        business key."""
        return Keys(
            contest_id=self.contest_id or None,
            user_id=self.user_id or None,
            payment_intent_id=None if self.kind in ("prize", "entry") else self.business_key,
        )

    @property
    def difference_cents(self) -> int:
        """Difference between the books with the largest and the smallest amount."""
        cents = (self.expected_cents, self.ledger_cents, self.stripe_cents)
        return max(cents) - min(cents)


def compare(
    kind: LineKind,
    key: str,
    entrant: Entrant,
    amounts: Amounts,
    *,
    currency: str,
    excuse: str = "",
    wrong: str = "",
    evidence: Sequence[Moved] = (),
) -> Line:
    """A line from three amounts: ``excuse`` explains a difference, ``wrong`` is a problem even without a difference."""
    unexplained = "" if amounts.agree or excuse else "expected, ledger and Stripe differ"
    return Line(
        kind=kind,
        business_key=key,
        contest_id=entrant[0],
        user_id=entrant[1],
        currency=currency,
        expected_cents=amounts.expected_cents,
        ledger_cents=amounts.ledger_cents,
        stripe_cents=amounts.stripe_cents,
        explanation="" if amounts.agree or wrong else excuse,
        problem=wrong or unexplained,
        evidence=tuple(item.movement for item in evidence),
    )


def posted(case: Case, meaning: Meaning, reference_type: str) -> Mapping[str, Counter[str]]:
    """Reference id → currency → amount in the ledger: what was debited, of single entries what was moved."""
    cents: defaultdict[str, Counter[str]] = defaultdict(Counter)
    ledger = case.remembered(books)
    for row in ledger.meaning(meaning):
        if row.reference_type == reference_type and row.direction in ("DEBIT", ""):
            amount_cents = abs(row.amount_cents) if ledger.chart.entries == "single" else row.amount_cents
            cents[row.reference_id][row.currency] += amount_cents
    return cents


def excuse_of(
    case: Case, row: RefundRow | TransferRow | None, amounts: Amounts, *, since: datetime | None = None
) -> str:
    """Why money that is due has not moved: given up for good, or under way with a deadline that is not over."""
    if row is None or not amounts.untouched or row.status == "completed":
        return ""
    if row.status in ("failed_terminal", *CAME_BACK):
        how = "came back and is owed" if row.status in CAME_BACK else "given up for good"
        return f"{how}: {row.failure_reason}" if row.failure_reason else ""
    begun = max(case.ended.healthy_at, since or case.ended.healthy_at)
    deadline = begun + timedelta(hours=case.scenario.converge_within_hours)
    return f"in flight ({row.status}), due by {deadline:%Y-%m-%d %H:%M}" if case.ended.at < deadline else ""
