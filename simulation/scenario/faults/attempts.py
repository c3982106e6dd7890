"""Attempts at a transfer that faults use up together: a transfer has three, and is given up when they are gone.

Source: fixtures/spec/platform.md (Payouts).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulation.scenario.faults.provider import FeedFault
from simulation.scenario.faults.stripe import PayoutWindowFault
from simulation.scenario.faults.transfers import TransferFault
from simulation.scenario.faults.victims import sure_transfers

if TYPE_CHECKING:
    from simulation.scenario.contest import Contest
    from simulation.scenario.faults.fault import Fault
    from simulation.scenario.model import Scenario

_LAST_ATTEMPT = timedelta(hours=3)
"""From a final board until the last attempt at its prizes: the third follows the second after two hours."""


def sure_payout_transactions(contest: Contest, scenario: Scenario) -> int:
    """Transactions of the payout scheduler: the start, and for each prize its claim and its outcome."""
    return 1 + 2 * sure_transfers(contest, scenario) if contest.entry_fee_cents else 0


def paid_from(contest: Contest, scenario: Scenario) -> datetime:
    """When its prizes fall due: after the final board, and not before the contest's own end."""
    return max(scenario.tournaments[contest.tournament].final_board_at, contest.end)


def contests_in_reach(scenario: Scenario, since: datetime, nth: int) -> frozenset[str]:
    """Whose prizes may be paid in the payout scheduler's ``nth`` transaction from ``since`` on: contests' keys.

    There may be more transactions than are sure to come, never fewer: so it comes no later than with the contest with
    which as many are sure to have come. When a contest is paid whose scores are kept back, nobody knows.
    """
    kept_back = {fault.tournament for fault in scenario.faults if isinstance(fault, FeedFault)}
    punctual = [contest for contest in scenario.contests if contest.tournament not in kept_back]
    paid = {contest.key: paid_from(contest, scenario) for contest in punctual}
    sure, last = 0, scenario.end
    for contest in sorted(punctual, key=lambda contest: paid[contest.key]):
        sure += sure_payout_transactions(contest, scenario) if paid[contest.key] >= since else 0
        if sure >= nth:
            last = paid[contest.key]
            break
    reached = {key for key, moment in paid.items() if since - _LAST_ATTEMPT <= moment <= last}
    return frozenset(reached | {contest.key for contest in scenario.contests if contest.tournament in kept_back})


def users_of_attempts(scenario: Scenario, contests: frozenset[str]) -> Iterator[Fault]:
    """Faults after which a transfer of one of the contests may have fewer attempts left."""
    concerned = [contest for contest in scenario.contests if contest.key in contests]
    for fault in scenario.faults:
        if isinstance(fault, TransferFault):
            if fault.contest in contests and fault.attempts_used:
                yield fault
        elif isinstance(fault, PayoutWindowFault) and _strikes_attempts(fault, concerned, scenario):
            yield fault


def _strikes_attempts(fault: PayoutWindowFault, contests: Sequence[Contest], scenario: Scenario) -> bool:
    return fault.takes_attempts and any(fault.falls_due_within(one, scenario) for one in contests)
