"""Rules for faults that strike whatever payouts fall due in their window."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

from simulation.scenario.broken_rule import BrokenRule, minute
from simulation.scenario.faults import TRANSFER_KINDS, WINDOW_KINDS, Fault
from simulation.scenario.model import Scenario

_UNTIL_PAYOUT = timedelta(minutes=15)
"""From the final board to the first attempt at its prizes: poll, completion, settlement and payout, 5 minutes each."""
_RECONCILIATION_HOUR = 2


def broken_window_fault_rules(
    path: tuple[str | int, ...], fault: Fault, scenario: Scenario, *, payouts: Sequence[datetime]
) -> Iterator[BrokenRule]:
    """:param payouts: final boards after which prizes are sure to fall due without delay."""
    yield from _of_payout_window(path, fault, scenario, payouts)
    yield from _of_window_rivals(path, fault, scenario)


def _of_payout_window(
    path: tuple[str | int, ...], fault: Fault, scenario: Scenario, payouts: Sequence[datetime]
) -> Iterator[BrokenRule]:
    """Payouts must be due within the window, and whoever else needs Stripe must not come into it."""
    at, end = _window_of(fault)
    if not any(at <= final + _UNTIL_PAYOUT and final + 2 * _UNTIL_PAYOUT <= end for final in payouts):
        yield BrokenRule(
            path=(*path, "at"),
            problem=f"fault {fault.id} from {minute(at)} to {minute(end)}: no prize is sure to be due in it",
            remedy="let it begin before a final board whose contest is sure to have a prize, and last 30 minutes more",
        )
    if fault.kind != "stripe_outage":
        return
    for contest in scenario.contests:
        if contest.entry_fee_cents and at < contest.start and contest.created < end:
            yield BrokenRule(
                path=(*path, "at"),
                problem=f"fault {fault.id}: entrants of {contest.key} pay from {minute(contest.created)} to "
                f"{minute(contest.start)}, and an outage would turn them away",
                remedy="move it to a time in which nobody enters",
            )
    night = at.replace(hour=_RECONCILIATION_HOUR, minute=0, second=0)
    if any(at <= moment <= end for moment in (night, night + timedelta(days=1))):
        yield BrokenRule(
            path=(*path, "at"),
            problem=f"fault {fault.id} is on at 02:00, when the books are compared with Stripe's",
            remedy="let it end before, or begin after",
        )


def _window_of(fault: Fault) -> tuple[datetime, datetime]:
    assert fault.at is not None, f"{fault.kind} without its beginning"
    assert fault.minutes is not None, f"{fault.kind} without its length"
    return fault.at, fault.at + timedelta(minutes=fault.minutes)


def _of_window_rivals(path: tuple[str | int, ...], fault: Fault, scenario: Scenario) -> Iterator[BrokenRule]:
    """Of two windows at once one would hide the other; payouts made by hand do not wait for a transfer's back-off."""
    at, end = _window_of(fault)
    for rival in scenario.faults:
        if rival is fault:
            continue
        if rival.kind.startswith(WINDOW_KINDS):
            start, until = _window_of(rival)
            in_the_way = at < until and start < end
        else:
            in_the_way = fault.kind.startswith("payout_timer_") and _pays_out_within(rival, at, end, scenario)
        if in_the_way:
            yield BrokenRule(
                path=(*path, "at"),
                problem=f"faults {fault.id} and {rival.id} are on at one time, and one would hide the other",
                remedy="move one of them to another payout",
            )


def _pays_out_within(fault: Fault, at: datetime, end: datetime, scenario: Scenario) -> bool:
    """A fault of a transfer that falls due between the two."""
    contest = next((contest for contest in scenario.contests if contest.key == fault.contest), None)
    if contest is None or not fault.kind.startswith(TRANSFER_KINDS):
        return False
    return at <= scenario.tournaments[contest.tournament].final_board_at + _UNTIL_PAYOUT and (
        scenario.tournaments[contest.tournament].final_board_at <= end
    )
