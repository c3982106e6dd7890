"""Makes a backend look at the clock: its waits are interrupted, so that it notices which of them are over.

A program that has a handler for ``SIGURG`` (every Python here, by ``preload/sitecustomize.py``, and most that start
under our own clock library) gets that signal in each of its threads: the waits end with EINTR and are taken up again
with what is left of them. Any other (Node takes the handler away) is stopped and continued, after which ``epoll_wait``
returns with EINTR by itself: Node's loop, and every other that is built on epoll, then asks for the time and runs what
is due.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import platform
import signal
import time
from collections.abc import Iterable

from simulation.errors import EnvironmentFault
from simulation.targets.process.quiescence import status_of, tasks

_TGKILL = {"x86_64": 234, "aarch64": 131}
_SIGNAL = signal.SIGURG
_DEADLINE_WALL_SECONDS = 60
_LOOK_WALL_SECONDS = 0.00005
_libc = ctypes.CDLL(None, use_errno=True)


def wake(pids: Iterable[int]) -> None:
    """Interrupt every wait of these processes. Returns at once; what they do then takes its time."""
    for pid in pids:
        status = status_of(pid)
        if status.get("State", "Z")[0] in "ZX":
            continue
        if int(status["SigCgt"], 16) >> (_SIGNAL - 1) & 1:
            _interrupt_threads(pid)
        else:
            _stop_and_continue(pid)


def _interrupt_threads(pid: int) -> None:
    number = _TGKILL.get(platform.machine())
    if number is None:
        raise EnvironmentFault(
            problem=f"a backend cannot be woken on a {platform.machine()} machine",
            remedy="use an x86_64 or aarch64 machine",
        )
    for tid in tasks(pid):
        _libc.syscall(number, pid, tid, int(_SIGNAL))


def _stop_and_continue(pid: int) -> None:
    """Stop a process and continue it, once it has stopped: a stop that is still pending would be cancelled."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, signal.SIGSTOP)
        deadline = time.monotonic() + _DEADLINE_WALL_SECONDS
        while status_of(pid).get("State", "Z")[0] not in "TZX":
            if time.monotonic() > deadline:
                raise EnvironmentFault(problem=f"process {pid} of the backend does not stop", remedy="run again")
            time.sleep(
                _LOOK_WALL_SECONDS
            )  # the process shares our processor, and could not run while we looked without a pause
        os.kill(pid, signal.SIGCONT)
