"""What ``verdict.json`` says of the run besides its criteria: which code made it, what went wrong in it, its money.

For programs that read the verdict and nothing else. Nothing is decided by it, and no digest depends on it.
"""

from __future__ import annotations

from dataclasses import dataclass

from simulation.currency import USD

UNKNOWN = "unknown"


@dataclass(frozen=True, kw_only=True)
class Release:
    """The code at work. ``tree``: ``clean``, ``changed`` (something is not committed), or ``unknown`` as the commit is
    outside of git."""

    version: str = UNKNOWN
    commit: str = UNKNOWN
    tree: str = UNKNOWN

    def __str__(self) -> str:
        """``0.1.0 at 40a59dc (changed)``."""
        if self.commit == UNKNOWN:
            return f"{self.version} at an unknown commit"
        return f"{self.version} at {self.commit[:12]}" + (f" ({self.tree})" if self.tree != "clean" else "")


@dataclass(frozen=True, kw_only=True)
class FaultRecord:
    """How a fault was expected to end, and how it ended: ``self``, ``runbook``, ``terminal``, ``open`` or ``never``."""

    fault_id: str
    kind: str
    expected: str
    ended: str
    as_expected: bool


@dataclass(frozen=True, kw_only=True)
class MoneyRecord:
    """Stripe's balance of one currency, in its smallest unit:
    opening + in - fees - refunds - prizes + other is the closing one, if all is well."""

    currency: str = USD
    opening_cents: int
    in_cents: int
    fees_cents: int
    refunds_cents: int
    prizes_cents: int
    other_cents: int
    closing_cents: int | None
    owed_cents: int


@dataclass(frozen=True, kw_only=True)
class RunRecord:
    """The run that was judged. ``again`` is the command that gives it once more, ``check`` the one that judges it."""

    scenario: str
    seed: int
    days: int
    target: str
    environment: str
    made_by: Release
    judged_by: Release
    folder: str
    again: str
    check: str
    faults: tuple[FaultRecord, ...]
    money: MoneyRecord
    """Of US dollars, or of the first currency in which there was any."""
    money_in_others: tuple[MoneyRecord, ...] = ()
