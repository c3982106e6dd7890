"""The name server of a backend's network: the external services' hosts have one address, every other is refused."""

from __future__ import annotations

import contextlib
import socket
import struct

from simulation.targets.process.sandbox_init import SERVICES
from simulation.world.network.external import ExternalNetwork

_HEADER_BYTES = 12
_LARGEST_QUERY_BYTES = 4096
_ANSWER_FLAGS, _NO_SUCH_NAME = 0x8580, 3
_ADDRESS, _POINTER, _IN_FIRST_NAME, _TTL_SECONDS = 1, 12, 0xC00C, 60
_LOOPBACK, _SERVICES = bytes((127, 0, 0, 1)), socket.inet_aton(SERVICES)
_OWN_NAME, _OWN_ZONES = "localhost", (".127.in-addr.arpa", f"1.{'0.' * 31}ip6.arpa")
"""What a machine without an /etc/hosts asks about itself: no other host is meant (RFC 6761)."""


class NameServer:
    """Answers A and AAAA queries (RFC 1035) on a UDP socket.

    A host that the network does not know is recorded there as refused.
    """

    def __init__(self, *, socket: socket.socket, network: ExternalNetwork) -> None:
        self.socket = socket
        self._network = network

    def answer_one(self) -> None:
        """Answer the query that waits in the socket."""
        query, caller = self.socket.recvfrom(_LARGEST_QUERY_BYTES)
        with contextlib.suppress(IndexError, struct.error, OSError):  # no query, or its sender is gone
            self.socket.sendto(self._answer(query), caller)

    def _answer(self, query: bytes) -> bytes:
        name, end = _name(query)
        question = query[_HEADER_BYTES : end + 4]
        kind = struct.unpack(">H", query[end : end + 2])[0]
        own = name == _OWN_NAME or name.endswith(_OWN_ZONES)
        known = own or self._network.knows(name)
        if not known:
            self._network.refuse(name)
        told = b""
        if own and kind == _POINTER:
            told = bytes((len(_OWN_NAME),)) + _OWN_NAME.encode() + b"\0"
        elif known and kind == _ADDRESS:
            told = _LOOPBACK if own else _SERVICES
        record = struct.pack(">HHHIH", _IN_FIRST_NAME, kind, 1, _TTL_SECONDS, len(told)) + told if told else b""
        flags = _ANSWER_FLAGS | (0 if known else _NO_SUCH_NAME)
        return query[:2] + struct.pack(">HHHHH", flags, 1, 1 if record else 0, 0, 0) + question + record


def _name(query: bytes) -> tuple[str, int]:
    """The name that is asked about, in lower case, and where it ends."""
    labels, at = [], _HEADER_BYTES
    while query[at]:
        labels.append(query[at + 1 : at + 1 + query[at]].decode("latin-1").lower())
        at += 1 + query[at]
    return ".".join(labels), at + 1
