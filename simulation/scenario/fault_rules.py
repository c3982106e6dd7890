"""Rules for the faults of a scenario: each must find its victim, whatever the seed draws."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from simulation.scenario.broken_rule import BrokenRule, minute
from simulation.scenario.faults import (
    LASTING_KINDS,
    OPERATOR_KINDS,
    PAYMENT_KINDS,
    TRANSFER_KINDS,
    WORLD_NEEDS,
    Fault,
    FaultKind,
)
from simulation.scenario.model import Contest, Scenario
from simulation.scenario.window_fault_rules import broken_window_fault_rules
from simulation.scenario.world_fault_rules import broken_world_fault_rules

__all__ = ["BrokenRule", "broken_fault_rules", "minute", "sure_payments", "sure_transfers"]

_ONLY_ONE: frozenset[FaultKind] = frozenset({*LASTING_KINDS, "transfer_refused", "transfer_key_taken"})
"""Faults of a transfer after which it is given up at once: nothing else can happen to it."""
_POLL_MINUTES = 5
"""How often scores are asked for (fixtures/spec/platform.md, "Background work")."""


def broken_fault_rules(scenario: Scenario, *, runbooks: frozenset[str]) -> Iterator[BrokenRule]:
    """Every fault that may meet nobody, stands in another one's way, or waits for a runbook that is not there."""
    for index, fault in enumerate(scenario.faults):
        path = ("faults", index)
        yield from _of_runbook(path, fault, runbooks)
        if fault.kind in WORLD_NEEDS:
            yield from broken_world_fault_rules(path, fault, scenario, index=index)
        elif fault.kind.startswith(OPERATOR_KINDS):
            yield from _of_operator(path, fault, scenario)
        elif fault.tournament is not None:
            yield from _of_provider_fault(path, fault, scenario)
        elif fault.contest is None:
            yield from broken_window_fault_rules(path, fault, scenario, payouts=tuple(_sure_payouts(scenario)))
        else:
            yield from _of_victim(path, fault, scenario)
            if fault.kind == "transfer_winner_deleted":
                yield from _of_departure(path, fault, scenario)
            yield from _of_rivals(path, fault, scenario.faults[:index])


def _of_runbook(path: tuple[str | int, ...], fault: Fault, runbooks: frozenset[str]) -> Iterator[BrokenRule]:
    if fault.expect.runbook is not None and fault.expect.runbook not in runbooks:
        yield BrokenRule(
            path=(*path, "expect", "runbook"),
            problem=f"fault {fault.id} expects the runbook {fault.expect.runbook!r}, which does not exist",
            remedy=f"write it, or name one of: {', '.join(sorted(runbooks)) or '(there are none)'}",
        )


def _of_operator(path: tuple[str | int, ...], fault: Fault, scenario: Scenario) -> Iterator[BrokenRule]:
    """Somebody must be sure to carry the runbook out: for another fault, or as a task."""
    called_for = {other.expect.runbook for other in scenario.faults if other.id != fault.id}
    called_for |= {task.runbook for task in scenario.operator.tasks}
    if fault.expect.runbook is None or fault.expect.runbook not in called_for:
        yield BrokenRule(
            path=(*path, "expect"),
            problem=f"fault {fault.id} waits for an execution of {fault.expect.runbook or 'no runbook'}, which no "
            "other fault and no task calls for",
            remedy="expect: {runbook: <the one whose operator is struck>}, and let a fault or a task call for it",
        )


def _of_victim(path: tuple[str | int, ...], fault: Fault, scenario: Scenario) -> Iterator[BrokenRule]:
    contest = next(contest for contest in scenario.contests if contest.key == fault.contest)
    transfers = fault.kind.startswith(TRANSFER_KINDS)
    what = "transfer" if transfers else "payment"
    victims = sure_transfers(contest, scenario) if transfers else sure_payments(contest)
    if fault.nth > victims:
        yield BrokenRule(
            path=(*path, "nth" if victims else "contest"),
            problem=f"fault {fault.id} waits for {what} {fault.nth} of {contest.key}, which is sure to have {victims}",
            remedy=f"lower nth to {victims} or less" if victims else "name a contest that is sure to have one",
        )


def _of_departure(path: tuple[str | int, ...], fault: Fault, scenario: Scenario) -> Iterator[BrokenRule]:
    """Who has left enters no other contest."""
    contests = {contest.key: contest for contest in scenario.contests}
    payout = scenario.tournaments[contests[str(fault.contest)].tournament].final_board_at
    for other in scenario.contests:
        if other.key != fault.contest and other.start > payout:
            yield BrokenRule(
                path=(*path, "contest"),
                problem=f"fault {fault.id}: a winner of {fault.contest} who leaves may be missed in {other.key}",
                remedy="name a contest that is paid when nobody enters another one any more",
            )


