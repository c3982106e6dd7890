"""The external network for a backend in processes of its own: its HTTP and HTTPS requests become WSGI calls."""

from __future__ import annotations

import socket
import ssl
import struct
from collections.abc import Callable
from wsgiref.types import WSGIApplication

import h11
from werkzeug.wrappers import Response

from simulation.errors import EnvironmentFault
from simulation.targets.process.event_loop import EventLoop
from simulation.world.network.external import Lost, answer_of

_PATIENCE_WALL_SECONDS = 60
"""For a client that is to take an answer of more bytes than the kernel keeps. A crowded machine may keep a process off
its processor for ten seconds and more; how long it takes must never decide what happens, only whether the run can go
on."""
_CHUNK_BYTES = 65_536
_LARGEST_REQUEST_BYTES = 16 * 1024 * 1024
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_NO_KEEP_ALIVE_TIMER = ("Keep-Alive", "timeout=0")
"""A client may ask again on the same connection, but must not watch over it with a timer (as Node does): each jump of
the clock would end the connection."""


class HttpGateway:
    """Serves requests in turns of the event loop, one after the other.

    :param when_lost: lets pass what passes until the client notices that its answer is lost. Its second argument tells
        whether the client still waits. Afterwards the connection is closed, or reset unless it was a timeout.
    """

    def __init__(
        self, *, loop: EventLoop, app: WSGIApplication, when_lost: Callable[[Lost, Callable[[], bool]], None]
    ) -> None:
        self._loop = loop
        self._app = app
        self._when_lost = when_lost

    def listen(self, listener: socket.socket, *, tls: ssl.SSLContext | None) -> None:
        """Answer requests that come to a listening socket."""
        listener.setblocking(False)
        self._loop.watch(listener, lambda: self._accept(listener, tls))

    def _accept(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return
        connection.setblocking(False)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            if tls is not None:
                connection = tls.wrap_socket(connection, server_side=True, do_handshake_on_connect=False)
        except OSError:
            connection.close()
            return
        _Client(connection, loop=self._loop, answer=self._answer)

    def _answer(self, connection: socket.socket, protocol: h11.Connection, head: h11.Request, body: bytes) -> bool:
        """Answer one request; whether the client may ask again on the same connection."""
        try:
            answer = answer_of(
                self._app,
                method=head.method.decode("latin-1"),
                target=head.target.decode("latin-1"),
                headers=[(name.decode("latin-1"), value.decode("latin-1")) for name, value in head.headers],
                body=body,
            )
        except Lost as lost:
            self._when_lost(lost, lambda: _still_there(connection))
            if lost.how != "timeout":
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            return False
        connection.settimeout(_PATIENCE_WALL_SECONDS)
        try:
            connection.sendall(_encoded(protocol, answer))
        except TimeoutError as error:
            connection.close()
            raise _stalled() from error
        connection.setblocking(False)
        return protocol.our_state is h11.DONE and protocol.their_state is h11.DONE and not protocol.trailing_data[0]


class _Client:
    """One connection of the backend. What has come of its handshake or request is taken, and nobody waits for the rest:
    some clients connect long before they ask, and one may sleep in between until simulated time passes, as a Java
    machine does for a millisecond while it brings its threads to a halt.

    :param answer: answers a whole request; whether another may come on the same connection.
    """

    def __init__(
        self,
        connection: socket.socket,
        *,
        loop: EventLoop,
        answer: Callable[[socket.socket, h11.Connection, h11.Request, bytes], bool],
    ) -> None:
        self._connection = connection
        self._loop = loop
        self._answer = answer
        self._greets = isinstance(connection, ssl.SSLSocket)
        self._begin()

    def _begin(self) -> None:
        """The next request, whenever it comes."""
        self._protocol = h11.Connection(h11.SERVER)
        self._head: h11.Request | None = None
        self._body = bytearray()
        self._loop.watch(self._connection, self._go_on)

    def _go_on(self) -> None:
        connection = self._connection
        try:
            if self._greets and isinstance(connection, ssl.SSLSocket):
                connection.do_handshake()
                self._greets = False
            head = self._read()
        except (BlockingIOError, ssl.SSLWantReadError):
            self._loop.attend(connection, readable=self._go_on, writable=None)
            return
        except ssl.SSLWantWriteError:
            self._loop.attend(connection, readable=None, writable=self._go_on)
            return
        except (OSError, h11.ProtocolError):
            head = None  # the client went away in the middle, which is its own affair
        self._loop.forget(connection)  # time may pass before the answer: no second request meanwhile
        try:
            again = head is not None and self._answer(connection, self._protocol, head, bytes(self._body))
        except (OSError, h11.ProtocolError):
            again = False
        if not again:
            connection.close()
            return
        self._begin()
        if _decrypted_already(connection):
            self._go_on()

    def _read(self) -> h11.Request | None:
        """The head of a request whose body is whole; None when the client has nothing more to ask, or asks with more
        than 16 MiB. Raises what a socket without bytes raises when more must come."""
        while True:
            event = self._protocol.next_event()
            if event is h11.NEED_DATA:
                if self._protocol.they_are_waiting_for_100_continue:
                    go_on = h11.InformationalResponse(status_code=100, headers=[])
                    self._connection.sendall(self._protocol.send(go_on) or b"")
                self._protocol.receive_data(self._connection.recv(_CHUNK_BYTES))
            elif isinstance(event, h11.Request):
                self._head = event
            elif isinstance(event, h11.Data):
                self._body += event.data
                if len(self._body) > _LARGEST_REQUEST_BYTES:
                    return None
            elif isinstance(event, h11.EndOfMessage) and self._head is not None:
                return self._head
            else:
                return None


def _encoded(protocol: h11.Connection, answer: Response) -> bytes:
    head = h11.Response(status_code=answer.status_code, headers=[*answer.headers, _NO_KEEP_ALIVE_TIMER])
    parts = (head, h11.Data(data=answer.get_data()), h11.EndOfMessage())
    return b"".join(protocol.send(part) or b"" for part in parts)


def _stalled() -> EnvironmentFault:
    return EnvironmentFault(
        problem=f"a program of the backend has not taken an answer for {_PATIENCE_WALL_SECONDS} real seconds",
        remedy="is this machine overloaded? Run again with less beside it; else see its platform.log for what it does",
    )


def _decrypted_already(connection: socket.socket) -> bool:
    """Whether bytes of a next request are in the TLS layer, where the selector does not see them."""
    return isinstance(connection, ssl.SSLSocket) and connection.pending() > 0


def _still_there(connection: socket.socket) -> bool:
    """Whether the client has its end open still."""
    connection.setblocking(False)
    try:
        return bool(connection.recv(_CHUNK_BYTES))
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
