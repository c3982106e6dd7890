"""The switchboard between a run and its backend."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator

import pytest

from simulation.target.process.switchboard import Inbound, Reply, Switchboard

_ASK = b"GET /v1/balance HTTP/1.1\r\nHost: api.stripe.com\r\n\r\n"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


@pytest.fixture
def board(listener: socket.socket) -> Iterator[Switchboard]:
    def answer(inbound: Inbound) -> Reply:
        return Reply(status=200, body=f"{inbound.method} {inbound.host}{inbound.target}".encode())

    board = Switchboard(answer=answer, held=lambda _seconds, _there: None)
    board.serve(listener, tls=None)
    yield board
    board.close()


def _turns(board: Switchboard) -> None:
    while board.turn(0.05):
        pass


def test_a_caller_that_connects_and_says_nothing_keeps_nobody_waiting(
    board: Switchboard, listener: socket.socket
) -> None:
    with (
        socket.create_connection(listener.getsockname()) as early,
        socket.create_connection(listener.getsockname()) as caller,
    ):
        caller.sendall(_ASK)
        began = time.monotonic()
        _turns(board)
        assert time.monotonic() - began < 5  # a line is given 10 s in the middle of a request
        assert caller.recv(4_096).endswith(b"GET api.stripe.com/v1/balance")
        early.sendall(_ASK)
        _turns(board)
        assert early.recv(4_096).startswith(b"HTTP/1.1 200")
    assert board.served == 2


def test_a_caller_that_leaves_without_a_word_is_forgotten(board: Switchboard, listener: socket.socket) -> None:
    socket.create_connection(listener.getsockname()).close()
    _turns(board)
    assert not board.turn(0)
    assert board.served == 0
