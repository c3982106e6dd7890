"""Rules for faults that the world carries out at their own time: each must find its victim."""

from __future__ import annotations

from collections.abc import Iterator

from simulation.broken_rule import BrokenRule
from simulation.scenario import Scenario
from simulation.scenario_faults import Fault

_LONGEST_HOLD_MINUTES = 360
"""Longer than any lock that a forgotten transaction holds before somebody ends it."""


def broken_world_fault_rules(
    path: tuple[str | int, ...], fault: Fault, scenario: Scenario, *, index: int
) -> Iterator[BrokenRule]:
    """``index``: place of the fault in the scenario; those before it may already have its victim."""
    if fault.kind == "contest_row_held":
        yield from _of_row_held(path, fault, scenario.faults[:index])


def _of_row_held(path: tuple[str | int, ...], fault: Fault, earlier: tuple[Fault, ...]) -> Iterator[BrokenRule]:
    if (fault.minutes or 0) > _LONGEST_HOLD_MINUTES:
        yield BrokenRule(
            path=(*path, "minutes"),
            problem=f"fault {fault.id} holds the row of {fault.contest} for {fault.minutes} minutes",
            remedy=f"{_LONGEST_HOLD_MINUTES} or fewer",
        )
    for rival in earlier:
        if (rival.kind, rival.contest) == (fault.kind, fault.contest):
            yield BrokenRule(
                path=(*path, "contest"),
                problem=f"fault {rival.id} holds the row of {fault.contest} already",
                remedy="name another contest",
            )
