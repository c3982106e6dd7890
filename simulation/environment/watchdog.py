"""Removes a killed run's containers, as Ryuk does, without an image or a network of its own.

A small process outside the run's process group waits on a pipe. The run says goodbye when it ends well; when the pipe
closes without a word, the run was killed, and its containers are removed. Should the watchdog be killed too, the next
run reaps (:func:`simulation.environment.engine.reap_containers`).
"""

from __future__ import annotations

import atexit
import subprocess
import sys
from functools import lru_cache

_GOODBYE = b"well ended\n"


@lru_cache(maxsize=1)
def watch() -> None:
    """Start this process's watchdog; once is enough."""
    dog = subprocess.Popen(
        [sys.executable, "-m", "simulation.environment.watchdog"],
        stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    atexit.register(dog.communicate, _GOODBYE)


def main() -> None:
    """Wait for the run's end; clean up after it unless it said goodbye."""
    if sys.stdin.buffer.read() == _GOODBYE:
        return
    from simulation.environment.engine import connect, reap_containers

    reap_containers(connect())


if __name__ == "__main__":
    main()
