"""Who and what a contest is sure to have, whatever the seed draws: the victims that a fault can count on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

from simulation.scenario.faults.fault import ContestFault, Fault

if TYPE_CHECKING:
    from simulation.scenario.contest import Contest
    from simulation.scenario.model import Scenario

_LEFT_TO_PLAY = 2
_OPEN_LONG = timedelta(hours=3)
"""A contest open for less has late entrants only."""


def called_off(scenario: Scenario) -> frozenset[str]:
    """Keys of the contests that are sure not to be played: an organizer cancels them, too few enter, or their
    tournament is cancelled."""
    by_fault = {fault.contest for fault in scenario.faults if isinstance(fault, ContestFault) and fault.calls_off}
    too_few = {contest.key for contest in scenario.contests if contest.entrants < contest.min_entries}
    given_up = {key for key, tournament in scenario.tournaments.items() if tournament.cancelled}
    cancelled = {contest.key for contest in scenario.contests if contest.tournament in given_up}
    return frozenset(by_fault | too_few | cancelled)


def played(scenario: Scenario) -> Scenario:
    """The scenario without the contests that are called off, and without what is aimed at them."""
    off = called_off(scenario)
    return scenario.model_copy(
        update={
            "contests": tuple(contest for contest in scenario.contests if contest.key not in off),
            "faults": tuple(fault for fault in scenario.faults if getattr(fault, "contest", None) not in off),
        }
    )


def sure_payments(contest: Contest) -> int:
    """Payments of the contest's entry fee, those made twice counted twice."""
    return contest.entrants - contest.non_payers + contest.double_payers if contest.entry_fee_cents else 0


def early_payers(contest: Contest) -> int:
    """People who are sure to have paid half an hour before the lock."""
    if not contest.entry_fee_cents or contest.lock - contest.created < _OPEN_LONG:
        return 0
    return contest.entrants - contest.non_payers - contest.late_payers - contest.late_joiners


def disturbed_payments(contest: Contest, faults: Sequence[Fault]) -> int:
    """How many payments of the contest may come late or never, for these faults."""
    return sum(
        fault.disturbs_payment for fault in faults if isinstance(fault, ContestFault) and fault.contest == contest.key
    )


def prompt_payers(contest: Contest) -> int:
    """People who pay once, before the lock, besides the two who must, so that the contest is one."""
    if not contest.entry_fee_cents:
        return 0
    late = contest.late_payers + contest.late_joiners
    return max(0, contest.entrants - contest.non_payers - late - contest.double_payers - _LEFT_TO_PLAY)


def sure_victims(victim: str, contest: Contest, scenario: Scenario) -> int:
    """How many of what a fault strikes (``VictimFault.victim``) the contest is sure to have."""
    match victim:
        case "transfer":
            return sure_transfers(contest, scenario)
        case "payment":
            return sure_payments(contest)
        case "prompt payer":
            return prompt_payers(contest)
    return early_payers(contest) - 1


def sure_transfers(contest: Contest, scenario: Scenario) -> int:
    """Prizes that are more than nothing however many share them, without winners whose account may be closed by then.

    Who wins elsewhere may win here, too: each account that a fault of another contest closes by this payout may be
    one of the winners'. Where people buy nobody wins.
    """
    if scenario.profile == "payments":
        return 0
    of_contests = [fault for fault in scenario.faults if isinstance(fault, ContestFault)]
    leaving = sum(fault.withdraws_entrant and fault.contest == contest.key for fault in of_contests)
    paying = contest.entrants - contest.non_payers - leaving
    least_cents = max(contest.entry_fee_cents, contest.guaranteed_pool_cents // contest.entrants)
    prizes = sum(percent * least_cents >= 100 for percent in contest.payout_percent.values())
    payout = scenario.tournaments[contest.tournament].final_board_at
    elsewhere = {
        other.key: scenario.tournaments[other.tournament].final_board_at
        for other in scenario.contests
        if other.key != contest.key
    }
    closed = sum(
        fault.closes_account and fault.contest in elsewhere and elsewhere[fault.contest] <= payout
        for fault in of_contests
    )
    return max(0, min(paying, prizes) - closed)