def sure_payments(contest: Contest) -> int:
    return contest.entrants - contest.non_payers + contest.double_payers if contest.entry_fee_cents else 0


def sure_transfers(contest: Contest, scenario: Scenario) -> int:
    """Prizes that are more than nothing however many share them, without winners whose account may be closed by then.

    Who wins elsewhere may win here, too: each account that a fault of another contest closes by this payout may be
    one of the winners'.
    """
    leaving = sum(fault.kind == "refund_requested" and fault.contest == contest.key for fault in scenario.faults)
    paying = contest.entrants - contest.non_payers - leaving
    prizes = sum(percent * contest.entry_fee_cents >= 100 for percent in contest.payout_percent.values())
    payout = scenario.tournaments[contest.tournament].final_board_at
    elsewhere = {
        other.key: scenario.tournaments[other.tournament].final_board_at
        for other in scenario.contests
        if other.key != contest.key
    }
    closed = sum(
        fault.kind in LASTING_KINDS and fault.contest in elsewhere and elsewhere[fault.contest] <= payout
        for fault in scenario.faults
    )
    return max(0, min(paying, prizes) - closed)


def _of_rivals(path: tuple[str | int, ...], fault: Fault, earlier: tuple[Fault, ...]) -> Iterator[BrokenRule]:
    """A payment is announced once and a refused transfer stays refused: a second fault would find nothing to do."""
    for rival in earlier:
        if (rival.contest, rival.nth) != (fault.contest, fault.nth):
            continue
        of_payment = rival.kind.startswith(PAYMENT_KINDS) and fault.kind.startswith(PAYMENT_KINDS)
        of_transfer = rival.kind.startswith(TRANSFER_KINDS) and fault.kind.startswith(TRANSFER_KINDS)
        if of_payment or (of_transfer and {rival.kind, fault.kind} & _ONLY_ONE):
            yield BrokenRule(
                path=(*path, "nth"),
                problem=f"fault {fault.id} aims at the victim of {rival.id}: number {fault.nth} of {fault.contest}",
                remedy="choose another nth",
            )


def _of_provider_fault(path: tuple[str | int, ...], fault: Fault, scenario: Scenario) -> Iterator[BrokenRule]:
    """The feed is polled from the first lock of the tournament's contests to its final board."""
    assert fault.tournament is not None, "only called for faults of a tournament"
    followers = [contest for contest in scenario.contests if contest.tournament == fault.tournament]
    if not followers:
        yield BrokenRule(
            path=(*path, "tournament"),
            problem=f"no contest follows {fault.tournament}, so that nobody asks for its scores",
            remedy="name a tournament of a contest",
        )
        return
    first, last = min(contest.lock for contest in followers), scenario.tournaments[fault.tournament].final_board_at
    if fault.at is not None and not first <= fault.at <= last:
        yield BrokenRule(
            path=(*path, "at"),
            problem=f"fault {fault.id} at {minute(fault.at)}: scores of {fault.tournament} are asked for from "
            f"{minute(first)} to {minute(last)}",
            remedy="move at between the two",
        )
    if fault.minutes is not None and fault.minutes <= _POLL_MINUTES:
        yield BrokenRule(
            path=(*path, "minutes"),
            problem=f"fault {fault.id} lasts {fault.minutes} minutes: scores are asked for every {_POLL_MINUTES}, and "
            "may never meet it",
            remedy=f"more than {_POLL_MINUTES}",
        )


def _sure_payouts(scenario: Scenario) -> Iterator[datetime]:
    """Final boards after which prizes are due without delay: no fault of the provider's keeps the settlement back."""
    for contest in scenario.contests:
        final = scenario.tournaments[contest.tournament].final_board_at
        delayed = any(
            fault.tournament == contest.tournament and fault.kind not in WORLD_NEEDS and _lasts_until(fault, final)
            for fault in scenario.faults
        )
        if not delayed and sure_transfers(contest, scenario):
            yield final


def _lasts_until(fault: Fault, final: datetime) -> bool:
    """A fault of the provider's that may still be on at the final board; an hour is left for it to be over."""
    return fault.at is None or fault.at + timedelta(minutes=fault.minutes or 0, hours=1) > final
