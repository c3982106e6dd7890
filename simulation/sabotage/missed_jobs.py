"""Jobs that rest although nobody stopped them, in a run in which others had a reason to."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

from simulation.assembly import Stage
from simulation.sabotage.patches import Plot
from simulation.sabotage.registry import Shelf

SHELF = Shelf("contests", how="environment", scenario="idle")


def _rests(plot: Plot, word: str, *, since: timedelta, until: timedelta) -> None:
    """The job whose name contains ``word`` does not run between two times of the scenario."""

    def keep(on: Stage) -> None:
        def stopped(real: Any) -> Callable[[str], bool]:
            def is_stopped(job: str) -> bool:
                if word in job and on.scenario.start + since <= on.kernel.now < on.scenario.start + until:
                    plot.trigger()
                    return True
                return bool(real(job))

            return is_stopped

        plot.replace(on.jobs, "_is_stopped", stopped)

    plot.when_staged(keep)


@SHELF.sabotage("jobs_ran", origin="a supervisor that restarts a dead worker once, and never again")
def payout_timer_never_comes_back(plot: Plot) -> None:
    """The payout job goes on resting after the fault that had stopped its timer is over."""
    over = timedelta(days=1, hours=14, minutes=45)
    _rests(plot, "payout", since=over, until=over + timedelta(minutes=100))


@SHELF.sabotage("jobs_ran", origin="a worker that hangs in a call; nobody looks, since another outage explains it all")
def payout_job_rests_beside_a_stopped_timer(plot: Plot) -> None:
    """The payout job rests for an hour and a half, half a day before the fault that stops its timer."""
    _rests(plot, "payout", since=timedelta(hours=20), until=timedelta(hours=21, minutes=30))


@SHELF.sabotage("jobs_ran", origin="a job that crashes now and then and is late once more after every deploy")
def settlement_job_rests_beside_a_restart(plot: Plot) -> None:
    """The settlement job misses two runs hours after operations restarted the platform."""
    _rests(plot, "settlement", since=timedelta(hours=22, minutes=1), until=timedelta(hours=22, minutes=11))
