"""One connection of a backend, and the one to its database for which it stands, frame by frame.

What a client sends goes on as it came, and so does what the server answers, unless a gate holds a statement back, puts
another end to it, or keeps its answer. The protocol is :mod:`simulation.targets.process.wire`.
"""

from __future__ import annotations

import contextlib
import socket
from collections import deque
from collections.abc import Callable
from pathlib import Path
from struct import Struct
from typing import Protocol

from simulation.errors import EnvironmentFault
from simulation.targets.process.event_loop import BufferedSocket, EventLoop
from simulation.targets.process.wire import (
    CANCEL,
    GSSAPI,
    TERMINATE,
    TLS,
    NotTheProtocol,
    Splitter,
    Statement,
    Statements,
    cancel_request,
    query,
    refusal,
    request_of,
)

_CHUNK_BYTES = 65_536
_CREDENTIALS = Struct("3i")
_NO_ENCRYPTION = b"N"
_PATIENCE_WALL_SECONDS = 60
_MADE_READY = (b"P", b"B", b"D", b"C")
"""Parse, Bind, Describe, Close: they go on with the Execute or Sync that follows them."""


class Gate(Protocol):
    """Who is asked whether a statement may go on, and what comes of it."""

    def admits(self, link: Link) -> bool:
        """Whether a new connection reaches the server; else it is refused as by a server that has none left."""
        ...

    def passes(self, link: Link, statement: Statement) -> bool:
        """The next statement of a connection. False: it does not go on, now or ever; the gate deals with it."""
        ...

    def ready(self, link: Link) -> None:
        """The server has done all that the connection asked for."""
        ...


