"""Three books side by side by business key: what should have happened ↔ the ledger ↔ Stripe. Never by totals alone.

Source: DESIGN.md (Witnesses and checks), spec/platform.md (Money).
"""

from __future__ import annotations

from simulation.checks.base import Inquiry, check
from simulation.checks.case import Case
from simulation.checks.dispute_lines import disputes
from simulation.checks.entry_lines import payments, refunds
from simulation.checks.lines import Line
from simulation.checks.prize_lines import prizes


@check(
    "Expected, ledger and Stripe agree on every payment, refund, prize and dispute, or the difference is explained",
    needs_end=True,
)
def three_way_reconciliation(case: Case, inquiry: Inquiry) -> None:
    for line in reconcile(case):
        inquiry.examine()
        if line.problem:
            inquiry.find(
                f"{line.kind} {line.business_key} ({case.name(line.contest_id)}, {line.user_id})",
                line.problem,
                expected=f"{line.expected_cents} cents",
                actual=f"ledger {line.ledger_cents}, Stripe {line.stripe_cents} cents",
                events=line.evidence,
            )


def reconcile(case: Case) -> tuple[Line, ...]:
    """All lines: payments by payment intent, refunds by payment intent, prizes by contest and entrant,
    disputes by payment intent.

    :raises CannotTell: a book is missing.
    """
    return (*payments(case), *refunds(case), *prizes(case), *disputes(case))
