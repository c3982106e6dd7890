"""The whole catalogue, by family."""

from __future__ import annotations

from collections.abc import Sequence

from simulation.errors import UsageError
from simulation.sabotage import alerting, harness, people
from simulation.sabotage import missed_jobs as idling
from simulation.sabotage.platform import (
    blaming,
    boards,
    collecting,
    columns,
    contests,
    contract,
    ingesting,
    keys,
    paying,
    refunding,
    refusing,
    restoring,
    scheduling,
    settling,
    trail,
    winning,
)
from simulation.sabotage.registry import Sabotage

_SHELVES = (
    paying.SHELF,
    scheduling.SHELF,
    contract.SHELF,
    winning.SHELF,
    collecting.SHELF,
    refunding.SHELF,
    settling.COLLECTING,
    contests.SHELF,
    refusing.SHELF,
    ingesting.SHELF,
    settling.SHELF,
    trail.SHELF,
    keys.SHELF,
    columns.SHELF,
    boards.SHELF,
    restoring.SHELF,
    blaming.SHELF,
    idling.SHELF,
    people.SHELF,
    harness.SHELF,
    alerting.SHELF,
)
CATALOGUE: dict[str, Sabotage] = {entry.name: entry for shelf in _SHELVES for entry in shelf.entries}
assert len(CATALOGUE) == sum(len(shelf.entries) for shelf in _SHELVES), "every sabotage has a name of its own"


def chosen(names: Sequence[str]) -> tuple[Sabotage, ...]:
    """Entries by name; all of them without names.

    :raises UsageError: no such entry.
    """
    unknown = [name for name in names if name not in CATALOGUE]
    if unknown:
        raise UsageError(
            place=unknown[0],
            problem="no sabotage has this name",
            remedy="'simulate sabotage' without a name lists them",
        )
    return tuple(CATALOGUE[name] for name in names) if names else tuple(CATALOGUE.values())
