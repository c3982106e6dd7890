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
"""For a client in the middle of a handshake or a request. A crowded machine may keep a process off its processor for
ten seconds and more; how long it takes must never decide what happens, only whether the run can go on."""
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
        connection.settimeout(_PATIENCE_WALL_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            connection = tls.wrap_socket(connection, server_side=True) if tls is not None else connection
        except TimeoutError as error:
            connection.close()
            raise _stalled("a handshake") from error
        except OSError:
            connection.close()
            return
        self._await_request(connection)

    def _await_request(self, connection: socket.socket) -> None:
        """Some clients connect long before they ask; nobody waits for them."""

        def begin() -> None:
            self._loop.forget(connection)  # time may pass before the answer: no second request meanwhile
            self._serve(connection)

        self._loop.watch(connection, begin)

    def _serve(self, connection: socket.socket) -> None:
        try:
            while self._exchange(connection):
                if not _decrypted_already(connection):
                    self._await_request(connection)
                    return
        except TimeoutError as error:
            connection.close()
            raise _stalled("a request") from error
        except (OSError, h11.ProtocolError):
            pass  # the client went away in the middle, which is its own affair
        connection.close()

    def _exchange(self, connection: socket.socket) -> bool:
        """One request and its answer; whether the client may ask again on the same connection."""
        protocol = h11.Connection(h11.SERVER)
        request = _read_request(protocol, connection)
        if request is None:
            return False
        head, body = request
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
        connection.sendall(_encoded(protocol, answer))
        return protocol.our_state is h11.DONE and protocol.their_state is h11.DONE and not protocol.trailing_data[0]


def _read_request(protocol: h11.Connection, connection: socket.socket) -> tuple[h11.Request, bytes] | None:
    """The request and its body; None when the client has nothing more to ask, or asks with more than 16 MiB."""
    request: h11.Request | None = None
    body = bytearray()
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            if protocol.they_are_waiting_for_100_continue:
                connection.sendall(protocol.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            protocol.receive_data(connection.recv(_CHUNK_BYTES))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
            if len(body) > _LARGEST_REQUEST_BYTES:
                return None
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            return request, bytes(body)
        else:
            return None


def _encoded(protocol: h11.Connection, answer: Response) -> bytes:
    head = h11.Response(status_code=answer.status_code, headers=[*answer.headers, _NO_KEEP_ALIVE_TIMER])
    parts = (head, h11.Data(data=answer.get_data()), h11.EndOfMessage())
    return b"".join(protocol.send(part) or b"" for part in parts)


def _stalled(beginning: str) -> EnvironmentFault:
    return EnvironmentFault(
        problem=f"a program of the backend began {beginning} and has not gone on for "
        f"{_PATIENCE_WALL_SECONDS} real seconds",
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
