"""What moves the clock of an interactive session: the wall clock, or a person who asks for time to pass."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from simulation.clock import Kernel, wall_now


class ClockDriver(Protocol):
    """Moves the clock. Called while nothing else uses the simulation."""

    def catch_up(self) -> None:
        """Run everything that is due by now."""
        ...

    def enter(self) -> None:
        """Bring the clock up to date before a request."""
        ...


class WallClock:
    """Follows the wall clock, second by second. A shell's ``sleep`` takes real time."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def catch_up(self) -> None:
        self._kernel.run_until(this_second())

    def enter(self) -> None:
        """Move the clock only; events that are due now are run by the session's loop, a moment later."""
        self._kernel.clock.move_to(this_second())


class ManualClock:
    """Simulated time does not pass until a person asks for it."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def catch_up(self) -> None:
        self._kernel.run_until(self._kernel.now)

    def enter(self) -> None:
        """Do nothing: no time has passed."""

    def pass_time(self, sim_seconds: int) -> None:
        """Run the next seconds with everything that falls due in them."""
        self._kernel.run_until(self._kernel.now + timedelta(seconds=sim_seconds))


def this_second() -> datetime:
    """Real UTC time in whole seconds, also while Python's own clock is the simulation's."""
    return wall_now().replace(microsecond=0)
