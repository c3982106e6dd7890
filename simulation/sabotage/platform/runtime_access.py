"""The staging platform of a run, from the inside, for defects that act in its name."""

from __future__ import annotations

from simulation.assembly import Simulation
from simulation.errors import UsageError
from simulation.staging.runtime import Runtime
from simulation.targets.builtin.target import BuiltinTarget


def runtime_of(sim: Simulation) -> Runtime:
    """What the platform's functions work with. Typed, so that a rename there fails the type check, not the defect.

    :raises UsageError: the run has another target.
    """
    if not isinstance(sim.target, BuiltinTarget):
        raise UsageError(
            place="target",
            problem="defects are planted in the staging platform that comes along",
            remedy="run the catalogue without a target of your own",
        )
    return sim.target._instances.platform._runtime
