"""Shared memory that outlives a killed process: PostgreSQL's lock on its data folder, and libfaketime's state.

Each is found by what the run's own folder says of it, never by a process id: another run may have the same id in
another PID namespace.
"""

from __future__ import annotations

import ctypes
from pathlib import Path

from simulation.environment.clock_library.faketime import release_shared_state

_IPC_RMID, _IPC_STAT = 0, 2
_KEY_LINE = 7
"""Of ``postmaster.pid``: key and id of the segment by which PostgreSQL knows that somebody uses its data."""


def release(folder: Path) -> None:
    """Remove what killed processes of this workspace left; they must have ended."""
    release_shared_state(folder)
    for data in folder.glob("data*"):
        _release_segment(data / "postmaster.pid")


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
