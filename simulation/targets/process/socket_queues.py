"""Whether anything is in transit on the network of a backend's sandbox.

A loaded machine may deliver what was sent over loopback milliseconds later, while every thread sleeps. The kernel's
tables know. TCP: sent bytes stay in the sender's queue until the other end's kernel has them. UDP (a query to the name
server): the sender keeps nothing; the packet waits, with all others of the machine, in the backlog of a processor.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from contextlib import suppress
from pathlib import Path

_READ_BYTES = 1 << 16
_OPENING_OR_CLOSING = frozenset({b"02", b"03", b"04", b"09", b"0B"})
"""SYN_SENT, SYN_RECV, FIN_WAIT1, LAST_ACK, CLOSING: a segment of this socket waits for its acknowledgement."""
_NOTHING_QUEUED = b"00000000"
_BACKLOG_COLUMN = 11
"""Column of softnet_stat: packets that wait in the backlog of the line's processor. Since Linux 5.10."""


class SocketQueues:
    """:param pid: a process in the sandbox."""

    def __init__(self, pid: int) -> None:
        self._tables = [os.open(f"/proc/{pid}/net/{name}", os.O_RDONLY) for name in ("tcp", "tcp6")]
        self._backlog = os.open(f"/proc/{pid}/net/softnet_stat", os.O_RDONLY)

    def empty(self) -> bool:
        """Whether everything that was sent has reached the socket it was sent to."""
        if any(_waits(line) for line in _lines(self._backlog)):
            return False
        return not any(_in_transit(line) for table in self._tables for line in _lines(table)[1:])

    def close(self) -> None:
        for table in (*self._tables, self._backlog):
            os.close(table)


def _lines(table: int) -> list[bytes]:
    """All lines of one of the kernel's tables, which are read page by page."""
    text = b""
    while page := os.pread(table, _READ_BYTES, len(text)):
        text += page
    return text.splitlines()


def _waits(line: bytes) -> bool:
    columns = line.split()
    return len(columns) > _BACKLOG_COLUMN and int(columns[_BACKLOG_COLUMN], 16) > 0


def _in_transit(line: bytes) -> bool:
    _, _, _, state, queues = line.split(maxsplit=5)[:5]
    return state in _OPENING_OR_CLOSING or queues.partition(b":")[0] != _NOTHING_QUEUED


def owner_of_port(port: int, *, among: Iterable[int], network_of: int) -> int:
    """Process number of the client of a TCP connection over the loopback; 0 when it is gone.

    :param among: processes that it may be. :param network_of: a process in the same network.
    """
    local = f"0100007F:{port:04X}"
    try:
        lines = Path(f"/proc/{network_of}/net/tcp").read_text(encoding="ascii").splitlines()[1:]
    except OSError:
        return 0
    sockets = {f"socket:[{columns[9]}]" for columns in map(str.split, lines) if columns[1] == local}
    return next((pid for pid in among if not sockets.isdisjoint(_open_files(pid))), 0)


def _open_files(pid: int) -> Iterator[str]:
    folder = f"/proc/{pid}/fd"
    with suppress(OSError):
        for name in os.listdir(folder):
            with suppress(OSError):
                yield os.readlink(f"{folder}/{name}")
