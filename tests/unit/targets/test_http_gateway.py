"""A backend's HTTP requests to the external network, on sockets as it sees them."""

from __future__ import annotations

import socket
import ssl
import time
from collections.abc import Callable, Iterator
from typing import Any
from wsgiref.types import WSGIApplication

import pytest

from simulation.errors import EnvironmentFault
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


def test_a_caller_that_stops_in_the_middle_ends_the_run_instead_of_deciding_its_course(
    loop: EventLoop, echo: Echo, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulation.targets.process.http_gateway._PATIENCE_WALL_SECONDS", 0.05)
    with socket.create_connection(listener.getsockname()) as caller:
        caller.sendall(_ASK[:20])
        with pytest.raises(EnvironmentFault, match="began a request and has not gone on"):
            _turns(loop)


def test_a_caller_that_stops_in_its_handshake_ends_the_run_too(
    loop: EventLoop, listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("simulation.targets.process.http_gateway._PATIENCE_WALL_SECONDS", 0.05)
    _gateway(loop, Echo()).listen(listener, tls=ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER))
    with (
        socket.create_connection(listener.getsockname()),
        pytest.raises(EnvironmentFault, match="began a handshake and has not gone on"),
    ):
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
