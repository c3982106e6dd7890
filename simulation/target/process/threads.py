"""What the threads of a backend and of its database do right now, read from the kernel's own tables."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

_STAT_BYTES = 512
_ASLEEP = b"SZXI"
"""Waiting, or on its way out; not running, not in the middle of reading or writing a disk."""


@dataclass(kw_only=True)
class Thread:
    """One thread, with its tables kept open: reading them anew costs 3 microseconds, opening them 30."""

    pid: int
    tid: int
    stat: int
    turns: int

    @classmethod
    def open(cls, pid: int, tid: int) -> Thread:
        """Raises ``OSError`` when it has ended meanwhile."""
        folder = f"/proc/{pid}/task/{tid}"
        stat = os.open(f"{folder}/stat", os.O_RDONLY)
        try:
            return cls(pid=pid, tid=tid, stat=stat, turns=os.open(f"{folder}/schedstat", os.O_RDONLY))
        except OSError:
            os.close(stat)
            raise

    def asleep(self) -> bool:
        try:
            stat = os.pread(self.stat, _STAT_BYTES, 0)
            return stat[stat.rindex(b")") + 2] in _ASLEEP
        except (OSError, ValueError):
            return True  # it has ended

    def ran(self) -> bytes:
        """How long it has run and how often it had its turn: changes with every turn."""
        try:
            return os.pread(self.turns, _STAT_BYTES, 0)
        except OSError:
            return b""

    def close(self) -> None:
        os.close(self.stat)
        os.close(self.turns)


@dataclass(kw_only=True)
class Threads:
    """All threads of the processes that ``belongs`` says are ours."""

    belongs: Callable[[int], bool]
    _known: dict[int, bool] = field(default_factory=dict)
    _threads: dict[tuple[int, int], Thread] = field(default_factory=dict)
    _suspect: Thread | None = None
    """Who was awake the last time, and is asked first."""

    def processes(self) -> list[int]:
        """Ids of the processes that live now, oldest number first. A process is asked about once."""
        alive = {int(entry) for entry in os.listdir("/proc") if entry.isdigit()}
        for pid in [pid for pid in self._known if pid not in alive]:
            del self._known[pid]
        for pid in alive:
            if pid not in self._known:
                self._known[pid] = self.belongs(pid)
        return sorted(pid for pid, ours in self._known.items() if ours)

    def at_rest(self, *, nothing_else: Callable[[], bool]) -> bool:
        """Whether there was an instant at which all of them slept and ``nothing_else`` was under way.

        A thread that sleeps now, and has had no turn since it was looked at before, slept all the time between; and
        nobody can have been started in that time either.
        """
        if self._suspect is not None and not self._suspect.asleep():
            return False
        before = [(thread, thread.ran()) for thread in self._threads.values()]
        if self._take_stock() or not nothing_else():
            return False
        for thread, ran in before:
            if thread.ran() != ran or not thread.asleep():
                self._suspect = thread
                return False
        return True

    def close(self) -> None:
        for thread in self._threads.values():
            thread.close()
        self._threads.clear()

    def _take_stock(self) -> bool:
        """Look who lives; whether that is others than before."""
        keys = {(pid, tid) for pid in self.processes() for tid in tasks(pid)}
        gone = self._threads.keys() - keys
        for key in gone:
            self._threads.pop(key).close()
        self._suspect = None if gone else self._suspect
        new = sorted(keys - self._threads.keys())
        for key in new:
            with contextlib.suppress(OSError):
                self._threads[key] = Thread.open(*key)
        return bool(gone or new)


def tasks(pid: int) -> list[int]:
    """Thread ids of a process; none when it has ended."""
    try:
        return sorted(int(entry) for entry in os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return []


def status_of(pid: int) -> dict[str, str]:
    """The kernel's page about a process; empty when it has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def namespace_of(pid: int) -> str:
    """Name of its process namespace; empty when it has ended or is none of our business."""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def parent_of(pid: int) -> int:
    """0 when it has ended."""
    return int(status_of(pid).get("PPid", "0"))
