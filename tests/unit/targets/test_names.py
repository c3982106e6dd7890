"""The name server of a backend's network: the world's hosts are on loopback, every other is refused and told."""

from __future__ import annotations

import socket
import struct

from simulation.targets.process.dns import NameServer

_A, _AAAA = 1, 28


def _question(name: str, kind: int) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    return struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">HH", kind, 1)


def _ask(name: str, kind: int = _A) -> tuple[int, int, bytes, list[str]]:
    """Reply code, number of answers, the last four bytes, and the names that were refused."""
    refused: list[str] = []
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        server = NameServer(socket=_Addressed(ours), known=["api.stripe.com"], refused=refused.append)  # type: ignore[arg-type]
        theirs.send(_question(name, kind))
        server.answer_waiting()
        reply = theirs.recv(4096)
    _, flags, _, answers, _, _ = struct.unpack(">HHHHHH", reply[:12])
    return flags & 0xF, answers, reply[-4:], refused


class _Addressed:
    """A connected pair speaks without addresses."""

    def __init__(self, line: socket.socket) -> None:
        self._line = line

    def recvfrom(self, size: int) -> tuple[bytes, None]:
        return self._line.recv(size), None

    def sendto(self, data: bytes, _: None) -> None:
        self._line.send(data)


def test_a_host_of_the_world_is_on_loopback() -> None:
    assert _ask("API.Stripe.com") == (0, 1, bytes((127, 0, 0, 1)), [])


def test_it_has_no_other_address_and_is_not_refused_for_that() -> None:
    code, answers, _, refused = _ask("api.stripe.com", _AAAA)
    assert (code, answers, refused) == (0, 0, [])


def test_any_other_host_is_refused_and_told() -> None:
    code, answers, _, refused = _ask("hooks.slack.com")
    assert (code, answers, refused) == (3, 0, ["hooks.slack.com"])
