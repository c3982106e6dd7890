"""Removes a killed run's containers, as Ryuk does, without an image or a network of its own.

A small process outside the run's process group waits on a pipe. A run that ends by itself writes a word to it; if the
pipe closes without one, the run was killed, and the watchdog removes its containers. If the watchdog is killed too, the
next run removes them (:func:`simulation.environment.engine.reap_containers`).
"""

from __future__ import annotations

import atexit
import subprocess
import sys
from contextlib import closing
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
    """Wait for the run's end, and remove its containers if it was killed."""
    if sys.stdin.buffer.read() == _GOODBYE:
        return
    from simulation.environment.engine import connect, reap_containers

    with closing(connect()) as engine:
        reap_containers(engine)


if __name__ == "__main__":
    main()
