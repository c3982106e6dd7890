"""Whether all threads of a backend and of its database sleep, read from the kernel's own tables."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from contextlib import ExitStack, suppress
from dataclasses import dataclass, field
from pathlib import Path

_STAT_BYTES = 512
_CHILDREN_BYTES = 1 << 16
_ASLEEP = b"SZXI"
"""States of /proc/PID/stat in which a thread does nothing: it sleeps or has ended. Not R (runs) nor D (uses a disk)."""
_KEEPS_CHILDREN = Path("/proc/thread-self/children").exists()


@dataclass(kw_only=True)
class Thread:
    """One thread, with its tables in /proc kept open: to read one costs 3 microseconds, to open it 30."""

    pid: int
    tid: int
    stat: int
    turns: int
    children: int
    """File descriptors of ``stat``, ``schedstat`` and ``children``; -1 where the kernel has no such table."""
    seen: bytes = b""
    """Content of ``schedstat`` when it was read last."""

    @classmethod
    def open(cls, pid: int, tid: int) -> Thread:
        """Raises ``OSError`` when it has ended meanwhile."""
        folder = f"/proc/{pid}/task/{tid}"
        with ExitStack() as opened:
            tables = []
            for name in ("stat", "schedstat", *(["children"] if _KEEPS_CHILDREN else [])):
                tables.append(os.open(f"{folder}/{name}", os.O_RDONLY))
                opened.callback(os.close, tables[-1])
            opened.pop_all()
        stat, turns, *children = tables
        return cls(pid=pid, tid=tid, stat=stat, turns=turns, children=children[0] if children else -1)

    def asleep(self) -> bool:
        try:
            stat = os.pread(self.stat, _STAT_BYTES, 0)
            return stat[stat.rindex(b")") + 2] in _ASLEEP
        except (OSError, ValueError):
            return True  # it has ended

    def had_a_turn(self) -> bool:
        """Whether it ran since the last call, or has ended. ``schedstat`` has its time on the processor and the number
        of its turns."""
        try:
            now = os.pread(self.turns, _STAT_BYTES, 0)
        except OSError:
            return True
        ran, self.seen = now != self.seen, now
        return ran

    def started(self) -> list[int]:
        """Child processes that it started and that still run."""
        if self.children < 0:
            return children_of(self.pid, self.tid)
        try:
            return [int(child) for child in os.pread(self.children, _CHILDREN_BYTES, 0).split()]
        except OSError:
            return []  # it has ended

    def close(self) -> None:
        for table in (self.stat, self.turns, self.children):
            if table >= 0:
                os.close(table)


@dataclass(kw_only=True)
class ThreadTable:
    """All threads of the processes for which ``belongs`` is true: ours.

    :param ancestors: processes of which all of ours are descendants, and to which orphans of theirs are handed. They
        may be ours themselves.

    Only a thread that had a turn on the processor can have started a thread or a process. Only those are asked again
    for their children.
    """

    belongs: Callable[[int], bool]
    ancestors: Callable[[], Iterable[int]]
    _ours: set[int] = field(default_factory=set)
    _threads: dict[tuple[int, int], Thread] = field(default_factory=dict)
    _stale: set[int] = field(default_factory=set)
    """Processes of which a thread had a turn since they were last asked for their children."""
    _busy: dict[tuple[int, int], Thread] = field(default_factory=dict)
    """Threads that had a turn before the last rest, and are likely to have one again: looked at first."""
    _busy_since: dict[tuple[int, int], Thread] = field(default_factory=dict)
    """Threads that had one after it."""

    def processes(self) -> list[int]:
        """Ids of our processes that run now, lowest first."""
        self._had_a_turn(self._threads)
        self._take_stock()
        return sorted(self._ours)

    def at_rest(self, *, nothing_else: Callable[[], bool]) -> bool:
        """Whether there was an instant at which all threads slept and ``nothing_else`` was in progress.

        Each thread is looked at three times: had it a turn, does it sleep, had it a turn. If none had a turn in the
        second round, none ran between the two rounds; so none woke another or sent anything, and those that slept in
        between slept on. The order matters: a thread that waits for the processor has had no turn yet, and if sleep
        were looked at last, it might have had its turn by then, done its work and fallen asleep.
        """
        likely = {**self._busy, **self._busy_since}
        if not all(thread.asleep() for thread in likely.values()):
            return False
        self._had_a_turn(likely)
        if self._take_stock() or not nothing_else():
            return False
        awake = {key: thread for key, thread in self._threads.items() if not thread.asleep()}
        self._busy_since |= awake
        if self._had_a_turn(self._threads) or awake:
            return False
        self._busy, self._busy_since = self._busy_since, {}
        return True

    def close(self) -> None:
        for thread in self._threads.values():
            thread.close()
        self._threads.clear()

    def _had_a_turn(self, threads: dict[tuple[int, int], Thread]) -> bool:
        turned = {key: thread for key, thread in threads.items() if thread.had_a_turn()}
        self._busy_since |= turned
        self._stale.update(thread.pid for thread in turned.values())
        return bool(turned)

    def _take_stock(self) -> bool:
        """Ask each process that may have started others for its threads and children; whether anything is new."""
        asked = sorted(self._stale)
        self._stale = set()
        for pid in self.ancestors():
            asked += self._newcomers([pid, *children_of(pid, pid)])
        changed = False
        for pid in asked:  # the list grows by the children that are found
            tids = tasks(pid)
            changed |= self._recount(pid, tids)
            threads = [self._threads[pid, tid] for tid in tids if (pid, tid) in self._threads]
            asked += self._newcomers(child for thread in threads for child in thread.started())
        return changed

    def _newcomers(self, pids: Iterable[int]) -> list[int]:
        new = sorted(pid for pid in pids if pid not in self._ours and self.belongs(pid))
        self._ours.update(new)
        return new

    def _recount(self, pid: int, tids: Iterable[int]) -> bool:
        """Read the threads of a process anew; whether they are others than before."""
        known = {key for key in self._threads if key[0] == pid}
        alive = {(pid, tid) for tid in tids}
        for key in known - alive:
            self._threads.pop(key).close()
            self._busy.pop(key, None)
            self._busy_since.pop(key, None)
        if not alive:
            self._ours.discard(pid)
        for key in sorted(alive - known):
            try:
                self._threads[key] = Thread.open(*key)
            except OSError:
                self._stale.add(pid)  # it has just ended
        return known != alive


def children_of(pid: int, tid: int) -> list[int]:
    """Child processes of a thread. Where the kernel has no such list (it was built without ``CONFIG_PROC_CHILDREN``),
    every process of the machine: that takes longer and misses none."""
    try:
        with open(f"/proc/{pid}/task/{tid}/children", "rb", buffering=0) as table:
            return [int(child) for child in table.readall().split()]
    except OSError:
        return [] if _KEEPS_CHILDREN else [int(entry) for entry in os.listdir("/proc") if entry.isdigit()]


def tasks(pid: int) -> list[int]:
    """Thread ids of a process; none when it has ended."""
    try:
        return sorted(int(entry) for entry in os.listdir(f"/proc/{pid}/task"))
    except OSError:
        return []


def keep_to_our_processors(pids: Iterable[int]) -> None:
    """Bind these processes, and those they start later, to the harness's processors: see ``environment/cpu.py``."""
    ours = os.sched_getaffinity(0)
    for _ in range(2):  # a thread that is started meanwhile is found the second time
        for pid in pids:
            for tid in tasks(pid):
                with suppress(ProcessLookupError):
                    os.sched_setaffinity(tid, ours)


def status_of(pid: int) -> dict[str, str]:
    """Fields of /proc/PID/status; empty when the process has ended."""
    try:
        # A program names itself, and as it likes.
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        return {}
    return {name: value.strip() for name, _, value in (line.partition(":") for line in lines)}


def namespace_of(pid: int) -> str:
    """Name of its process namespace; empty when it has ended or belongs to another user."""
    try:
        return os.readlink(f"/proc/{pid}/ns/pid")
    except OSError:
        return ""


def parent_of(pid: int) -> int:
    """Id of its parent process; 0 when it has ended."""
    return int(status_of(pid).get("PPid", "0"))
