"""Child processes that do not outlive the harness, however it ends."""

from __future__ import annotations

import ctypes
import gc
import os
import signal
import socket
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


def die_with_parent(how: signal.Signals) -> Callable[[], None]:
    """For ``preexec_fn``: the kernel sends the child the signal ``how`` when the harness dies, however it dies."""

    def ask() -> None:
        pr_set_pdeathsig = 1
        ctypes.CDLL(None, use_errno=True).prctl(pr_set_pdeathsig, how)

    return ask


@contextmanager
def closed_unless_kept(opened: socket.socket) -> Iterator[None]:
    """Close what was opened if the block fails; else it is whoever goes on with it who closes it."""
    try:
        yield
    except BaseException:
        opened.close()
        raise


@contextmanager
def one_cpu() -> Iterator[None]:
    """Within this block this thread, and every process started from it, stays on one of the cores it may use: the one
    that others leave the most of."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    allowed = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {least_used(sorted(allowed))})
    try:
        yield
    finally:
        os.sched_setaffinity(0, allowed)


_LOOK_WALL_SECONDS = 0.05
_IDLE, _WAITING_FOR_DISK = 3, 4


def least_used(cores: Sequence[int], *, look: Callable[[], Mapping[int, int]] | None = None) -> int:
    """The core with the most idle time during a short look; among equals one by this process's number.

    :param look: clock ticks that each core has idled since the machine started; default: the kernel's.
    """
    own = cores[os.getpid() % len(cores)]
    if len(cores) == 1:
        return own
    look = look or idle_ticks
    before = look()
    time.sleep(_LOOK_WALL_SECONDS)
    after = look()
    idle = {core: after.get(core, 0) - before.get(core, 0) for core in cores}
    return max(cores, key=lambda core: (idle[core], core == own))


def idle_ticks() -> Mapping[int, int]:
    """Clock ticks that each core has idled or waited for a disk (proc_stat(5)); empty where the kernel says nothing."""
    try:
        lines = Path("/proc/stat").read_text(encoding="ascii").splitlines()
    except OSError:
        return {}
    cores = (line.split() for line in lines if line.startswith("cpu") and line[3].isdigit())
    return {
        int(name.removeprefix("cpu")): sum(int(ticks[index]) for index in (_IDLE, _WAITING_FOR_DISK))
        for name, *ticks in cores
    }


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


@contextmanager
def imports_without_collector() -> Iterator[None]:
    """Within this block no garbage is collected, and what is there at its end is never looked through again, garbage
    included: for the first import, never between runs.

    For imports: they make hundreds of thousands of objects that live as long as the process. Measured: a seventh less
    processor time for those of a run.
    """
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if enabled:
            gc.enable()
