"""Money that went back to payers, by contest: refunds, and what cardholders' banks took, gave back or kept.

Asked for: by people. Everything else: as Stripe recorded it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from simulation.currency import USD
from simulation.events import EntrantAction, StripeMovement, StripeObject
from simulation.reporting.parts.contests import ContestView
from simulation.reporting.parts.source import ReportSource
from simulation.reporting.parts.tally import Tally, in_order, tally


@dataclass(frozen=True, kw_only=True)
class Refunded:
    """Refunds of one contest: asked for by entrants; made at Stripe; failed or canceled there, so come back."""

    contest: str
    asked: Tally
    made: Tally
    came_back: Tally


@dataclass(frozen=True, kw_only=True)
class Disputed:
    """Disputes of one contest: inquiries, which take nothing; chargebacks by how they ended; Stripe's fees for them."""

    contest: str
    inquiries: Tally
    taken: Tally
    won: Tally
    lost: Tally
    undecided: Tally
    fees: Tally


@dataclass(frozen=True, kw_only=True)
class MoneyBack:
    """One row for each contest that has any, in the order of the contests."""

    refunds: tuple[Refunded, ...]
    disputes: tuple[Disputed, ...]


def money_back_of(source: ReportSource, contests: Sequence[ContestView]) -> MoneyBack:
    """Refunds and disputes by contest. What belongs to no known contest stands under its id, last."""
    fees = {contest.contest_id: (contest.entry_fee_cents, contest.currency) for contest in contests}
    history = source.history
    asked = [
        (act.contest_id, *fees.get(act.contest_id or "", (0, USD))) for act in history.of(EntrantAction) if _asks(act)
    ]
    movements = list(history.of(StripeMovement))
    disputes = [made for made in history.of(StripeObject) if made.object_type == "dispute"]
    fees_of = [
        (move.contest_id, move.fee_cents, move.currency) for move in movements if _is_dispute_fee(move, disputes)
    ]
    made = [(move.contest_id, -move.amount_cents, move.currency) for move in movements if move.movement == "refund"]
    came_back = [
        (move.contest_id, move.amount_cents, move.currency) for move in movements if move.movement == "refund_failure"
    ]
    refunded = [contest for rows in (asked, made, came_back) for contest, _, _ in rows]
    return MoneyBack(
        refunds=tuple(
            Refunded(
                contest=source.names.contest(contest),
                asked=tally(asked, contest),
                made=tally(made, contest),
                came_back=tally(came_back, contest),
            )
            for contest in in_order(refunded, contests)
        ),
        disputes=tuple(
            Disputed(
                contest=source.names.contest(contest),
                inquiries=_ended(disputes, contest, lambda status: status.startswith("warning")),
                taken=_ended(disputes, contest, lambda status: not status.startswith("warning")),
                won=_ended(disputes, contest, lambda status: status == "won"),
                lost=_ended(disputes, contest, lambda status: status == "lost"),
                undecided=_ended(disputes, contest, lambda status: status in ("needs_response", "under_review")),
                fees=tally(fees_of, contest),
            )
            for contest in in_order([dispute.contest_id for dispute in disputes], contests)
        ),
    )


def _asks(action: EntrantAction) -> bool:
    return action.action == "asked_for_refund"


def _is_dispute_fee(movement: StripeMovement, disputes: Sequence[StripeObject]) -> bool:
    return movement.fee_cents > 0 and any(movement.source_id == dispute.object_id for dispute in disputes)


def _ended(disputes: Sequence[StripeObject], contest: str | None, counts: Callable[[str], bool]) -> Tally:
    return tally([(one.contest_id, one.amount_cents, one.currency) for one in disputes if counts(one.status)], contest)
