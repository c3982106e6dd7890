"""When a sleeping thread's wait ends, read from the arguments of the system call in which it sleeps."""

from __future__ import annotations

import os
import platform
import struct
import time
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

_SIMULATED_EPOCH_SECONDS = 1_000_000_000
"""A deadline beyond this is an instant, not a duration: it was computed from the simulated clock (a backend has no
other)."""
_MICROSECOND_DIGITS = 6
_NOT_WAITING = "running"
_ABSOLUTE = 1
_FUTEX_ABSOLUTE = 9
_FUTEX_COMMAND = 0x7F


def _milliseconds(index: int) -> Callable[[int, list[int]], float | None]:
    def read(_: int, arguments: list[int]) -> float | None:
        value = struct.unpack("i", struct.pack("I", arguments[index] & 0xFFFFFFFF))[0]
        return None if value < 0 else value / 1000

    return read


def _pair(index: int, *, unit: float) -> Callable[[int, list[int]], float | None]:
    def read(pid: int, arguments: list[int]) -> float | None:
        return _time_at(pid, arguments[index], unit)

    return read


def _nanosleep(pid: int, arguments: list[int]) -> float | None:
    return _time_at(pid, arguments[2], 1e-9, clock=arguments[0] if arguments[1] & _ABSOLUTE else None)


def _futex(pid: int, arguments: list[int]) -> float | None:
    if (arguments[1] & _FUTEX_COMMAND) == _FUTEX_ABSOLUTE:
        return _time_at(pid, arguments[3], 1e-9, clock=time.CLOCK_MONOTONIC)
    return _time_at(pid, arguments[3], 1e-9)


_CALLS: dict[str, dict[int, Callable[[int, list[int]], float | None]]] = {
    "x86_64": {
        7: _milliseconds(2), 232: _milliseconds(3), 281: _milliseconds(3), 23: _pair(4, unit=1e-6),
        270: _pair(4, unit=1e-9), 271: _pair(2, unit=1e-9), 441: _pair(3, unit=1e-9), 35: _pair(0, unit=1e-9),
        128: _pair(2, unit=1e-9), 230: _nanosleep, 202: _futex,
    },
    "aarch64": {
        22: _milliseconds(3), 72: _pair(4, unit=1e-9), 73: _pair(2, unit=1e-9), 441: _pair(3, unit=1e-9),
        101: _pair(0, unit=1e-9), 137: _pair(2, unit=1e-9), 115: _nanosleep, 98: _futex,
    },
}  # fmt: skip
"""Machine → number of a system call → how to read its timeout: poll, epoll_wait, epoll_pwait, select, pselect6, ppoll,
epoll_pwait2, nanosleep, rt_sigtimedwait, clock_nanosleep and futex, as far as the machine has them."""


class Awake(Exception):
    """The thread does not wait: it runs, or is about to."""


def seconds_left(pid: int, tid: int, *, now: datetime) -> float | None:
    """Simulated seconds until the thread's wait ends by itself; None when it has no timeout, or that cannot be told.

    :param now: what the thread's clock shows, to the microsecond.
    :raises Awake: it does not wait. Real timers wake threads of a backend that is at rest, too; they find that no
        simulated time has passed, and wait again.
    """
    try:
        words = Path(f"/proc/{pid}/task/{tid}/syscall").read_text(encoding="utf-8").split()
    except OSError:
        return None
    if words[0] == _NOT_WAITING:
        raise Awake
    read = _CALLS.get(platform.machine(), {}).get(int(words[0])) if words[0].lstrip("-").isdigit() else None
    if read is None:
        return None
    left = read(pid, [int(word, 16) for word in words[1:7]])
    if left is not None and left > _SIMULATED_EPOCH_SECONDS:
        left = round(left - now.timestamp(), _MICROSECOND_DIGITS)  # of such a number the rest is chance
    return left


def _time_at(pid: int, address: int, unit: float, *, clock: int | None = None) -> float | None:
    """A ``timespec`` or ``timeval`` in the memory of a process; None for no address."""
    if not address:
        return None
    try:
        with open(f"/proc/{pid}/mem", "rb", buffering=0) as memory:
            seconds, rest = struct.unpack("qq", os.pread(memory.fileno(), 16, address))
    except OSError:
        return None
    value: float = seconds + rest * unit
    if clock is None or value > _SIMULATED_EPOCH_SECONDS:
        return value
    return max(0.0, value - time.clock_gettime(clock))