class Link:
    """One connection of the backend, and the one to the server that it stands for.

    :ivar serial: numbers the connections in the order in which they were opened.
    :ivar pid: process that opened it, by the harness's own count.
    """

    def __init__(
        self,
        client: socket.socket,
        *,
        loop: EventLoop,
        server: Path,
        gate: Gate | None,
        serial: int,
        ended: Callable[[Link], None],
        pid: int | None = None,
    ) -> None:
        """:param server: path of the server's socket. :param ended: told when it is closed. :param pid: of the client;
        None: its Unix socket says."""
        self._loop = loop
        self._server_path = server
        self._gate = gate
        self._ended = ended
        self.serial = serial
        if pid is None:
            pid = _CREDENTIALS.unpack(client.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, _CREDENTIALS.size))[0]
        self.pid: int = pid
        self._client = BufferedSocket(self._loop, client, self._from_client)
        self._server: BufferedSocket | None = None
        self._client_frames = Splitter(startup=True)
        self._server_frames = Splitter()
        self._statements = Statements()
        self._key_data = b""
        self._queue: deque[tuple[bytes, Statement | None]] = deque()
        """Of the client's frames, those that have not gone on."""
        self._prepared = b""
        """Frames that go on with the one that follows them."""
        self._passed = b""
        """Frames that go on with whatever else has come: one call, and one waking of the server, for all of them."""
        self._asked = 0
        """Answers that end with ReadyForQuery and have not come."""
        self.state = b"I"
        """Of the transaction, as the server said last: I(dle), T(ransaction), E(rror)."""
        self.next = b""
        """The frame of the statement that the gate is asked about."""
        self.closed = False
        self._held = False
        self._skipping = False
        """Until its Sync what the client sends is dropped, as by a server after an error."""
        self._withheld: Callable[[], None] | None = None
        """What is done in place of handing out the answer that comes."""
        self._ready_kept = b""
        """The ReadyForQuery that the client's Sync has not asked for yet."""
        self.rewrite: Callable[[bytes], bytes] | None = None
        """Makes another error of the next one."""

    # --- the way there -------------------------------------------------------------------------------------------

    def _from_client(self) -> None:
        data = self._client.read()
        if data is None:
            return
        try:
            frames = self._client_frames.feed(data)
        except NotTheProtocol:
            data, frames = b"", []
        if not data:
            self.close()
            return
        if self._server is None:
            for sent in frames:
                self._begin(sent)
        elif self._gate is None:
            self._to_server(b"".join(frames))
        else:
            self._queue.extend((sent, self._statements.of(sent)) for sent in frames)
            self.go_on()

    def _begin(self, startup: bytes) -> None:
        asked = request_of(startup)
        if asked in (TLS, GSSAPI):
            self._client.send(_NO_ENCRYPTION)
            return
        gate = self._gate
        if asked != CANCEL and gate is not None and not gate.admits(self):
            self._refuse("53300", "sorry, too many clients already")
            return
        server = socket.socket(socket.AF_UNIX)
        try:
            server.connect(str(self._server_path))
        except OSError:
            server.close()
            self._refuse("57P03", "the database system is not yet accepting connections")
            return
        self._server = BufferedSocket(self._loop, server, self._from_server)
        self._asked = 1
        self._server.send(startup)

    def _refuse(self, sqlstate: str, message: str) -> None:
        self._client.send(refusal("FATAL", sqlstate, message))
        self.close()

    def go_on(self) -> None:
        """Let those of the client's frames go on that the gate lets pass."""
        gate = self._gate
        assert gate is not None
        while self._queue and not self.closed and not self._held:
            sent, statement = self._queue.popleft()
            if self._skipping:
                self._skip(sent)
            elif statement is not None:
                self._flush()  # what came before it has gone on when the gate decides
                self.next = sent
                if gate.passes(self, statement):
                    self.let_pass()
            elif sent[:1] in _MADE_READY:
                self._prepared += sent
            else:
                self._asked += sent[:1] == b"S"
                self._pass(sent)
        self._flush()

    def hold(self) -> None:
        """Its next statement waits until :meth:`release`."""
        self._held = True

    def release(self) -> None:
        """The statement that was held back goes on, and what follows it."""
        self._held = False
        self.let_pass()
        self.go_on()

    @property
    def holds(self) -> bool:
        return self._held

    @property
    def busy(self) -> bool:
        """Whether the server owes it an answer."""
        return self._asked > 0

    def let_pass(self) -> None:
        """The statement that the gate was asked about goes on, at the latest with what :meth:`go_on` does next."""
        self._asked += self.next[:1] in (b"Q", b"F")
        self._pass(self.next)

    def _pass(self, sent: bytes) -> None:
        self._passed += self._prepared + sent
        self._prepared = b""

    def _flush(self) -> None:
        passed, self._passed = self._passed, b""
        self._to_server(passed)

    def _skip(self, sent: bytes) -> None:
        if sent[:1] == b"S":
            self._skipping = False
            self._client.send(self._ready_kept)
            self._ready_kept = b""

    def _to_server(self, data: bytes) -> None:
        if self._server is not None and data:
            self._server.send(data)
            if self._server.full:
                self._client.pause(True, self._from_client)
                self._server.drained = lambda: self._client.pause(False, self._from_client)

    # --- the way back --------------------------------------------------------------------------------------------

    def _from_server(self) -> None:
        assert self._server is not None
        data = self._server.read()
        if data is None:
            return
        if self._gate is None and data:
            self._to_client(data)
            return
        try:
            frames = self._server_frames.feed(data)
        except NotTheProtocol:
            data, frames = b"", []
        self._answer(frames)
        if data or self.closed:
            return
        if self._client.empty:
            self.close()
        else:
            self._loop.forget(self._server.socket)
            self._client.drained = self.close

    def _answer(self, frames: list[bytes]) -> None:
        passed, ended = [], False
        for sent in frames:
            kind = sent[:1]
            if kind == b"K":
                self._key_data = sent[5:]
            elif kind == b"E" and self.rewrite is not None:
                sent, self.rewrite = self.rewrite(sent), None
            elif kind == b"Z":
                self._asked = max(0, self._asked - 1)
                if not self._asked:
                    self.state, ended = sent[5:6], True
                if self._skipping:
                    self._ready_kept = sent
                    continue
            passed.append(sent)
        withheld = self._withheld
        if withheld is None:
            self._to_client(b"".join(passed))
        if ended and not self.closed:
            self._withheld = None
            if withheld is not None:
                withheld()
            elif self._gate is not None:
                self._gate.ready(self)

    def _to_client(self, data: bytes) -> None:
        if not data:
            return
        self._client.send(data)
        if self._client.full and self._server is not None:
            server = self._server
            server.pause(True, self._from_server)
            self._client.drained = lambda: server.pause(False, self._from_server)

    # --- what a gate can do to it --------------------------------------------------------------------------------

    def instead_of_the_answer(self, deed: Callable[[], None]) -> None:
        """The statement is carried out, and this is done when the server is ready again; its answer reaches nobody."""
        self._withheld = deed

    def fail(self, sqlstate: str, message: str) -> None:
        """Have the server itself refuse, in place of the statement, so that its transaction is aborted."""
        self._prepared = b""
        self._skipping = self.next[:1] != b"Q"
        self._asked += 1
        self._to_server(query(f"DO $$BEGIN RAISE EXCEPTION USING ERRCODE = '{sqlstate}', MESSAGE = '{message}'; END$$"))

    def cancel(self) -> None:
        """Have the server break off what the connection has it do."""
        if self._key_data:
            with contextlib.suppress(ConnectionError), socket.socket(socket.AF_UNIX) as asking:
                asking.settimeout(_PATIENCE_WALL_SECONDS)
                asking.connect(str(self._server_path))
                asking.sendall(cancel_request(self._key_data))
                asking.recv(1)  # its end: the signal has been sent

    def end(self, *, farewell: bytes = b"") -> None:
        """It breaks: the server has ended its side, and so rolled back, when this returns.

        :raises EnvironmentFault: the server does not end it.
        """
        if self._server is not None and not self.closed:
            server = self._server.socket
            self._loop.forget(server)
            server.settimeout(_PATIENCE_WALL_SECONDS)
            with contextlib.suppress(ConnectionError):
                if self._asked:
                    self.cancel()
                server.sendall(TERMINATE)
                try:
                    while server.recv(_CHUNK_BYTES):
                        pass
                except TimeoutError as error:
                    raise _stuck() from error
        if farewell and not self.closed:
            self._client.send(farewell)
        self.close()

    def close(self) -> None:
        """Let go of both ends; the server notices by itself."""
        if self.closed:
            return
        self.closed = True
        self._ended(self)
        self._client.close()
        if self._server is not None:
            self._server.close()


def _stuck() -> EnvironmentFault:
    return EnvironmentFault(
        problem=f"the database has not ended a connection within {_PATIENCE_WALL_SECONDS} real seconds",
        remedy="is this machine overloaded? Run again with less beside it",
    )
