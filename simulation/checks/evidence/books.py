"""The target's ledger as its chart of accounts reads it: both halves of every entry, and what each entry means."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from simulation.checks.evidence.case import Case, Undeclared
from simulation.checks.evidence.relations import PostingRow
from simulation.contract.business import AccountKind, Ledger, Meaning


@dataclass(frozen=True, kw_only=True)
class Half:
    """What one entry does to one account. ``credit_cents``: the amount with the sign of a credit.

    ``kind``: None for an account that the chart does not have.
    """

    account: str
    kind: AccountKind | None
    contest_id: str | None
    user_id: str | None
    credit_cents: int
    row: PostingRow

    @property
    def entrant(self) -> tuple[str, str]:
        """(contest, user): as the account's name has it, else as the row has it."""
        return self.contest_id or "", self.user_id or ""


@dataclass(frozen=True)
class Books:
    """A ledger and its chart."""

    chart: Ledger
    rows: Sequence[PostingRow]

    @cached_property
    def halves(self) -> Sequence[Half]:
        """Of a single entry also the half that it leaves unsaid, where its type says against which account."""
        return [half for row in self.rows for half in self._halves(row)]

    def meaning(self, meaning: Meaning) -> Iterator[PostingRow]:
        """The entries of the types with this meaning."""
        return (row for row in self.rows if self.chart.meaning(row.entry_type) == meaning)

    def means(self, meaning: Meaning) -> bool:
        """Whether any entry type has this meaning."""
        return any(movement.means == meaning for movement in self.chart.movements.values())

    def credited(self, meaning: Meaning, *, sign: int = 1) -> Counter[tuple[str, str, str]]:
        """(contest, user, currency) → what entries with this meaning credited to accounts of users (-1: debited)."""
        cents: Counter[tuple[str, str, str]] = Counter()
        types = {name for name, movement in self.chart.movements.items() if movement.means == meaning}
        for half in self.halves:
            of_a_user = half.kind in ("liability", "clearing") and half.user_id is not None
            if half.row.entry_type in types and of_a_user and self._is_of_a_user(half) and sign * half.credit_cents > 0:
                cents[*half.entrant, half.row.currency] += sign * half.credit_cents
        return cents

    def _is_of_a_user(self, half: Half) -> bool:
        found = self.chart.find(half.account)
        return found is not None and "user" in found[1]

    def _halves(self, row: PostingRow) -> Iterator[Half]:
        yield self._half(row, row.account, -row.debit_cents)
        movement = self.chart.movements.get(row.entry_type)
        if movement is not None and movement.against is not None:
            account = movement.against
            for hole, filling in (("{contest}", row.contest_id), ("{order}", row.contest_id), ("{user}", row.user_id)):
                account = account.replace(hole, filling or "")
            yield self._half(row, account, row.debit_cents)

    def _half(self, row: PostingRow, account: str, credit_cents: int) -> Half:
        kind, ids = self.chart.find(account) or (None, {})
        return Half(
            account=account,
            kind=kind,
            contest_id=ids.get("contest") or row.contest_id,
            user_id=ids.get("user") or row.user_id,
            credit_cents=credit_cents,
            row=row,
        )


def books(case: Case) -> Books:
    """The ledger. Call it through :meth:`Case.remembered`.

    :raises CannotTell: it was not observed, or the target declares none.
    """
    chart = case.business.books
    if chart is None:
        raise Undeclared("business.ledger", "its contract")
    return Books(chart, case.rows(PostingRow))
