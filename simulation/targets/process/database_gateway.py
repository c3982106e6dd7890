"""The way of a backend's connections to its database: each passes here, frame by frame, and nothing else reads it.

It listens on a Unix socket in a folder of its own, where the server's would be, or on a port of the backend's own
network, for clients that know no Unix sockets (Java's), and speaks the server's protocol.
Everything happens in turns of the run's event loop, in one thread: what has been read has been passed on when a turn
ends, unless the other end takes no more or somebody holds it back. So what is in transit here shows as a socket that
can be read or written to, and a backend is not at rest as long as a turn finds one.
"""

from __future__ import annotations

import socket
from collections.abc import Callable
from functools import partial
from pathlib import Path

from simulation.environment.protocol import Database
from simulation.targets.process.database_connection import Gate, Link
from simulation.targets.process.event_loop import EventLoop


class DatabaseGateway:
    """:param server: path of the server's socket. :param gate: None: whatever comes passes.
    :param owner_of: process number, in the harness's own count, of the client of a port.
    """

    def __init__(
        self, *, loop: EventLoop, server: Path, gate: Gate | None, owner_of: Callable[[int], int] = lambda _port: 0
    ) -> None:
        self.loop = loop
        self.server = server
        self.gate = gate
        self.links: list[Link] = []
        """The open connections, the oldest first."""
        self._opened = 0
        self._owner_of = owner_of
        self._listeners: list[socket.socket] = []

    def listen_in(self, folder: Path) -> None:
        """Make a folder, in which it listens where the server would."""
        folder.mkdir(mode=0o700)
        listener = socket.socket(socket.AF_UNIX)
        listener.bind(str(folder / self.server.name))
        listener.listen(128)
        self.listen(listener)

    def listen(self, listener: socket.socket) -> None:
        """Listen on a socket that does, too."""
        listener.setblocking(False)
        self._listeners.append(listener)
        self.loop.watch(listener, partial(self._accept, listener))

    def end_all(self) -> None:
        """End every connection; the server has rolled back then, before anything else happens."""
        for link in list(self.links):
            link.end()

    def close(self) -> None:
        """Listen no more, and let go of every connection."""
        for listener in self._listeners:
            self.loop.forget(listener)
            listener.close()
        for link in list(self.links):
            link.close()

    def _accept(self, listener: socket.socket) -> None:
        try:
            client, address = listener.accept()
        except BlockingIOError:
            return
        pid = None
        if client.family == socket.AF_INET:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            pid = self._owner_of(address[1]) if self.gate is not None else 0
        self._opened += 1
        self.links.append(
            Link(
                client,
                loop=self.loop,
                server=self.server,
                gate=self.gate,
                serial=self._opened,
                pid=pid,
                ended=self.links.remove,
            )
        )


def socket_of(database: Database) -> Path:
    """Path of a server's socket in the folder that is its host, as every client names it."""
    return Path(database.host) / f".s.PGSQL.{database.port}"
