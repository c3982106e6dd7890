"""Payments that did not succeed at once, or not as owed, by contest: as Stripe has them, and what people know."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.checks.evidence.money import MISFIT
from simulation.events import EntrantAction, StripeObject
from simulation.reporting.parts.contests import ContestView
from simulation.reporting.parts.source import ReportSource
from simulation.reporting.parts.tally import Amount, Tally, in_order, tally


@dataclass(frozen=True, kw_only=True)
class DelayedPayments:
    """Of one contest. ``failed``: cards declined and debits returned; ``by_debit``: begun by bank debit; ``canceled``:
    intents canceled unpaid; ``left``: intents whose entrant never answered the bank; ``under_way``: not decided yet;
    ``other_amount``: paid, but not what was owed, or in another
    currency."""

    contest: str
    failed: Tally
    by_debit: Tally
    canceled: Tally
    left: Tally
    under_way: Tally
    other_amount: Tally


def delayed_payments_of(source: ReportSource, contests: Sequence[ContestView]) -> tuple[DelayedPayments, ...]:
    """One row for each contest that has any, in the order of the contests."""
    debits, misfits = _by_people(source, "began_to_pay"), _by_people(source, *MISFIT)
    failed = _at_stripe(source, "charge", "failed")
    canceled = _at_stripe(source, "payment_intent", "canceled")
    left = _at_stripe(source, "payment_intent", "requires_action")
    under_way = _at_stripe(source, "payment_intent", "processing")
    found = [contest for rows in (debits, failed, canceled, left, under_way, misfits) for contest, _, _ in rows]
    return tuple(
        DelayedPayments(
            contest=source.names.contest(contest),
            failed=tally(failed, contest),
            by_debit=tally(debits, contest),
            canceled=tally(canceled, contest),
            left=tally(left, contest),
            under_way=tally(under_way, contest),
            other_amount=tally(misfits, contest),
        )
        for contest in in_order(found, contests)
    )


def _by_people(source: ReportSource, *actions: str) -> list[Amount]:
    acts = source.history.of(EntrantAction)
    return [(act.contest_id, act.amount_cents, act.currency) for act in acts if act.action in actions]


def _at_stripe(source: ReportSource, object_type: str, status: str) -> list[Amount]:
    objects = source.history.of(StripeObject)
    return [
        (one.contest_id, one.amount_cents, one.currency)
        for one in objects
        if (one.object_type, one.status) == (object_type, status)
    ]
