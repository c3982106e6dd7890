"""When a finding became inevitable: the last instant at which another future still passes.

The future at an instant: the run of the same scenario and seed in which everything that goes wrong from then on is
withheld. Faults that have not struck by then are left out, a planted defect is taken out; what happened before stays.
Looked for by bisection over the instants at which something struck.

What it does not prove: that the run could not have been saved later in another way (by a person, by another fault);
and where futures do not simply pass up to an instant and fail from then on, the instant is one of several such borders.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from simulation.proof.shrink.life import Life
from simulation.proof.shrink.reductions import with_faults
from simulation.proof.shrink.search import Search


@dataclass(frozen=True, kw_only=True)
class Inevitability:
    """:param since: what struck then made the finding inevitable; None: see ``unknown``.
    :param passes_until: the last instant at which the future still passes; earlier than ``since`` where the budget
        did not allow to look between the two. :param by: what struck at ``since``.
    """

    since: datetime | None = None
    passes_until: datetime | None = None
    by: str = ""
    unknown: str = ""

    def __str__(self) -> str:
        if self.since is None or self.passes_until is None:
            return f"When it became inevitable is not known: {self.unknown}."
        since = f"{self.since:%Y-%m-%d %H:%M:%S}"
        if self.passes_until < self.since:
            first = f"{self.passes_until:%Y-%m-%d %H:%M:%S}"
            return (
                f"It became inevitable between {first} and {since}: with everything withheld from the first on the run"
                " passes, from after the second on no more."
            )
        return (
            f"It became inevitable at {since}, when {self.by}: with everything withheld from that instant on the run"
            " still passes."
        )


def inevitability(search: Search, *, defect: str | None) -> Inevitability:
    """Of the search's best scenario."""
    strikes, triggers = search.best_lived.strikes, search.best_lived.triggers
    instants = sorted({*strikes.values(), *triggers})
    if not instants:
        return Inevitability(unknown="nothing struck, so that nothing can be withheld: the platform does it by itself")
    passing, failing = 0, len(instants)  # withheld from instants[passing] on it passes; instants[failing:] stay out
    first = _future(search, instants[0])
    if (why := _not_passing(search, first)) is not None:
        return Inevitability(unknown=why)
    while failing - passing > 1 and not search.used_up:
        middle = (passing + failing) // 2
        if search.outcome(_future(search, instants[middle])).outcome == "pass":
            passing = middle
        else:
            failing = middle
    struck = instants[failing - 1]
    named = [fault for fault, at in strikes.items() if at == struck]
    by = f"{' and '.join(named)} struck" if named else f"the defect {defect} acted"
    return Inevitability(since=struck, passes_until=instants[passing], by=by)


def _future(search: Search, instant: datetime) -> Life:
    """Everything from ``instant`` on is withheld."""
    best, lived = search.best, search.best_lived
    before = {fault for fault, at in lived.strikes.items() if at < instant}
    return Life(scenario=with_faults(best.scenario, before), seed=best.seed, defect_until=instant)


def _not_passing(search: Search, future: Life) -> str | None:
    """Why even the future in which nothing strikes does not pass."""
    if not search.valid(future.scenario):
        return "the scenario without its faults breaks a rule"
    lived = search.outcome(future)
    if lived.outcome == "pass":
        return None
    if any(at >= instant for at in lived.triggers for instant in (future.defect_until,) if instant is not None):
        return "the planted defect cannot be taken out of a platform that has begun with it"
    if search.cause in lived.causes:
        return "the run gives the finding with everything withheld, too"
    return f"the run does not pass with everything withheld (its verdict is {lived.outcome})"
