"""One core for the harness and its children.

Harness and database take turns, never work at once; on two cores every statement pays for waking the other one.
Measured here: 0.16 ms a query on one core, 0.25 to 0.5 ms on two.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def one_cpu() -> Iterator[None]:
    """Within this block this thread, and every process started from it, stays on one of the cores it may use."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    chosen = sorted(allowed)[os.getpid() % len(allowed)]
    os.sched_setaffinity(0, {chosen})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)
