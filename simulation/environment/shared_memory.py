"""Shared memory that outlives a killed process: PostgreSQL's lock on its data folder, libfaketime's state.

Each is found by what the run's own folder says of it, never by a process id alone: another run may have the same id in
another PID namespace.
"""

from __future__ import annotations

import contextlib
import ctypes
from pathlib import Path

_SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - libfaketime's own place
_STARTED = "started"
_IPC_RMID, _IPC_STAT = 0, 2
_KEY_LINE = 7
"""Of ``postmaster.pid``: key and id of the segment by which PostgreSQL knows that somebody uses its data."""


def note_started(folder: Path, pid: int) -> None:
    """Keep in the workspace that this process runs under libfaketime, which makes shared memory of its name."""
    (folder / _STARTED).mkdir(exist_ok=True)
    (folder / _STARTED / str(pid)).touch()


def release(folder: Path) -> None:
    """Remove what killed processes of this workspace left; they must have ended."""
    for noted in (folder / _STARTED).glob("[0-9]*"):
        release_clock(int(noted.name))
    for data in folder.glob("data*"):
        _release_segment(data / "postmaster.pid")


def release_clock(pid: int) -> None:
    """Remove libfaketime's state of one process that has ended."""
    for name in (f"faketime_shm_{pid}", f"sem.faketime_sem_{pid}"):
        with contextlib.suppress(OSError):
            (_SHARED_MEMORY / name).unlink()


def _release_segment(lock_file: Path) -> None:
    try:
        key, identifier = map(int, lock_file.read_text(encoding="utf-8").splitlines()[_KEY_LINE - 1].split())
    except (OSError, ValueError, IndexError):
        return
    libc = ctypes.CDLL(None)
    state = (ctypes.c_char * 512)()
    if libc.shmctl(identifier, _IPC_STAT, state) == 0 and ctypes.c_int32.from_buffer(state).value == _signed(key):
        libc.shmctl(identifier, _IPC_RMID, None)


def _signed(key: int) -> int:
    return ctypes.c_int32(key & 0xFFFFFFFF).value
