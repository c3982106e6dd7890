"""What became of prizes once Stripe had them on their way to a winner's account, by contest: as Stripe
recorded it, and as winners saw it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.events import EntrantAction, StripeMovement
from simulation.reporting.parts.contests import ContestView
from simulation.reporting.parts.source import ReportSource
from simulation.reporting.parts.tally import Tally, in_order, tally


@dataclass(frozen=True, kw_only=True)
class WinnerAccounts:
    """Of one contest. ``taken_back``: reversals of transfers, each part on its own; ``bank_refused``: payouts from
    winners' accounts that their banks did not keep."""

    contest: str
    taken_back: Tally
    bank_refused: Tally


def winner_accounts_of(source: ReportSource, contests: Sequence[ContestView]) -> tuple[WinnerAccounts, ...]:
    """One row for each contest that has any, in the order of the contests."""
    movements = source.history.of(StripeMovement)
    taken = [
        (move.contest_id, move.amount_cents, move.currency)
        for move in movements
        if move.movement == "transfer_reversal"
    ]
    acts = source.history.of(EntrantAction)
    refused = [(act.contest_id, act.amount_cents, act.currency) for act in acts if act.action == "bank_refused"]
    return tuple(
        WinnerAccounts(
            contest=source.names.contest(contest),
            taken_back=tally(taken, contest),
            bank_refused=tally(refused, contest),
        )
        for contest in in_order([contest for contest, _, _ in (*taken, *refused)], contests)
    )
