"""Rules for faults that the world carries out at their own time: each must find its victim."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from simulation.scenario.broken_rule import BrokenRule, minute, one_a_contest
from simulation.scenario.faults import Fault
from simulation.scenario.loss_fault_rules import broken_loss_rules
from simulation.scenario.model import Contest, Scenario
from simulation.scenario.score_fault_rules import broken_correction_rules
from simulation.scenario.secret_fault_rules import broken_secret_rules

_LONGEST_HOLD_MINUTES = 360
"""Longer than any lock that a forgotten transaction holds before somebody ends it."""

_SHORTEST_WINDOW_MINUTES = 60
"""Seen at a scrape, answered and mended by hand within it."""
_BEFORE_LOCK = timedelta(minutes=5)
_ROOM_TO_ASK = timedelta(hours=3)
"""A contest open for less has late entrants only."""
_ROOM_TO_ANSWER = timedelta(hours=6)
_LEFT_TO_PLAY = 1
"""Payers besides the victim who must be left, so that the contest is one."""


def broken_world_fault_rules(
    path: tuple[str | int, ...], fault: Fault, scenario: Scenario, *, index: int
) -> Iterator[BrokenRule]:
    """``index``: place of the fault in the scenario; those before it may already have its victim."""
    if fault.kind == "contest_row_held":
        yield from _of_row_held(path, fault, scenario.faults[:index])
    elif fault.kind == "database_connections_exhausted":
        yield from _of_connections(path, fault, scenario, scenario.faults[:index])
    elif fault.kind == "contest_rows_lost":
        yield from broken_loss_rules(path, fault, scenario, scenario.faults[:index])
    elif fault.kind == "authentication_outage":
        yield from _of_a_window(path, fault, scenario)
        yield from _of_outage(path, fault, scenario, scenario.faults[:index])
    elif fault.kind == "backend_killed":
        yield from _of_a_kill(path, fault, scenario)
    elif fault.kind in ("refund_requested", "chargeback"):
        yield from _of_person(path, fault, scenario, scenario.faults[:index])
    elif fault.kind == "provider_correction":
        yield from broken_correction_rules(path, fault, scenario, earlier=scenario.faults[:index])
    elif fault.kind == "signing_secret_rolled":
        yield from broken_secret_rules(path, fault, scenario)


def _of_a_kill(path: tuple[str | int, ...], fault: Fault, scenario: Scenario) -> Iterator[BrokenRule]:
    at = fault.at or scenario.start
    if not scenario.start <= at <= scenario.end - _ROOM_TO_ANSWER:
        yield BrokenRule(
            path=(*path, "at"),
            problem=f"fault {fault.id} kills the platform at {minute(at)}, which is not within the run, or leaves too "
            "little of it to see what comes of that",
            remedy=f"{minute(scenario.start)} to {minute(scenario.end - _ROOM_TO_ANSWER)}",
        )


def early_payers(contest: Contest) -> int:
    """People who are sure to have paid half an hour before the lock."""
    if not contest.entry_fee_cents or contest.lock - contest.created < _ROOM_TO_ASK:
        return 0
    return contest.entrants - contest.non_payers - contest.late_payers - contest.late_joiners


def _of_person(
    path: tuple[str | int, ...], fault: Fault, scenario: Scenario, earlier: tuple[Fault, ...]
) -> Iterator[BrokenRule]:
    contest = next(contest for contest in scenario.contests if contest.key == fault.contest)
    payers = early_payers(contest)
    if fault.nth > payers - _LEFT_TO_PLAY:
        yield BrokenRule(
            path=(*path, "nth" if payers > _LEFT_TO_PLAY else "contest"),
            problem=f"fault {fault.id} waits for payer {fault.nth} of {contest.key}, which has {payers} who are sure "
            "to pay well before the lock, one of whom must stay",
            remedy="lower nth, or name a contest with more payers that is open for three hours or longer",
        )
    rivals = ("refund_requested", "chargeback")
    for rival in earlier:
        if rival.kind in rivals and (rival.contest, rival.nth) == (fault.contest, fault.nth):
            yield BrokenRule(
                path=(*path, "nth"),
                problem=f"fault {fault.id} aims at the victim of {rival.id}: payer {fault.nth} of {fault.contest}",
                remedy="choose another nth",
            )
    paid_by = contest.lock + timedelta(hours=fault.delay_hours or 0)
    if paid_by + _ROOM_TO_ANSWER > scenario.end:
        yield BrokenRule(
            path=(*path, "delay_hours"),
            problem=f"fault {fault.id} may strike at {minute(paid_by)}, too late before the end {minute(scenario.end)}",
            remedy="lower delay_hours",
        )


def _of_row_held(path: tuple[str | int, ...], fault: Fault, earlier: tuple[Fault, ...]) -> Iterator[BrokenRule]:
    if (fault.minutes or 0) > _LONGEST_HOLD_MINUTES:
        yield BrokenRule(
            path=(*path, "minutes"),
            problem=f"fault {fault.id} holds the row of {fault.contest} for {fault.minutes} minutes",
            remedy=f"{_LONGEST_HOLD_MINUTES} or fewer",
        )
    yield from one_a_contest(path, fault, earlier, does="holds the row of")


def _of_connections(
    path: tuple[str | int, ...], fault: Fault, scenario: Scenario, earlier: tuple[Fault, ...]
) -> Iterator[BrokenRule]:
    """Nobody else must need a new connection in its window."""
    yield from _of_a_window(path, fault, scenario)
    at, end = _window(fault)
    for what, start, until in _who_connects(scenario, earlier):
        if at <= until and start <= end:
            yield BrokenRule(
                path=(*path, "at"),
                problem=f"fault {fault.id} leaves no connection for {what} at {minute(start)}",
                remedy="move one of them",
            )


def _of_outage(
    path: tuple[str | int, ...], fault: Fault, scenario: Scenario, earlier: tuple[Fault, ...]
) -> Iterator[BrokenRule]:
    """Tasks have their time, and nobody is let in to carry them out; two outages at once are one."""
    at, end = _window(fault)
    tasks = ((f"the task {task.runbook}", task.at, task.at + _ROOM_TO_ASK) for task in scenario.operator.tasks)
    rivals = ((f"fault {rival.id}", *_window(rival)) for rival in earlier if rival.kind == fault.kind)
    for what, start, until in (*tasks, *rivals):
        if at <= until and start <= end:
            yield BrokenRule(
                path=(*path, "at"),
                problem=f"fault {fault.id} lets nobody in for {what} at {minute(start)}",
                remedy="move one of them",
            )


def _of_a_window(path: tuple[str | int, ...], fault: Fault, scenario: Scenario) -> Iterator[BrokenRule]:
    """It must be met, answered and over within the run."""
    at, end = _window(fault)
    if (fault.minutes or 0) < _SHORTEST_WINDOW_MINUTES:
        yield BrokenRule(
            path=(*path, "minutes"),
            problem=f"fault {fault.id} lasts {fault.minutes} minutes, and may be over before anybody has answered",
            remedy=f"{_SHORTEST_WINDOW_MINUTES} or more",
        )
    if at < scenario.start or end > scenario.end:
        yield BrokenRule(
            path=(*path, "at"),
            problem=f"fault {fault.id} is on from {minute(at)} to {minute(end)}, which is not within the run",
            remedy=f"{minute(scenario.start)} to {minute(scenario.end)}",
        )


def _who_connects(scenario: Scenario, earlier: tuple[Fault, ...]) -> Iterator[tuple[str, datetime, datetime]]:
    """Faults and tasks that open a connection of the platform's role, and from when to when they may."""
    locks = {contest.key: contest.lock for contest in scenario.contests}
    for rival in scenario.faults:
        if rival.kind == "contest_row_held" and rival.contest in locks:
            lock = locks[rival.contest]
            yield f"fault {rival.id}", lock - _BEFORE_LOCK, lock
    for rival in earlier:
        if rival.kind == "database_connections_exhausted":
            yield f"fault {rival.id}", *_window(rival)
    for task in scenario.operator.tasks:
        yield f"the task {task.runbook}", task.at, task.at + _ROOM_TO_ANSWER


def _window(fault: Fault) -> tuple[datetime, datetime]:
    assert fault.at is not None, f"{fault.kind} without its beginning"
    return fault.at, fault.at + timedelta(minutes=fault.minutes or 0)
