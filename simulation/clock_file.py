"""The file that shows other programs the simulated time: a page of memory for our own clock library, or a line of text
for libfaketime (``simulation/environment/clock_library``).

The name says which of the two it is, and programs that were started with one go on reading that one.
"""

from __future__ import annotations

import mmap
import os
import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Protocol

PAGE_NAME, TEXT_NAME = "now.page", "now"
_MARK = int.from_bytes(b"SMCLOCK1", "little")
_MICROSECOND = timedelta(microseconds=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_READABLE_BY_ALL = 0o644
"""The database server may be another account, whatever umask the caller has."""


class ClockFile(Protocol):
    """Shows an instant (aware UTC, exact to the microsecond) to every program that reads the file."""

    def show(self, instant: datetime) -> None:
        """A reader sees the instant before or this one, never a mixture."""


class ClockPage:
    """A page that readers have in their memory: to show an instant is to store one word.

    The file is made where it is not there; afterwards it is never replaced, since its readers would not notice.
    """

    def __init__(self, file: Path) -> None:
        if not file.exists():
            _replace(file, struct.pack("=QQ", _MARK, 0).ljust(mmap.PAGESIZE, b"\0"))
        with open(file, "r+b") as opened:
            self._words = memoryview(mmap.mmap(opened.fileno(), mmap.PAGESIZE)).cast("q")

    def show(self, instant: datetime) -> None:
        self._words[1] = (instant - _EPOCH) // _MICROSECOND

    def rule_waits(self, rules: bool) -> None:
        """Whether waits of programs whose monotonic clock is simulated end by this clock alone, since somebody moves it
        on when all of them wait; else, and at first, by the real clock too."""
        self._words[2] = rules


class ClockText:
    """A file that is replaced: libfaketime opens and reads it at each look at the time."""

    def __init__(self, file: Path) -> None:
        self._file = file

    def show(self, instant: datetime) -> None:
        part = f".{instant:%f}" if instant.microsecond else ""
        _replace(self._file, f"{instant:%Y-%m-%d %H:%M:%S}{part}\n".encode("ascii"))

    def rule_waits(self, rules: bool) -> None:
        """Nothing: libfaketime ends no wait."""


def open_clock_file(file: Path) -> ClockPage | ClockText:
    """The clock in this file, to be shown many instants; its folder exists."""
    return ClockPage(file) if file.name == PAGE_NAME else ClockText(file)


def write_clock_file(file: Path, instant: datetime) -> None:
    """Show one instant."""
    open_clock_file(file).show(instant)


def _replace(file: Path, content: bytes) -> None:
    temporary = f"{file}.next"
    with open(temporary, "wb") as opened:
        opened.write(content)
        os.fchmod(opened.fileno(), _READABLE_BY_ALL)
    os.replace(temporary, file)
