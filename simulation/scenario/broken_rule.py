"""A rule between the parts of a scenario that does not hold: where, what, and what to do."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from simulation.scenario.faults import Fault


@dataclass(frozen=True, kw_only=True)
class BrokenRule:
    path: tuple[str | int, ...]
    problem: str
    remedy: str


def minute(moment: datetime) -> str:
    """A moment of the scenario in an error: ``2026-03-04 07:00``."""
    return f"{moment:%Y-%m-%d %H:%M}"


def one_a_contest(
    path: tuple[str | int, ...], fault: Fault, earlier: Sequence[Fault], *, does: str
) -> Iterator[BrokenRule]:
    """Of this kind a contest can have one fault.

    :param does: what an earlier one does to the contest, for the error: ``holds the row of``.
    """
    for rival in earlier:
        if (rival.kind, rival.contest) == (fault.kind, fault.contest):
            yield BrokenRule(
                path=(*path, "contest"),
                problem=f"fault {rival.id} {does} {fault.contest} already",
                remedy="name another contest",
            )
