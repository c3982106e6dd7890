"""What moves the clock of a standing platform: the wall, or whoever asks for time to pass."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Protocol

from simulation.clock import Kernel, wall_now


class ClockDriver(Protocol):
    """Called with the world to itself."""

    def catch_up(self) -> None:
        """Let happen what is due by now."""
        ...

    def enter(self) -> None:
        """Show a request the present time."""
        ...


class WallClock:
    """Follows the wall clock, second by second. What is asked to sleep sleeps for real, outside."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def catch_up(self) -> None:
        self._kernel.run_until(this_second())

    def enter(self) -> None:
        """The clock only: events that are due now are the loop's, a moment later."""
        self._kernel.clock.move_to(this_second())


class ManualClock:
    """Time stands still until it is told to pass."""

    def __init__(self, kernel: Kernel) -> None:
        self._kernel = kernel

    def catch_up(self) -> None:
        self._kernel.run_until(self._kernel.now)

    def enter(self) -> None:
        """Nothing to do: it is as late as it was."""

    def pass_time(self, sim_seconds: int) -> None:
        """Live through the next seconds; everything that falls due in them happens."""
        self._kernel.run_until(self._kernel.now + timedelta(seconds=sim_seconds))


def this_second() -> datetime:
    """Real UTC time in whole seconds, also while Python's own clock is the simulation's."""
    return wall_now().replace(microsecond=0)
