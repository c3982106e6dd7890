"""People who deploy or change settings during the absence."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from simulation.assembly import Stage
from simulation.sabotage.patches import Plot
from simulation.sabotage.people.shelf import SHELF


@SHELF.sabotage("nothing_deployed", origin="a variable set in the hosting console", how="environment")
def environment_variable_changed(plot: Plot) -> None:
    """A variable of the environment is set mid-run."""
    name = "PAYOUTS_PAUSED"

    def change(_: Stage) -> None:
        os.environ[name] = "false"
        plot.finally_(lambda: os.environ.pop(name, None))
        plot.trigger()

    plot.at(day=0, hour=20, act=change)


@SHELF.sabotage("nothing_deployed", origin="a file edited on the server", how="environment")
def code_file_changed(plot: Plot) -> None:
    """A file of the platform's code changes mid-run."""

    def add(on: Stage) -> None:
        file = _scratch(plot) / "hotfix.py"
        file.write_text("PAUSED = False\n")
        plot.replace(on.target, "code_files", lambda real: lambda: [*real(), file])
        plot.later(on, day=0, hour=20, act=lambda: file.write_text("PAUSED = True\n"))

    plot.when_staged(add)


@SHELF.sabotage("nothing_deployed", origin="a runbook corrected while it is in force", how="environment")
def runbook_changed(plot: Plot) -> None:
    """The text of a runbook changes mid-run."""

    def add(on: Stage) -> None:
        file = _scratch(plot) / "improvised.md"
        file.write_text("# As agreed\n")
        plot.replace(on.fingerprints, "_runbooks", lambda real: (*real, file))
        plot.later(on, day=0, hour=20, act=lambda: file.write_text("# As agreed by telephone\n"))

    plot.when_staged(add)


@SHELF.sabotage("nothing_deployed", origin="a feature flag flipped from afar", how="environment")
def configuration_changed(plot: Plot) -> None:
    """A setting of the platform changes mid-run."""

    def change(on: Stage) -> None:
        plot.replace(on.target, "configuration", lambda real: lambda: {**real(), "payout_jobs_per_run": "changed"})
        plot.trigger()

    plot.at(day=0, hour=20, act=change)


def _scratch(plot: Plot) -> Path:
    folder = tempfile.TemporaryDirectory(prefix="sabotage-")
    plot.finally_(folder.cleanup)
    return Path(folder.name)
