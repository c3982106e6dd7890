"""Transactions that a job or request is sure to have, whatever a seed draws: by when, and how many.

Source: fixtures/spec/platform.md (Background work, Money).
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from simulation.scenario.faults.attempts import paid_from, sure_payout_transactions
from simulation.scenario.faults.fault import VictimFault
from simulation.scenario.faults.people import ChargedBack
from simulation.scenario.faults.refunds import PartsGivenBack
from simulation.scenario.faults.victims import disturbed_payments, sure_payments

if TYPE_CHECKING:
    from simulation.scenario.model import Scenario

WEBHOOKS = "POST /api/webhooks/stripe"
PAYOUTS = "payout_scheduler"
SURE_STATEMENTS = {
    WEBHOOKS: 8,
    "lifecycle_reconciler": 3,
    "ingestion_poller": 1,
    "settlement": 10,
    PAYOUTS: 3,
}
"""Statements that each of a job's or request's transactions has which are sure to come."""
_NEXT_RUNS = timedelta(minutes=15)
"""From when something falls due to the run of the job that does it, and of those that come before it."""


def sure_moments(scenario: Scenario, transaction: str, since: datetime) -> list[datetime] | None:
    """By when each transaction has come that a job or request is sure to have from a moment on, the first one first;
    None where that is not known. Without what keeps it back.

    A payment, a chargeback, what Stripe gives back by itself, each transition of a contest, each round on its board, a
    settlement, the start of its payouts, and the claim and the outcome of each prize has one.
    """
    if transaction not in SURE_STATEMENTS:
        return None
    of_whom = _deliveries if transaction == WEBHOOKS else _doings
    return sorted(of_whom(scenario, transaction, since))


def sure_transactions(scenario: Scenario, transaction: str, since: datetime) -> int | None:
    """How many transactions a job or request is sure to have from a moment on, where that is known."""
    moments = sure_moments(scenario, transaction, since)
    return None if moments is None else len(moments)


def _doings(scenario: Scenario, job: str, since: datetime) -> Iterator[datetime]:
    for contest in scenario.contests:
        tournament = scenario.tournaments[contest.tournament]
        final, paid = tournament.final_board_at, paid_from(contest, scenario)
        if job == "lifecycle_reconciler":
            moments = [contest.lock, contest.start, final]
        elif job == "ingestion_poller":
            moments = [*(tournament.round_ends_at(number) for number in tournament.rounds[:-1]), final]
        elif job == "settlement":
            moments = [paid] if contest.entry_fee_cents else []
        else:
            moments = [paid] * sure_payout_transactions(contest, scenario)
        yield from (moment for moment in moments if moment > since)


def _deliveries(scenario: Scenario, _: str, since: datetime) -> Iterator[datetime]:
    for contest in scenario.contests:
        if contest.entry_fee_cents and contest.created >= since:
            yield from [contest.start] * (sure_payments(contest) - disturbed_payments(contest, scenario.faults))
    for fault in scenario.faults:
        if isinstance(fault, ChargedBack | PartsGivenBack) and not fault.unannounced:
            moment = fault.its_contest(scenario).created + timedelta(hours=fault.hours_after)
            yield from [moment] if moment >= since else []


def sure_calls(scenario: Scenario, operation: str, since: datetime) -> int | None:
    """How many calls to the outside a job is sure to make from a moment on: for each prize, or for each board."""
    if operation == "ingestion_poller":
        return sure_transactions(scenario, operation, since)
    transactions = sure_transactions(scenario, PAYOUTS, since) or 0
    return {PAYOUTS: transactions // 2, "settlement": 0, "lifecycle_reconciler": 0}.get(operation)


def kept_back(moment: datetime, scenario: Scenario) -> datetime:
    """Until when what falls due at a moment may wait: for the next run of a job, and for the end of whatever is on."""
    latest = moment + _NEXT_RUNS
    windows = [fault.planned(scenario, 0) for fault in scenario.faults if not isinstance(fault, VictimFault)]
    for window in sorted(windows, key=lambda window: window.starts_at):
        if window.starts_at <= latest < window.over_by + _NEXT_RUNS:
            latest = window.over_by + _NEXT_RUNS
    return latest
