"""What people were refused, as they tell it themselves."""

from __future__ import annotations

from simulation.checks.evidence.case import Case
from simulation.events import EntrantAction


def refusals(case: Case, contest: str) -> tuple[EntrantAction, ...]:
    """What was refused to people in a contest, by the scenario's key of it."""
    return tuple(
        action for action in case.events(EntrantAction) if action.action == "refused" and action.contest == contest
    )


def told_why(refused: tuple[EntrantAction, ...]) -> str:
    """The first refusal in the words of the one who refused; empty where nobody was refused."""
    return f"; the first of {len(refused)} refusals: {refused[0].detail}" if refused else ""
