"""Who is at the other end of a connection on this machine: the kernel is asked for that one socket (sock_diag(7))."""

from __future__ import annotations

import errno
import os
import socket
import struct
import sys
from collections.abc import Iterator
from pathlib import Path

Address = tuple[str, int]
_TABLES = (Path("/proc/net/tcp"), Path("/proc/net/tcp6"))
"""Where the kernel answers no such question (a container may forbid it), it lists all its sockets here."""
_MAPPED = "0000000000000000FFFF0000"
"""How the table of IPv6 writes an IPv4 address."""
_USER = 7
"""Which column has the user id of the socket at the first address."""

_SOCK_DIAG_PROTOCOL, _SOCK_DIAG_BY_FAMILY = 4, 20
_REQUEST, _NO_COOKIE = 1, b"\xff" * 8
_MESSAGE = struct.Struct("=IHHII")
"""``struct nlmsghdr``: length, type, flags, number, port."""
_QUESTION = struct.Struct("=BBBBI")
"""Head of ``struct inet_diag_req_v2``: family, protocol, extensions, padding, states."""
_ALL_STATES = 0xFFFFFFFF
_SOCKET_ID_BYTES = 48
_ANSWERED_USER = struct.Struct("=4x12xI")
"""``struct inet_diag_msg`` without the socket's id: family and state, expiry and queues, then the user id."""
_ERROR = 2
_ANSWER_BYTES = 4096


def is_ours(peer: Address, local: Address) -> bool:
    """Whether an IPv4 connection from ``peer`` to ``local`` was opened by this process's user.

    A peer that is gone already is nobody's. A machine that cannot tell (neither the question nor the table): then True.
    """
    try:
        return _asked(peer, local) == os.getuid()
    except OSError:
        pass
    if not any(table.exists() for table in _TABLES):
        return True
    return os.getuid() in set(_listed(_written(peer), _written(local)))


def _asked(peer: Address, local: Address) -> int | None:
    """User id of the socket at that end; None when there is none. Raises ``OSError`` where the kernel does not say.

    Reading the table costs milliseconds: the kernel walks through every socket of the machine.
    """
    identity = struct.pack("!HH", peer[1], local[1]) + _padded(peer) + _padded(local) + bytes(4) + _NO_COOKIE
    question = _QUESTION.pack(socket.AF_INET, socket.IPPROTO_TCP, 0, 0, _ALL_STATES) + identity
    head = _MESSAGE.pack(_MESSAGE.size + len(question), _SOCK_DIAG_BY_FAMILY, _REQUEST, 0, 0)
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, _SOCK_DIAG_PROTOCOL) as kernel:
        kernel.settimeout(1)
        kernel.send(head + question)
        answer = kernel.recv(_ANSWER_BYTES)
    kind = _MESSAGE.unpack_from(answer)[1]
    if kind == _ERROR:
        (code,) = struct.unpack_from("=i", answer, _MESSAGE.size)
        if code == -errno.ENOENT:
            return None
        raise OSError(-code, "sock_diag")
    (user,) = _ANSWERED_USER.unpack_from(answer, _MESSAGE.size + _SOCKET_ID_BYTES)
    return int(user)


def _padded(address: Address) -> bytes:
    """An IPv4 address in the room of an IPv6 one."""
    return socket.inet_aton(address[0]) + bytes(12)


def _listed(peer: str, local: str) -> Iterator[int]:
    """User ids of the sockets at that end of the connection, by the kernel's table."""
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
