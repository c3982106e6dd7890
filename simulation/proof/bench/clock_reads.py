"""Counts how often the clock file is opened, by the kernel's inotify (inotify(7)); no reader notices."""

from __future__ import annotations

import ctypes
import os
import struct
from pathlib import Path
from types import TracebackType

_IN_OPEN, _IN_CLOSE_NOWRITE = 0x20, 0x10
_HEADER = struct.Struct("iIII")
_BUFFER_BYTES = 1 << 16
_IN_Q_OVERFLOW = 0x4000


class ClockReads:
    """Within this block, opens of ``file`` are counted at each :meth:`collect`.

    The folder is watched, since the file is replaced at every move. Closes are watched too: the kernel drops an event
    that equals the one before it.
    """

    def __init__(self, file: Path) -> None:
        self._file = file
        self._descriptor = -1
        self._opens: int | None = 0

    @property
    def number(self) -> int | None:
        """Opens counted so far; None where there is no inotify, or some were lost."""
        return self._opens

    def __enter__(self) -> ClockReads:
        libc = ctypes.CDLL(None, use_errno=True)
        self._descriptor = libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
        folder = os.fsencode(self._file.parent)
        if libc.inotify_add_watch(self._descriptor, folder, _IN_OPEN | _IN_CLOSE_NOWRITE) < 0:
            self._opens = None
        return self

    def __exit__(self, _kind: type[BaseException] | None, _error: object, _traceback: TracebackType | None) -> None:
        if self._descriptor >= 0:
            os.close(self._descriptor)

    def collect(self) -> None:
        """Count the opens since the last call; often enough, so that the kernel's queue does not overflow."""
        while self._opens is not None:
            try:
                data = os.read(self._descriptor, _BUFFER_BYTES)
            except BlockingIOError:
                return
            self._opens = self._counted(data, self._opens)

    def _counted(self, data: bytes, opens: int) -> int | None:
        position = 0
        while position < len(data):
            _, mask, _, length = _HEADER.unpack_from(data, position)
            name = data[position + _HEADER.size : position + _HEADER.size + length].rstrip(b"\0")
            position += _HEADER.size + length
            if mask & _IN_Q_OVERFLOW:
                return None
            opens += bool(mask & _IN_OPEN) and name == os.fsencode(self._file.name)
        return opens
