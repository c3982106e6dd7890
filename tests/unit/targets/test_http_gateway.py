"""A backend's HTTP requests to the external network, on sockets as it sees them."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from wsgiref.types import WSGIApplication

import pytest

from simulation.errors import EnvironmentFault
from simulation.targets.process.certificates import make_authority, meet_the_real_clock
from simulation.targets.process.event_loop import EventLoop
from simulation.targets.process.http_gateway import HttpGateway
from simulation.world.network.external import Lost

_ASK = b"GET /v1/balance HTTP/1.1\r\nHost: api.stripe.com\r\n\r\n"


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as opened:
        yield opened


class Echo:
    """A service that tells what it was asked, or loses its answer, and counts."""

    def __init__(self) -> None:
        self.served = 0
        self.lost: Lost | None = None

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        self.served += 1
        if self.lost is not None:
            raise self.lost
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)).decode()
        query = f"?{environ['QUERY_STRING']}" if environ["QUERY_STRING"] else ""
        told = f"{environ['REQUEST_METHOD']} {environ['HTTP_HOST']}{environ['PATH_INFO']}{query} {body}".rstrip()
        start_response("200 OK", [("Content-Length", str(len(told)))])
        return [told.encode("latin-1")]


@pytest.fixture
def loop() -> Iterator[EventLoop]:
    opened = EventLoop()
    yield opened
    opened.close()


@pytest.fixture
def echo(loop: EventLoop, listener: socket.socket) -> Echo:
    """Served at the listener."""
    service = Echo()
    _gateway(loop, service).listen(listener, tls=None)
    return service


def _gateway(
    loop: EventLoop, app: WSGIApplication, when_lost: Callable[[Lost, Callable[[], bool]], None] = lambda *_: None
) -> HttpGateway:
    return HttpGateway(loop=loop, app=app, when_lost=when_lost)


def _turns(loop: EventLoop) -> None:
    while loop.turn(0.05):
        pass


def test_a_caller_that_connects_and_says_nothing_keeps_nobody_waiting(
    loop: EventLoop, echo: Echo, listener: socket.socket
) -> None:
    with (
        socket.create_connection(listener.getsockname()) as early,
        socket.create_connection(listener.getsockname()) as caller,
    ):
        caller.sendall(_ASK)
        began = time.monotonic()
        _turns(loop)
        assert time.monotonic() - began < 30  # a client is given 60 s in the middle of a request
        assert caller.recv(4_096).endswith(b"GET api.stripe.com/v1/balance")
        early.sendall(_ASK)
        _turns(loop)
        assert early.recv(4_096).startswith(b"HTTP/1.1 200")
    assert echo.served == 2


def test_a_caller_that_stops_in_the_middle_keeps_nobody_waiting_and_may_go_on(
    loop: EventLoop, echo: Echo, listener: socket.socket
) -> None:
    with (
        socket.create_connection(listener.getsockname()) as slow,
        socket.create_connection(listener.getsockname()) as caller,
    ):
        slow.sendall(_ASK[:20])
        _turns(loop)
        caller.sendall(_ASK)
        _turns(loop)
        assert caller.recv(4_096).startswith(b"HTTP/1.1 200")
        slow.sendall(_ASK[20:])
        _turns(loop)
        assert slow.recv(4_096).startswith(b"HTTP/1.1 200")
    assert echo.served == 2


def test_a_handshake_and_a_request_may_come_piece_by_piece(
    loop: EventLoop, listener: socket.socket, tmp_path: Path
) -> None:
    meet_the_real_clock()
    authority = make_authority(folder=tmp_path, hosts=["api.stripe.com"])
    _gateway(loop, Echo()).listen(listener, tls=authority.tls)
    trusting = ssl.create_default_context(cafile=str(authority.file))
    incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = trusting.wrap_bio(incoming, outgoing, server_hostname="api.stripe.com")
    with socket.create_connection(listener.getsockname()) as caller:
        caller.settimeout(5)

        def until(done: Callable[[], object]) -> object:
            while True:
                try:
                    return done()
                except ssl.SSLWantReadError:
                    _in_pieces(loop, caller, outgoing.read())
                    incoming.write(caller.recv(65_536))

        until(client.do_handshake)
        client.write(_ASK)
        answer = until(client.read)
    assert isinstance(answer, bytes)
    assert answer.startswith(b"HTTP/1.1 200")


def _in_pieces(loop: EventLoop, caller: socket.socket, data: bytes) -> None:
    third = len(data) // 3 + 1
    for at in range(0, len(data), third):
        caller.sendall(data[at : at + third])
        _turns(loop)


def test_an_answer_that_nobody_takes_ends_the_run_instead_of_deciding_its_course(
    loop: EventLoop, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulation.targets.process.http_gateway._PATIENCE_WALL_SECONDS", 0.05)

    def large(_environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("Content-Length", str(64 << 20))])
        return [bytes(64 << 20)]

    _gateway(loop, large).listen(listener, tls=None)
    with socket.create_connection(listener.getsockname()) as caller:
        caller.sendall(_ASK)
        with pytest.raises(EnvironmentFault, match="has not taken an answer"):
            _turns(loop)


def test_a_caller_that_leaves_without_a_word_is_forgotten(loop: EventLoop, echo: Echo, listener: socket.socket) -> None:
    socket.create_connection(listener.getsockname()).close()
    _turns(loop)
    assert not loop.turn(0)
    assert echo.served == 0


def test_a_caller_may_ask_again_on_the_same_connection(loop: EventLoop, echo: Echo, listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as caller:
        for times in (1, 2, 3):
            caller.sendall(_ASK)
            _turns(loop)
            answer = caller.recv(4_096)
            assert answer.endswith(b"GET api.stripe.com/v1/balance")
            assert b"keep-alive: timeout=0" in answer.lower()  # let none of them wait for its end with a timer
            assert echo.served == times


def test_two_requests_at_once_are_both_answered_or_the_connection_is_closed(
    loop: EventLoop, echo: Echo, listener: socket.socket
) -> None:
    with socket.create_connection(listener.getsockname()) as caller:
        caller.sendall(_ASK + _ASK)
        _turns(loop)
        assert caller.recv(4_096).startswith(b"HTTP/1.1 200")
        assert caller.recv(4_096) == b""


def test_a_caller_that_wants_to_go_is_let_go(loop: EventLoop, echo: Echo, listener: socket.socket) -> None:
    with socket.create_connection(listener.getsockname()) as caller:
        caller.sendall(_ASK.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"))
        _turns(loop)
        assert b"connection: close" in caller.recv(4_096).lower()
        assert caller.recv(4_096) == b""


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        (b"GET /a%2Fb%20c?d=%20e HTTP/1.1\r\nHost: x.test:443\r\n\r\n", b"GET x.test:443/a/b c?d=%20e"),
        (b"POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", b"POST x/ abc"),
        (b"GET //[?a HTTP/1.1\r\nHost: [\r\n\r\n", b"GET [//[?a"),
        (b"GET /%ff%C3%A9 HTTP/1.1\r\nHost: x\r\n\r\n", b"GET x/\xff\xc3\xa9"),
        (b"GET * HTTP/1.0\r\n\r\n", b"GET localhost*"),
    ],
)
def test_a_request_arrives_as_it_was_sent_however_odd(
    loop: EventLoop, echo: Echo, listener: socket.socket, asked: bytes, told: bytes
) -> None:
    with socket.create_connection(listener.getsockname()) as caller:
        caller.sendall(asked)
        _turns(loop)
        assert caller.recv(4_096).endswith(b"\r\n\r\n" + told)


@pytest.mark.parametrize(("how", "reset"), [("timeout", False), ("reset", True), ("killed", True)])
def test_a_lost_answer_ends_the_connection_once_its_time_has_passed(
    loop: EventLoop, listener: socket.socket, how: Any, reset: bool
) -> None:
    passed: list[tuple[int, bool]] = []
    service = Echo()
    service.lost = Lost("lost", sim_seconds=30, how=how)
    gateway = _gateway(loop, service, lambda lost, still_there: passed.append((lost.sim_seconds, still_there())))
    gateway.listen(listener, tls=None)
    with socket.create_connection(listener.getsockname()) as caller:
        caller.sendall(_ASK)
        _turns(loop)
        assert passed == [(30, True)]
        if reset:
            with pytest.raises(ConnectionResetError):
                caller.recv(4_096)
        else:
            assert caller.recv(4_096) == b""
