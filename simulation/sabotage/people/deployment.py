"""People who deploy or change settings during the absence."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from simulation.assembly import Simulation
from simulation.sabotage.patches import Patches
from simulation.sabotage.people.registry import DEFECTS


@DEFECTS.sabotage("nothing_deployed", origin="a variable set in the hosting console", how="environment")
def environment_variable_changed(patches: Patches) -> None:
    """A variable of the environment is set mid-run."""
    name = "PAYOUTS_PAUSED"

    def change(_: Simulation) -> None:
        os.environ[name] = "false"
        patches.finally_(lambda: os.environ.pop(name, None))
        patches.trigger()

    patches.at(day=0, hour=20, act=change)


@DEFECTS.sabotage("nothing_deployed", origin="a file edited on the server", how="environment")
def code_file_changed(patches: Patches) -> None:
    """A file of the platform's code changes mid-run."""

    def add(sim: Simulation) -> None:
        file = _scratch(patches) / "hotfix.py"
        file.write_text("PAUSED = False\n")
        patches.replace(sim.target, "code_files", lambda real: lambda: [*real(), file])
        patches.later(sim, day=0, hour=20, act=lambda: file.write_text("PAUSED = True\n"))

    patches.when_assembled(add)


@DEFECTS.sabotage("nothing_deployed", origin="a runbook corrected while it is in force", how="environment")
def runbook_changed(patches: Patches) -> None:
    """The text of a runbook changes mid-run."""

    def add(sim: Simulation) -> None:
        file = _scratch(patches) / "improvised.md"
        file.write_text("# As agreed\n")
        patches.replace(sim.fingerprints, "_runbooks", lambda real: (*real, file))
        patches.later(sim, day=0, hour=20, act=lambda: file.write_text("# As agreed by telephone\n"))

    patches.when_assembled(add)


@DEFECTS.sabotage("nothing_deployed", origin="a feature flag flipped from afar", how="environment")
def configuration_changed(patches: Patches) -> None:
    """A setting of the platform changes mid-run."""

    def change(sim: Simulation) -> None:
        patches.replace(sim.target, "configuration", lambda real: lambda: {**real(), "payout_jobs_per_run": "changed"})
        patches.trigger()

    patches.at(day=0, hour=20, act=change)


def _scratch(patches: Patches) -> Path:
    folder = tempfile.TemporaryDirectory(prefix="sabotage-")
    patches.finally_(folder.cleanup)
    return Path(folder.name)
