"""People with a login at the hosting provider."""

from __future__ import annotations

from simulation.assembly import Simulation
from simulation.sabotage.patches import Patches
from simulation.sabotage.people.registry import DEFECTS


@DEFECTS.sabotage("no_manual_endpoints", "nothing_deployed", origin="an engineer helps with a little more capacity")
def database_resized_by_an_engineer(patches: Patches) -> None:
    """Somebody gives the database another size in the provider's console, without any runbook."""

    def resize(sim: Simulation) -> None:
        assert sim.hosting is not None
        with sim.context.acting("engineer"):
            sim.hosting.resize("medium", "it looked slow")
        patches.trigger()

    patches.at(day=0, hour=20, act=resize)


@DEFECTS.sabotage("no_manual_endpoints", origin="have you tried turning it off and on again")
def platform_restarted_by_the_founder(patches: Patches) -> None:
    """The founder restarts the platform in the provider's console, without any runbook."""

    def stop(sim: Simulation) -> None:
        assert sim.hosting is not None
        with sim.context.acting("founder"):
            sim.hosting.drain("a feeling")
            sim.hosting.stop("a feeling")
        patches.trigger()

    def start(sim: Simulation) -> None:
        assert sim.hosting is not None
        with sim.context.acting("founder"):
            sim.hosting.start("a feeling")
            sim.hosting.admit("a feeling")

    patches.at(day=0, hour=20, minute=1, act=stop)
    patches.at(day=0, hour=20, minute=2, act=start)
