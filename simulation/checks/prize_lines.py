"""Prizes in three books: won by our model, booked in the ledger, transferred at Stripe to the winner's own account."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from simulation.checks.case import Case
from simulation.checks.expected import expected_settlements
from simulation.checks.ledger import PAYABLE
from simulation.checks.lines import Amounts, Entrant, Line, compare, excuse_of, posted
from simulation.checks.money import Moved, grouped, moved
from simulation.checks.relations import PostingRow, TransferRow, UserRow


def prizes(case: Case) -> Iterator[Line]:
    """By contest and entrant: the prize of our model, the ledger's completed payout, Stripe's transfers."""
    won = _won(case)
    rows = {(row.contest_id, row.user_id): row for row in case.rows(TransferRow)}
    accounts = {row.user_id: row.stripe_account_id for row in case.rows(UserRow)}
    booked = posted(case, "PAYOUT_ATTEMPT_COMPLETED", "payout_transfer")
    owed = _owed(case)
    transferred = grouped(moved(case, "transfer"), lambda transfer: transfer.entrant)
    for entrant in sorted(won.keys() | rows.keys() | transferred.keys() | owed.keys()):
        row, transfers = rows.get(entrant), transferred.get(entrant, ())
        amounts = Amounts(
            expected_cents=won.get(entrant, 0),
            ledger_cents=booked.get(row.transfer_id, 0) if row else 0,
            stripe_cents=sum(transfer.amount_cents for transfer in transfers),
        )
        wrong = _misdirected(transfers, accounts)
        if owed.get(entrant, 0) != amounts.expected_cents:
            wrong = wrong or f"the settlement credited {owed.get(entrant, 0)} cents to the winner"
        excuse = excuse_of(case, row, amounts, since=row.created_at if row else None)
        yield compare("prize", ":".join(entrant), entrant, amounts, excuse=excuse, wrong=wrong, evidence=transfers)


def _won(case: Case) -> Mapping[Entrant, int]:
    """Prizes above zero, by our own model."""
    return {
        (contest_id, placing.user_id): placing.payout_cents
        for contest_id, expected in expected_settlements(case).items()
        for placing in expected.settlement.placings
        if placing.payout_cents
    }


def _owed(case: Case) -> Mapping[Entrant, int]:
    """What settlements credited to winners."""
    owed: Counter[Entrant] = Counter()
    for row in case.rows(PostingRow):
        if row.entry_type == "PRIZE_PAYOUT" and row.direction == "CREDIT" and row.account.startswith(PAYABLE):
            contest_id, _, user_id = row.account.removeprefix(PAYABLE).partition(":")
            owed[(contest_id, user_id)] += row.amount_cents
    return owed


def _misdirected(transfers: Sequence[Moved], accounts: Mapping[str, str | None]) -> str:
    for transfer in transfers:
        own = accounts.get(transfer.user_id or "")
        if transfer.movement.destination != own:
            return f"paid into {transfer.movement.destination}, the winner's account is {own}"
    return ""
