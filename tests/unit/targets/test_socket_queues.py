"""What is in transit on the network of a backend, by the kernel's tables."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from simulation.targets.process import socket_queues as module
from simulation.targets.process.socket_queues import SocketQueues

_MORE_THAN_ONE_PAGE_OF_THE_TABLE = 40


@pytest.fixture
def queues() -> Iterator[SocketQueues]:
    opened = SocketQueues(os.getpid())
    yield opened
    opened.close()


def test_every_socket_of_a_long_table_is_looked_at() -> None:
    with ExitStack() as opened:
        ports = {
            opened.enter_context(socket.create_server(("127.0.0.1", 0))).getsockname()[1]
            for _ in range(_MORE_THAN_ONE_PAGE_OF_THE_TABLE)
        }
        table = os.open("/proc/self/net/tcp", os.O_RDONLY)
        opened.callback(os.close, table)
        seen = {int(line.split()[1].partition(b":")[2], 16) for line in module._lines(table)[1:]}
    assert ports <= seen


@pytest.mark.parametrize(
    ("state", "queues", "in_transit"),
    [
        (b"01", b"00000000:00000000", False),
        (b"01", b"0000002A:00000000", True),  # sent, not acknowledged
        (b"01", b"00000000:0000002A", False),  # arrived; its owner has been woken
        (b"02", b"00000000:00000000", True),  # opening
        (b"09", b"00000000:00000000", True),  # closing
        (b"0A", b"00000000:00000000", False),  # listening
    ],
)
def test_a_segment_without_its_acknowledgement_is_in_transit(state: bytes, queues: bytes, in_transit: bool) -> None:
    line = b"   1: 0100007F:01BB 0100007F:D2F0 " + state + b" " + queues + b" 00:00000000 00000000     0        0 1"
    assert module._in_transit(line) is in_transit


@pytest.mark.parametrize(
    ("columns", "waits"),
    [
        (["0"] * 15, False),
        (["0"] * 11 + ["00000001", "00000000", "00000001", "00000000"], True),
        (["0000000a"] * 11, False),  # a kernel that does not tell
    ],
)
def test_a_packet_in_a_processors_backlog_is_in_transit(columns: list[str], waits: bool) -> None:
    assert module._waits(" ".join(columns).encode()) is waits


def test_a_request_that_has_arrived_is_not_in_transit_even_if_nobody_reads_it(queues: SocketQueues) -> None:
    with (
        socket.create_server(("127.0.0.1", 0)) as listener,
        socket.create_connection(listener.getsockname()) as caller,
    ):
        caller.sendall(b"hello")
        assert any(queues.empty() for _ in range(100_000))
