"""The switchboard between a run and its backend."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Iterator

import pytest

from simulation.errors import EnvironmentFault
from simulation.targets.process.http_gateway import HttpGateway, Inbound, Reply

_ASK = b"GET /v1/balance HTTP/1.1\r\nHost: api.stripe.com\r\n\r\n"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


@pytest.fixture
def board(listener: socket.socket) -> Iterator[HttpGateway]:
    def answer(inbound: Inbound) -> Reply:
        return Reply(status=200, body=f"{inbound.method} {inbound.host}{inbound.target}".encode())

    board = HttpGateway(answer=answer, held=lambda _seconds, _there: None)
    board.serve(listener, tls=None)
    yield board
    board.close()


def _turns(board: HttpGateway) -> None:
    while board.turn(0.05):
        pass


def test_a_caller_that_connects_and_says_nothing_keeps_nobody_waiting(
    board: HttpGateway, listener: socket.socket
) -> None:
    with (
        socket.create_connection(listener.getsockname()) as early,
        socket.create_connection(listener.getsockname()) as caller,
    ):
        caller.sendall(_ASK)
        began = time.monotonic()
        _turns(board)
        assert time.monotonic() - began < 30  # a line is given 60 s in the middle of a request
        assert caller.recv(4_096).endswith(b"GET api.stripe.com/v1/balance")
        early.sendall(_ASK)
        _turns(board)
        assert early.recv(4_096).startswith(b"HTTP/1.1 200")
    assert board.served == 2


def test_a_caller_that_stops_in_the_middle_ends_the_run_instead_of_deciding_its_course(
    board: HttpGateway, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulation.targets.process.http_gateway._PATIENCE_WALL_SECONDS", 0.05)
    with socket.create_connection(listener.getsockname()) as caller:
        caller.sendall(_ASK[:20])
        with pytest.raises(EnvironmentFault, match="began a request and has not gone on"):
            _turns(board)


def test_a_caller_that_stops_in_its_handshake_ends_the_run_too(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulation.targets.process.http_gateway._PATIENCE_WALL_SECONDS", 0.05)
    board = HttpGateway(answer=lambda _: Reply(status=200), held=lambda _seconds, _there: None)
    board.serve(listener, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    with (
        socket.create_connection(listener.getsockname()),
        pytest.raises(EnvironmentFault, match="began a handshake and has not gone on"),
    ):
        _turns(board)
    board.close()


def test_a_caller_that_leaves_without_a_word_is_forgotten(board: HttpGateway, listener: socket.socket) -> None:
    socket.create_connection(listener.getsockname()).close()
    _turns(board)
    assert not board.turn(0)
    assert board.served == 0


def test_a_caller_may_ask_again_on_the_same_connection(board: HttpGateway, listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as caller:
        for times in (1, 2, 3):
            caller.sendall(_ASK)
            _turns(board)
            answer = caller.recv(4_096)
            assert answer.endswith(b"GET api.stripe.com/v1/balance")
            assert b"keep-alive: timeout=0" in answer.lower()  # let none of them wait for its end with a timer
            assert board.served == times


def test_two_requests_in_one_breath_are_both_answered_or_the_line_is_closed(
    board: HttpGateway, listener: socket.socket
) -> None:
    with socket.create_connection(listener.getsockname()) as caller:
        caller.sendall(_ASK + _ASK)
        _turns(board)
        assert caller.recv(4_096).startswith(b"HTTP/1.1 200")
        assert caller.recv(4_096) == b""


def test_a_caller_that_wants_to_go_is_let_go(board: HttpGateway, listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as caller:
        caller.sendall(_ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        _turns(board)
        assert b"connection: close" in caller.recv(4_096).lower()
        assert caller.recv(4_096) == b""
