"""A rule between the parts of a scenario that does not hold: where, what, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.words import plural


@dataclass(frozen=True, kw_only=True)
class BrokenRule:
    path: tuple[str | int, ...]
    """Place in the scenario; a fault names only its own field, ``("nth",)``, and whoever asks it adds the rest."""
    problem: str
    remedy: str


def days_of(count: int) -> str:
    """``1 day``, ``14 days``."""
    return plural(count, "day")


def minute(moment: datetime) -> str:
    """A moment of the scenario in an error: ``2026-03-04 07:00``."""
    return f"{moment:%Y-%m-%d %H:%M}"
