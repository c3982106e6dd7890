"""People with a login at the hosting provider."""

from __future__ import annotations

from simulation.assembly import Stage
from simulation.sabotage.patches import Plot
from simulation.sabotage.people.shelf import SHELF


@SHELF.sabotage("no_manual_endpoints", "nothing_deployed", origin="an engineer helps with a little more capacity")
def database_resized_by_an_engineer(plot: Plot) -> None:
    """Somebody gives the database another size in the provider's console, without any runbook."""

    def resize(on: Stage) -> None:
        assert on.hosting is not None
        with on.context.acting("engineer"):
            on.hosting.resize("medium", "it looked slow")
        plot.trigger()

    plot.at(day=0, hour=20, act=resize)


@SHELF.sabotage("no_manual_endpoints", origin="have you tried turning it off and on again")
def platform_restarted_by_the_founder(plot: Plot) -> None:
    """The founder restarts the platform in the provider's console, without any runbook."""

    def stop(on: Stage) -> None:
        assert on.hosting is not None
        with on.context.acting("founder"):
            on.hosting.drain("a feeling")
            on.hosting.stop("a feeling")
        plot.trigger()

    def start(on: Stage) -> None:
        assert on.hosting is not None
        with on.context.acting("founder"):
            on.hosting.start("a feeling")
            on.hosting.admit("a feeling")

    plot.at(day=0, hour=20, minute=1, act=stop)
    plot.at(day=0, hour=20, minute=2, act=start)
