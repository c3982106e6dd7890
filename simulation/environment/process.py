"""Child processes that do not outlive the harness, however it ends."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager


def die_with_parent(how: signal.Signals) -> Callable[[], None]:
    """For ``preexec_fn``: the kernel sends the child the signal ``how`` when the harness dies, however it dies."""

    def ask() -> None:
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, how)

    return ask


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


_PATIENT = (100_000, 50, 100)


@contextmanager
def patient_collector() -> Iterator[None]:
    """Within this block collect garbage rarely: a run makes millions of short-lived objects, and its history only
    grows.

    Measured: a tenth less processor time for the 14 days, a megabyte more memory.
    """
    usual = gc.get_threshold()
    gc.set_threshold(*_PATIENT)
    try:
        yield
    finally:
        gc.set_threshold(*usual)
