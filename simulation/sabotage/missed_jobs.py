"""Jobs that do not run although nothing stopped them, in runs in which a fault stopped jobs at another time."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from simulation.assembly import Simulation
from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry

DEFECTS = DefectRegistry("contests", how="environment", scenario="idle")


def _rests(patches: Patches, word: str, *, since: timedelta, until: timedelta) -> None:
    """The job whose name contains ``word`` does not run between two times of the scenario."""

    def keep(sim: Simulation) -> None:
        def stopped(real: Any) -> Callable[[str], bool]:
            def is_stopped(job: str) -> bool:
                if word in job and sim.scenario.start + since <= sim.kernel.now < sim.scenario.start + until:
                    patches.trigger()
                    return True
                return bool(real(job))

            return is_stopped

        patches.replace(sim.jobs, "_is_stopped", stopped)

    patches.when_assembled(keep)


@DEFECTS.sabotage("jobs_ran", origin="a supervisor that restarts a dead worker once, and never again")
def payout_timer_never_comes_back(patches: Patches) -> None:
    """The payout job still does not run after the fault that had stopped its timer is over."""
    over = timedelta(days=1, hours=14, minutes=45)
    _rests(patches, "payout", since=over, until=over + timedelta(minutes=100))


@DEFECTS.sabotage("jobs_ran", origin="a worker that hangs in a call, while another outage seems to explain it all")
def payout_job_rests_beside_a_stopped_timer(patches: Patches) -> None:
    """The payout job does not run for an hour and a half, half a day before the fault that stops its timer."""
    _rests(patches, "payout", since=timedelta(hours=20), until=timedelta(hours=21, minutes=30))


@DEFECTS.sabotage("jobs_ran", origin="a job that crashes now and then and is late once more after every deploy")
def settlement_job_rests_beside_a_restart(patches: Patches) -> None:
    """The settlement job misses two runs hours after operations restarted the platform."""
    _rests(patches, "settlement", since=timedelta(hours=22, minutes=1), until=timedelta(hours=22, minutes=11))
