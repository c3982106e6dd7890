"""A backend that is killed, and that its supervisor starts again."""

from __future__ import annotations

from simulation.clock import Kernel, SimProcess
from simulation.target.process.life import Life
from simulation.target.process.programs import Programs

DOWN_SECONDS = 30
"""Simulated; what a supervisor takes to notice and a program to start."""


def kill_and_restart(kernel: Kernel, programs: Programs, life: Life) -> None:
    """Kill all programs now; they are up again later, with what the database and their files remember."""
    programs.kill_all()
    kernel.spawn(_start_again(kernel, programs, life))


def _start_again(kernel: Kernel, programs: Programs, life: Life) -> SimProcess:
    yield kernel.sleep(DOWN_SECONDS)
    life.began_at = kernel.now
    programs.start_all()
    programs.wait_until_listening()
    life.rest()
