"""What to run, read and checked before anything is started."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

from simulation.faults.schedule import FaultPlan
from simulation.scenario.model import Scenario
from simulation.target.protocol import TargetChoice
from simulation.world.alert_rules import AlertRule
from simulation.world.operator.runbook import Runbook

PREPARATION = timedelta(hours=1)
"""Time before day 0 in which the platform is deployed, admins are appointed and the founder's access is revoked."""


def platform_that_comes_along() -> TargetChoice:
    """Loaded only for runs of it: it takes as long to load as all the rest of a run."""
    from simulation.target.builtin import BuiltinChoice

    return BuiltinChoice()


@dataclass(frozen=True, kw_only=True)
class RunRequest:
    """What to run: everything was read and checked before anything is started."""

    scenario: Scenario
    seed: int
    plan: FaultPlan
    rules: Sequence[AlertRule]
    runbooks: Sequence[Runbook]
    out: Path
    target: TargetChoice = field(default_factory=platform_that_comes_along)
    environment: str = "embedded"
    environment_reason: str = ""
