"""Rules for faults that take rows from the database: a backup must be there, and somebody who brings them back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from simulation.scenario.broken_rule import BrokenRule, minute, one_a_contest
from simulation.scenario.faults import Fault
from simulation.scenario.model import Contest, Scenario

BACKUP, RESTORE = "backup_contest_data", "restore_contest"
"""Tasks before and after a loss of rows; the second is the runbook that recovers it."""
_UNTIL_PAID_OUT = timedelta(hours=2)
"""From the final board, when nothing else stands in a prize's way."""
_FOR_A_TASK = timedelta(hours=2)
"""A task waits behind alerts for an hour at most, and is carried out within another."""
_LONGEST_LOSS = timedelta(hours=24)
_UNTIL_INGESTED = timedelta(hours=2)
"""A platform asks for corrections of a settled contest at least every hour."""


def broken_loss_rules(
    path: tuple[str | int, ...], fault: Fault, scenario: Scenario, earlier: tuple[Fault, ...]
) -> Iterator[BrokenRule]:
    """A backup must be there, made when the contest was over, and somebody must bring the rows back from it."""
    assert fault.at is not None, f"{fault.kind} without its time"
    contest = next(contest for contest in scenario.contests if contest.key == fault.contest)
    over = max(_over(scenario, contest))
    times = {name: [task.at for task in scenario.operator.tasks if task.runbook == name] for name in (BACKUP, RESTORE)}
    if not any(over <= at <= fault.at - _FOR_A_TASK for at in times[BACKUP]):
        yield BrokenRule(
            path=(*path, "at"),
            problem=f"fault {fault.id} at {minute(fault.at)}: no task {BACKUP} between {minute(over)}, after which no "
            f"score of {contest.key} is new, and two hours before",
            remedy=f"add the task, or move at to two hours after it (not before {minute(over + _FOR_A_TASK)})",
        )
    if not any(fault.at < at <= fault.at + _LONGEST_LOSS and at + _FOR_A_TASK <= scenario.end for at in times[RESTORE]):
        yield BrokenRule(
            path=(*path, "at"),
            problem=f"fault {fault.id} at {minute(fault.at)}: no task {RESTORE} within a day after it",
            remedy="add the task, two hours or more before the scenario's end",
        )
    if fault.expect.runbook != RESTORE:
        yield BrokenRule(
            path=(*path, "expect"),
            problem=f"fault {fault.id}: rows that are gone do not come back by {fault.expect.runbook or 'themselves'}",
            remedy=f"expect: {{runbook: {RESTORE}}}",
        )
    yield from one_a_contest(path, fault, earlier, does="takes the scores of")


def _over(scenario: Scenario, contest: Contest) -> Iterator[datetime]:
    """When each thing that gives a contest its scores is done; what comes after the last backup is in none."""
    final = scenario.tournaments[contest.tournament].final_board_at
    yield final + _UNTIL_PAID_OUT
    for fault in scenario.faults:
        if fault.kind == "provider_correction" and fault.tournament == contest.tournament:
            yield final + timedelta(hours=fault.delay_hours or 0) + _UNTIL_INGESTED
