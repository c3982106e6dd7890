"""Who is at the other end of a connection on this machine, by the kernel's table of connections."""

from __future__ import annotations

import os
import socket
import sys
from collections.abc import Iterator
from pathlib import Path

Address = tuple[str, int]
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
_MAPPED = "0000000000000000FFFF0000"
"""How the table of IPv6 writes an IPv4 address."""
_USER = 7
"""Which column has the user id of the socket at the first address."""


def is_ours(peer: Address, local: Address) -> bool:
    """Whether an IPv4 connection from ``peer`` to ``local`` was opened by this process's user.

    A peer that is gone already is nobody's. A machine without the table cannot tell: then True.
    """
    if not any(table.exists() for table in _TABLES):
        return True
    return os.getuid() in set(_owners(_written(peer), _written(local)))


def _owners(peer: str, local: str) -> Iterator[int]:
    """User ids of the sockets at that end of the connection."""
    for table in _TABLES:
        if not table.exists():
            continue
        for line in table.read_text(encoding="ascii").splitlines()[1:]:
            fields = line.split()
            if (fields[1].removeprefix(_MAPPED), fields[2].removeprefix(_MAPPED)) == (peer, local):
                yield int(fields[_USER])


def _written(address: Address) -> str:
    """As the table has it: the address's bytes in the machine's order, then the port."""
    host, port = address
    number = int.from_bytes(socket.inet_aton(host), byteorder=sys.byteorder)
    return f"{number:08X}:{port:04X}"
