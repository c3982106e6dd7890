"""Whether anything is under way on the network of a backend's house.

A loaded machine may deliver what was sent over loopback milliseconds later, while everybody sleeps. The kernel's tables
know: sent bytes stay in their sender's queue until the other end's kernel has them.
"""

from __future__ import annotations

import os

_LARGEST_TABLE_BYTES = 1 << 20
_OPENING_OR_CLOSING = frozenset({b"02", b"03", b"04", b"09", b"0B"})
"""SYN_SENT, SYN_RECV, FIN_WAIT1, LAST_ACK, CLOSING: a segment of this socket waits for its acknowledgement."""
_NOTHING_QUEUED = b"00000000"


class Wire:
    """:param pid: a process in the house."""

    def __init__(self, pid: int) -> None:
        self._tables = [os.open(f"/proc/{pid}/net/{name}", os.O_RDONLY) for name in ("tcp", "tcp6")]

    def quiet(self) -> bool:
        """Whether everything that was sent has reached the socket it was sent to."""
        return not any(_under_way(line) for table in self._tables for line in _lines(table))

    def close(self) -> None:
        for table in self._tables:
            os.close(table)


def _lines(table: int) -> list[bytes]:
    return os.pread(table, _LARGEST_TABLE_BYTES, 0).splitlines()[1:]


def _under_way(line: bytes) -> bool:
    _, _, _, state, queues = line.split(maxsplit=5)[:5]
    return state in _OPENING_OR_CLOSING or queues.partition(b":")[0] != _NOTHING_QUEUED
