"""Every connection between the harness and a backend, in the one thread of the run.

Nothing answers by itself: a request of the backend waits in its socket until the run turns to it (:meth:`turn`), and is
then taken and answered as one deed. So the order of a history is the run's, whatever the backend does at once.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
import ssl
import struct
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from io import FileIO

import h11

from simulation.errors import EnvironmentFault
from simulation.targets.process.dns import NameServer

_PATIENCE_WALL_SECONDS = 60
"""For a peer in the middle of a handshake or a request. A crowded machine may keep a process off its processor for ten
seconds and more; how long it takes must never decide what happens, only whether the run can go on."""
_CHUNK_BYTES = 65_536
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_NO_PROMISE = ("Keep-Alive", "timeout=0")
"""A caller may ask again on the same connection. One that would watch over it with a timer (Node) had better not: each
jump of the clock would end it."""


@dataclass(frozen=True, kw_only=True)
class Inbound:
    """A request of the backend. ``host`` is what it believes it talks to."""

    host: str
    method: str
    target: str
    """Path and query."""
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, kw_only=True)
class Reply:
    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


class Silence(Exception):
    """No answer: the connection stays open until the caller gives up, for which it wants ``sim_seconds`` to pass."""

    def __init__(self, *, sim_seconds: int) -> None:
        super().__init__(f"no answer for {sim_seconds} simulated seconds")
        self.sim_seconds = sim_seconds


class Reset(Exception):
    """The connection is torn down under the caller's eyes."""


Answer = Callable[[Inbound], Reply]


class HttpGateway:
    """See the module. ``answer`` is asked about every request from inside; it may raise :class:`Reset`, or
    :class:`Silence`, upon which ``held(sim_seconds, still_there)`` is called and returns when the line may be closed.
    """

    def __init__(self, *, answer: Answer, held: Callable[[int, Callable[[], bool]], None]) -> None:
        self._answer = answer
        self._held = held
        self._selector = selectors.DefaultSelector()
        self.served = 0

    def serve(self, listener: socket.socket, *, tls: ssl.SSLContext | None) -> None:
        """Answer requests that come to a listening socket."""
        listener.setblocking(False)
        self._selector.register(listener, selectors.EVENT_READ, lambda: self._accept(listener, tls))

    def serve_names(self, server: NameServer) -> None:
        self._selector.register(server.socket, selectors.EVENT_READ, server.answer_waiting)

    def watch(self, connection: socket.socket | FileIO, readable: Callable[[], bool]) -> None:
        """Call ``readable`` when a connection or handle of ours has something to read, until it says it was all."""

        def take() -> None:
            if readable():
                self.forget(connection)

        self._selector.register(connection, selectors.EVENT_READ, take)

    def forget(self, connection: socket.socket | FileIO) -> None:
        """Watch it no longer; safe to call twice."""
        with contextlib.suppress(KeyError):
            self._selector.unregister(connection)

    def turn(self, wall_seconds: float) -> bool:
        """Do what is waiting, one deed for each connection; wait up to ``wall_seconds`` for something to come."""
        ready = self._selector.select(wall_seconds)
        for key, _ in ready:
            if key.fileobj in self._selector.get_map():
                key.data()
        return bool(ready)

    def close(self) -> None:
        for key in list(self._selector.get_map().values()):
            with contextlib.suppress(OSError):
                key.fileobj.close()  # type: ignore[union-attr]  # only sockets and files are registered
        self._selector.close()

    def _accept(self, listener: socket.socket, tls: ssl.SSLContext | None) -> None:
        try:
            connection, _ = listener.accept()
        except BlockingIOError:
            return
        connection.settimeout(_PATIENCE_WALL_SECONDS)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        try:
            line = tls.wrap_socket(connection, server_side=True) if tls is not None else connection
        except TimeoutError as error:
            connection.close()
            raise _silent("a handshake") from error
        except OSError:
            connection.close()
            return
        self._selector.register(line, selectors.EVENT_READ, lambda: self._begin(line))

    def _begin(self, line: socket.socket) -> None:
        """A caller speaks, or has left. Some connect long before they ask, and nobody waits for them."""
        self._selector.unregister(line)
        self._converse(line)

    def _converse(self, line: socket.socket) -> None:
        try:
            while self._exchange(line):
                if not _more_to_read(line):
                    self._selector.register(line, selectors.EVENT_READ, lambda: self._begin(line))
                    return
        except TimeoutError as error:
            line.close()
            raise _silent("a request") from error
        except (OSError, h11.ProtocolError):
            pass  # the caller went away in the middle, which is its own affair
        line.close()

    def _exchange(self, line: socket.socket) -> bool:
        """One request and its answer; whether the caller may ask again on the same connection."""
        protocol = h11.Connection(h11.SERVER)
        inbound = _read_request(protocol, line)
        if inbound is None:
            return False
        self.served += 1
        try:
            reply = self._answer(inbound)
        except Reset:
            line.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            return False
        except Silence as silence:
            self._held(silence.sim_seconds, lambda: _still_there(line))
            return False
        _send(protocol, line, inbound.method, reply)
        return protocol.our_state is h11.DONE and protocol.their_state is h11.DONE and not protocol.trailing_data[0]


def _silent(beginning: str) -> EnvironmentFault:
    return EnvironmentFault(
        problem=f"a program of the backend began {beginning} and has not gone on for "
        f"{_PATIENCE_WALL_SECONDS} real seconds",
        remedy="is this machine overloaded? Run again with less beside it; else see its platform.log for what it does",
    )


def _read_request(protocol: h11.Connection, line: socket.socket) -> Inbound | None:
    request: h11.Request | None = None
    body = bytearray()
    while True:
        event = protocol.next_event()
        if event is h11.NEED_DATA:
            if protocol.they_are_waiting_for_100_continue:
                line.sendall(protocol.send(h11.InformationalResponse(status_code=100, headers=[])) or b"")
            protocol.receive_data(line.recv(_CHUNK_BYTES))
        elif isinstance(event, h11.Request):
            request = event
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage) and request is not None:
            break
        else:
            return None
    headers = {name.decode(): value.decode("latin-1") for name, value in request.headers}
    return Inbound(
        host=headers.get("host", "").partition(":")[0].lower(),
        method=request.method.decode(),
        target=request.target.decode(),
        headers=headers,
        body=bytes(body),
    )


def _send(protocol: h11.Connection, line: socket.socket, method: str, reply: Reply) -> None:
    kept = [(name, value) for name, value in reply.headers.items() if name.lower() not in ("content-length",)]
    headers = [*kept, _NO_PROMISE]
    if reply.status != 304:
        headers.append(("Content-Length", str(len(reply.body))))
    said = protocol.send(h11.Response(status_code=reply.status, headers=headers)) or b""
    if method != "HEAD" and reply.status != 304:
        said += protocol.send(h11.Data(data=reply.body)) or b""
    said += protocol.send(h11.EndOfMessage()) or b""
    line.sendall(said)


def _more_to_read(line: socket.socket) -> bool:
    """Whether something was decrypted already, which the kernel knows nothing of."""
    return isinstance(line, ssl.SSLSocket) and line.pending() > 0


def _still_there(line: socket.socket) -> bool:
    """Whether the caller has its end open still."""
    line.setblocking(False)
    try:
        return bool(line.recv(_CHUNK_BYTES))
    except (BlockingIOError, ssl.SSLWantReadError):
        return True
    except OSError:
        return False
