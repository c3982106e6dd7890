"""Tells when the processor of a run has nothing else to do: a backend that shares it then rests, or waits for somebody.

A hint only, which spares looking every fraction of a millisecond; who is at rest the kernel's tables say. It comes from
a child of the lowest scheduling class, which gets its turn when nobody else wants the processor.
"""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
import time

from simulation.environment.process import die_with_parent

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
    """Waiting for the next lull; a plain short pause where the run may use several processors."""

    def __init__(self) -> None:
        self._line: socket.socket | None = None
        self._asked = False
        if hasattr(os, "SCHED_IDLE") and len(os.sched_getaffinity(0)) == 1:
            self._line, theirs = socket.socketpair()
            with theirs:
                self._echo = subprocess.Popen(
                    [sys.executable, "-I", "-S", "-c", _ECHO], stdin=theirs.fileno(), stdout=theirs.fileno(),
                    stderr=subprocess.DEVNULL,
                    start_new_session=True, preexec_fn=die_with_parent(signal.SIGKILL),
                )  # fmt: skip
            self._poll = select.poll()
            self._poll.register(self._line, select.POLLIN)

    def wait(self, *, in_vain: bool) -> bool:
        """Wait for a lull, a millisecond at most; whether there was one.

        :param in_vain: the last one did not mean rest: somebody is busy elsewhere, and a pause will have to do.
        """
        if self._line is None or in_vain:
            time.sleep(_LOOK_WALL_SECONDS)
            return False
        if not self._asked:
            self._line.send(b".")
            self._asked = True
        if not self._poll.poll(_LONGEST_WALL_MILLISECONDS):
            return False
        self._asked = not self._line.recv(1)
        return True

    def close(self) -> None:
        if self._line is not None:
            self._line.close()
            self._echo.kill()
            self._echo.wait()
