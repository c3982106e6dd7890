"""Whether anything is under way on the network of a backend's house.

A loaded machine may deliver what was sent over loopback milliseconds later, while everybody sleeps. The kernel's tables
know. Of TCP: sent bytes stay in their sender's queue until the other end's kernel has them. Of the rest (a question for
an address, over UDP) the sender keeps nothing: it waits, with all the machine's, in the backlog of a processor.
"""

from __future__ import annotations

import os

_READ_BYTES = 1 << 16
_OPENING_OR_CLOSING = frozenset({b"02", b"03", b"04", b"09", b"0B"})
"""SYN_SENT, SYN_RECV, FIN_WAIT1, LAST_ACK, CLOSING: a segment of this socket waits for its acknowledgement."""
_NOTHING_QUEUED = b"00000000"
_BACKLOG_COLUMN = 11
"""Packets that wait in a processor's backlog, in each line of softnet_stat. Since Linux 5.10."""


class SocketQueues:
    """:param pid: a process in the house."""

    def __init__(self, pid: int) -> None:
        self._tables = [os.open(f"/proc/{pid}/net/{name}", os.O_RDONLY) for name in ("tcp", "tcp6")]
        self._backlog = os.open(f"/proc/{pid}/net/softnet_stat", os.O_RDONLY)

    def quiet(self) -> bool:
        """Whether everything that was sent has reached the socket it was sent to."""
        if any(_waits(line) for line in _lines(self._backlog)):
            return False
        return not any(_under_way(line) for table in self._tables for line in _lines(table)[1:])

    def close(self) -> None:
        for table in (*self._tables, self._backlog):
            os.close(table)


def _lines(table: int) -> list[bytes]:
    """The kernel hands a table out page by page."""
    text = b""
    while page := os.pread(table, _READ_BYTES, len(text)):
        text += page
    return text.splitlines()


def _waits(line: bytes) -> bool:
    columns = line.split()
    return len(columns) > _BACKLOG_COLUMN and int(columns[_BACKLOG_COLUMN], 16) > 0


def _under_way(line: bytes) -> bool:
    _, _, _, state, queues = line.split(maxsplit=5)[:5]
    return state in _OPENING_OR_CLOSING or queues.partition(b":")[0] != _NOTHING_QUEUED
