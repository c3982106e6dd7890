"""The jury's three-way reconciliation (expected, ledger, Stripe) by business key, with names in place of ids."""

from __future__ import annotations

from dataclasses import dataclass

from simulation.checks.evidence.case import CannotTell
from simulation.checks.evidence.lines import Line
from simulation.checks.reconciliation import reconcile
from simulation.currency import USD
from simulation.reporting.parts.source import ReportSource

_KINDS = ("payment", "refund", "prize", "dispute")
_TITLES = {"payment": "Entry fees", "refund": "Refunds", "prize": "Prizes", "dispute": "Chargebacks"}


@dataclass(frozen=True, kw_only=True)
class Reconciled:
    """The amounts of one business key in the three books, in one currency."""

    kind: str
    business_key: str
    contest: str
    person: str
    currency: str
    expected_cents: int
    ledger_cents: int
    stripe_cents: int
    state: str
    """``agrees``, ``explained`` or ``problem``."""
    remark: str
    """The explanation, or the problem."""


@dataclass(frozen=True, kw_only=True)
class Book:
    """All business keys of one kind (such as refunds) in one currency, and their sums."""

    title: str
    currency: str
    rows: tuple[Reconciled, ...]

    @property
    def expected_cents(self) -> int:
        return sum(row.expected_cents for row in self.rows)

    @property
    def ledger_cents(self) -> int:
        return sum(row.ledger_cents for row in self.rows)

    @property
    def stripe_cents(self) -> int:
        return sum(row.stripe_cents for row in self.rows)

    @property
    def differing(self) -> tuple[Reconciled, ...]:
        return tuple(row for row in self.rows if row.state != "agrees")


@dataclass(frozen=True, kw_only=True)
class Reconciliation:
    books: tuple[Book, ...]
    doubt: str
    """Why the books could not be compared; empty when they were."""

    @property
    def differing(self) -> tuple[Reconciled, ...]:
        return tuple(row for book in self.books for row in book.differing)

    @property
    def keys(self) -> int:
        return sum(len(book.rows) for book in self.books)


def reconciliation_of(source: ReportSource) -> Reconciliation:
    """Entry fees, refunds, prizes and chargebacks by business key, as the jury reconciles them."""
    try:
        lines = reconcile(source.case)
    except CannotTell as gap:
        return Reconciliation(books=(), doubt=str(gap))
    rows = sorted((_row(source, line) for line in lines), key=lambda row: (row.contest, row.person, row.business_key))
    currencies = sorted({row.currency for row in rows}, key=lambda currency: (currency != USD, currency))
    return Reconciliation(
        books=tuple(
            Book(title=_title(kind, currency), currency=currency, rows=own)
            for kind in _KINDS
            for currency in currencies
            if (own := tuple(row for row in rows if (row.kind, row.currency) == (kind, currency)))
        ),
        doubt="",
    )


def _title(kind: str, currency: str) -> str:
    return _TITLES[kind] if currency == USD else f"{_TITLES[kind]}, {currency.upper()}"


def _row(source: ReportSource, line: Line) -> Reconciled:
    state = "problem" if line.problem else "explained" if line.explanation else "agrees"
    return Reconciled(
        kind=line.kind,
        business_key=line.business_key,
        contest=source.names.contest(line.contest_id),
        person=source.names.person(line.user_id),
        currency=line.currency,
        expected_cents=line.expected_cents,
        ledger_cents=line.ledger_cents,
        stripe_cents=line.stripe_cents,
        state=state,
        remark=line.problem or line.explanation,
    )
