"""The whole catalogue, by family."""

from __future__ import annotations

from collections.abc import Sequence

from simulation.documents.refusal import suggest
from simulation.errors import UsageError
from simulation.sabotage import alerting, harness, people
from simulation.sabotage import missed_jobs as idling
from simulation.sabotage.platform import (
    asking,
    blaming,
    boards,
    broken_off,
    calendar,
    collecting,
    columns,
    concurrent,
    contests,
    contract,
    currencies,
    dispute_endings,
    event_gaps,
    event_order,
    ingesting,
    keys,
    logging,
    off_plan,
    partial,
    paying,
    paying_late,
    refund_endings,
    refunding,
    refusing,
    restoring,
    saying,
    scheduling,
    settling,
    torn,
    tournaments,
    trail,
    winner_accounts,
    winning,
)
from simulation.sabotage.registry import Sabotage

_REGISTRIES = (
    paying.DEFECTS,
    scheduling.DEFECTS,
    contract.DEFECTS,
    winning.DEFECTS,
    winner_accounts.DEFECTS,
    collecting.DEFECTS,
    refunding.DEFECTS,
    refund_endings.DEFECTS,
    dispute_endings.DEFECTS,
    paying_late.DEFECTS,
    currencies.DEFECTS,
    event_gaps.DEFECTS,
    event_order.DEFECTS,
    event_order.DISABLED,
    partial.DEFECTS,
    off_plan.DEFECTS,
    settling.COLLECTING,
    contests.DEFECTS,
    calendar.DEFECTS,
    refusing.DEFECTS,
    ingesting.DEFECTS,
    settling.DEFECTS,
    tournaments.DEFECTS,
    trail.DEFECTS,
    keys.DEFECTS,
    columns.DEFECTS,
    saying.DEFECTS,
    boards.DEFECTS,
    logging.DEFECTS,
    restoring.DEFECTS,
    blaming.DEFECTS,
    idling.DEFECTS,
    people.DEFECTS,
    concurrent.DEFECTS,
    broken_off.DEFECTS,
    broken_off.KILLED,
    torn.KILLED,
    torn.BROKEN_OFF,
    torn.AT_ONCE,
    asking.DEFECTS,
    harness.DEFECTS,
    alerting.DEFECTS,
)
CATALOGUE: dict[str, Sabotage] = {entry.name: entry for registry in _REGISTRIES for entry in registry.entries}
assert len(CATALOGUE) == sum(len(registry.entries) for registry in _REGISTRIES), "every sabotage has a name of its own"


def chosen(names: Sequence[str]) -> tuple[Sabotage, ...]:
    """Entries by name; all of them without names.

    :raises UsageError: no such entry.
    """
    unknown = [name for name in names if name not in CATALOGUE]
    if unknown:
        raise UsageError.of(
            [
                UsageError(place=name, problem="no sabotage has this name", remedy=suggest(name, list(CATALOGUE)))
                for name in unknown
            ]
        )
    return tuple(CATALOGUE[name] for name in names) if names else tuple(CATALOGUE.values())
