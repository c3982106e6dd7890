"""The name server of a backend's network: external services are on the loopback, every other host is refused."""

from __future__ import annotations

import socket
import struct
from datetime import UTC, datetime

import pytest

from simulation.clock import SimulationClock
from simulation.events import HostRefused
from simulation.history import Recorder
from simulation.targets.process.dns import NameServer
from simulation.targets.process.sandbox_init import SERVICES
from simulation.world.network.external import ExternalNetwork

_A, _PTR, _AAAA = 1, 12, 28


def _question(name: str, kind: int) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"
    return struct.pack(">HHHHHH", 7, 0x0100, 1, 0, 0, 0) + labels + struct.pack(">HH", kind, 1)


def _ask(name: str, kind: int = _A) -> tuple[int, int, bytes, list[str]]:
    """Reply code, number of answers, the last four bytes, and the names that were refused."""
    recorder = Recorder(clock=SimulationClock(start=datetime(2026, 3, 1, tzinfo=UTC)))
    network = ExternalNetwork(recorder)
    network.add(["api.stripe.com"], lambda environ, start_response: [])
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        server = NameServer(socket=_Addressed(ours), network=network)  # type: ignore[arg-type]
        theirs.send(_question(name, kind))
        server.answer_one()
        reply = theirs.recv(4096)
    _, flags, _, answers, _, _ = struct.unpack(">HHHHHH", reply[:12])
    refused = [event.host for event in recorder.events if isinstance(event, HostRefused)]
    return flags & 0xF, answers, reply[-4:], refused


class _Addressed:
    """A socket of a connected pair, used as if its peer had an address."""

    def __init__(self, connected: socket.socket) -> None:
        self._socket = connected

    def recvfrom(self, size: int) -> tuple[bytes, None]:
        return self._socket.recv(size), None

    def sendto(self, data: bytes, _: None) -> None:
        self._socket.send(data)


def test_an_external_service_has_a_public_address() -> None:
    assert _ask("API.Stripe.com") == (0, 1, socket.inet_aton(SERVICES), [])


def test_it_has_no_other_address_and_is_not_refused_for_that() -> None:
    code, answers, _, refused = _ask("api.stripe.com", _AAAA)
    assert (code, answers, refused) == (0, 0, [])


def test_any_other_host_is_refused_and_recorded() -> None:
    code, answers, _, refused = _ask("hooks.slack.com")
    assert (code, answers, refused) == (3, 0, ["hooks.slack.com"])


@pytest.mark.parametrize("name", ["1.0.0.127.in-addr.arpa", "9.8.7.127.IN-ADDR.ARPA", f"1.{'0.' * 31}ip6.arpa"])
def test_the_loopback_s_own_name_is_no_other_host(name: str) -> None:
    code, answers, end, refused = _ask(name, _PTR)
    assert (code, answers, end, refused) == (0, 1, b"ost\0", [])


def test_a_machine_without_a_hosts_file_knows_itself() -> None:
    assert _ask("localhost") == (0, 1, bytes((127, 0, 0, 1)), [])
    assert _ask("1.2.3.10.in-addr.arpa", _PTR)[3] == ["1.2.3.10.in-addr.arpa"]


@pytest.mark.parametrize(
    "query", [b"", b"\0", b"\0" * 12, b"\0" * 12 + b"\x3fshort", _question("api.stripe.com", _A)[:-3]]
)
def test_what_is_no_query_is_left_unanswered(query: bytes) -> None:
    recorder = Recorder(clock=SimulationClock(start=datetime(2026, 3, 1, tzinfo=UTC)))
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    with ours, theirs:
        server = NameServer(socket=_Addressed(ours), network=ExternalNetwork(recorder))  # type: ignore[arg-type]
        theirs.send(query)
        server.answer_one()
        theirs.setblocking(False)
        with pytest.raises(BlockingIOError):
            theirs.recv(4096)
    assert recorder.events == []
