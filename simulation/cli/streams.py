"""Standard output and standard error that never end the program: a verdict's exit code is not their business."""

from __future__ import annotations

import errno
import io
import os
import select
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

_UTF8 = "utf-8"


class Stream(io.FileIO):
    """A standard stream. What cannot be written is dropped, and :attr:`lost` says why."""

    lost: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write what the file takes; all of it counts as written once a write has failed."""
        if self.lost is None:
            try:
                return self._written(data)
            except OSError as error:
                self.lost = error
        return memoryview(data).nbytes

    def _written(self, data: ReadableBuffer) -> int:
        """Waits where somebody made the file non-blocking."""
        while (count := super().write(data)) is None:
            select.select([], [self], [])
        return count

    @property
    def failed(self) -> OSError | None:
        """Why something is missing that somebody would have read. A reader who left (``| head``) wanted no more."""
        return None if self.lost is None or self.lost.errno == errno.EPIPE else self.lost


def replace_standard_streams() -> Stream:
    """Put :class:`Stream` under ``sys.stdout`` and ``sys.stderr``; returns the one under standard output.

    Files and pipes get UTF-8 whatever the locale. A stream that a caller has replaced, as tests do, is left alone.
    """
    _open_what_is_closed()
    output, errors = Stream(1, "w", closefd=False), Stream(2, "w", closefd=False)
    if sys.stdout is sys.__stdout__:
        sys.stdout = _text(output, of_terminal=getattr(sys.stdout, "encoding", _UTF8))
    if sys.stderr is sys.__stderr__:
        sys.stderr = _text(errors, of_terminal=getattr(sys.stderr, "encoding", _UTF8), by_line=True)
    return output


def _text(stream: Stream, *, of_terminal: str, by_line: bool = False) -> io.TextIOWrapper:
    return io.TextIOWrapper(
        io.BufferedWriter(stream),
        encoding=of_terminal if stream.isatty() else _UTF8,
        errors="backslashreplace",
        line_buffering=by_line or stream.isatty(),
    )


def _open_what_is_closed() -> None:
    """Where a shell closed a standard stream (``>&-``), the next file opened would take its number."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)
