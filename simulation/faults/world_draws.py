"""How a swarm draws the faults that come at their own time (``simulation/world/troubles``)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from random import Random

from simulation.scenario import Scenario
from simulation.scenario_faults import Expectation, Fault, FaultKind

WorldDraw = Callable[[Scenario, Random, FaultKind], Fault | None]

_SELF_HEALS = Expectation(self_heals=True)


def _row_held(scenario: Scenario, source: Random, kind: FaultKind) -> Fault:
    """Over before the reconciler's next run, or until the runbook ends it."""
    key = source.choice([contest.key for contest in scenario.contests])
    minutes, runbook = source.choice(((3, None), (180, "contest_lock_failed")))
    return Fault(id=_id(kind), kind=kind, contest=key, minutes=minutes, expect=_expect(runbook))


def _expect(runbook: str | None) -> Expectation:
    return _SELF_HEALS if runbook is None else Expectation(runbook=runbook)


def _id(kind: FaultKind) -> str:
    return f"swarm-{kind.replace('_', '-')}"


WORLD_DRAWS: Mapping[FaultKind, WorldDraw] = {
    "contest_row_held": _row_held,
}
WORLD_RUNBOOKS = frozenset({"contest_lock_failed"})
"""What their draws may expect."""
