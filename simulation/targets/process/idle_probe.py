"""Tells when the run's processor is idle: the backend, which shares it, is then at rest or waits for something.

Only a hint, which spares looking at the kernel's tables every fraction of a millisecond; whether a backend is at rest,
those tables say. The hint comes from a child process of the lowest scheduling class, which runs when nothing else wants
the processor.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from contextlib import suppress

from simulation.environment.process import closed_unless_kept, die_with_parent
from simulation.targets.process.event_loop import EventLoop

_LONGEST_WALL_MILLISECONDS = 1
"""Where others keep the processor busy all the time, the child never gets its turn."""
_LOOK_WALL_SECONDS = 0.0002
_ECHO = """
import os
os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
while said := os.read(0, 1):
    os.write(1, said)
"""


class IdleProbe:
    """Waits until the processor is idle; where the run may use several processors, it only pauses.

    :param loop: a wait ends when it has something to serve: the backend is not at rest then.
    """

    def __init__(self, loop: EventLoop) -> None:
        self._loop = loop
        self._child: socket.socket | None = None
        self._asked = False
        if hasattr(os, "SCHED_IDLE") and len(os.sched_getaffinity(0)) == 1:
            self._child, theirs = socket.socketpair()
            with theirs, closed_unless_kept(self._child):
                self._echo = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _ECHO], stdin=theirs.fileno(), stdout=theirs.fileno(),
                    stderr=subprocess.DEVNULL,
                    start_new_session=True, preexec_fn=die_with_parent(signal.SIGKILL),
                )  # fmt: skip
            self._poll = select.poll()
            self._poll.register(self._child, select.POLLIN)
            self._poll.register(loop.fileno(), select.POLLIN)

    def wait(self, *, in_vain: bool) -> bool:
        """Wait until the processor is idle, a millisecond at most; whether it was.

        :param in_vain: it was idle the last time, and yet the backend was not at rest: something works elsewhere, such
            as a disk. A short pause is all that can be done then.
        """
        if self._child is None or in_vain:
            select.select([self._loop.fileno()], [], [], _LOOK_WALL_SECONDS)
            return False
        if self._asked:  # a wait that was broken off: what came since then is not about now
            with suppress(BlockingIOError):
                self._asked = not self._child.recv(1, socket.MSG_DONTWAIT)
        if not self._asked:
            self._child.send(b".")
            self._asked = True
        ready = self._poll.poll(_LONGEST_WALL_MILLISECONDS)
        if all(file != self._child.fileno() for file, _ in ready):
            return False
        self._asked = not self._child.recv(1)
        return True

    def close(self) -> None:
        if self._child is not None:
            self._child.close()
            self._echo.kill()
            self._echo.wait()
