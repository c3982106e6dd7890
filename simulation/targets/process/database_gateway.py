"""The way of a backend's connections to its database: each passes here, frame by frame, and nothing else reads it.

It listens on a Unix socket in a folder of its own, where the server's would be, and speaks the server's protocol.
Everything happens in turns of the run's event loop, in one thread: what has been read has been passed on when a turn
ends, unless the other end takes no more or somebody holds it back. So what is in transit here shows as a socket that
can be read or written to, and a backend is not at rest as long as a turn finds one.
"""

from __future__ import annotations

import socket
from pathlib import Path

from simulation.environment.protocol import Database
from simulation.targets.process.database_connection import Gate, Link
from simulation.targets.process.event_loop import EventLoop


class DatabaseGateway:
    """:param server: path of the server's socket. :param gate: None: whatever comes passes."""

    def __init__(self, *, loop: EventLoop, folder: Path, server: Path, gate: Gate | None) -> None:
        self.loop = loop
        self.server = server
        self.gate = gate
        self.links: list[Link] = []
        """The open connections, the oldest first."""
        self._opened = 0
        folder.mkdir(mode=0o700)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(folder / server.name))
        self._listener.listen(128)
        self._listener.setblocking(False)
        loop.watch(self._listener, self._accept)

    def end_all(self) -> None:
        """End every connection; the server has rolled back then, before anything else happens."""
        for link in list(self.links):
            link.end()

    def close(self) -> None:
        """Listen no more, and let go of every connection."""
        self.loop.forget(self._listener)
        self._listener.close()
        for link in list(self.links):
            link.close()

    def _accept(self) -> None:
        try:
            client, _ = self._listener.accept()
        except BlockingIOError:
            return
        self._opened += 1
        self.links.append(
            Link(
                client,
                loop=self.loop,
                server=self.server,
                gate=self.gate,
                serial=self._opened,
                ended=self.links.remove,
            )
        )


def socket_of(database: Database) -> Path:
    """Path of a server's socket in the folder that is its host, as every client names it."""
    return Path(database.host) / f".s.PGSQL.{database.port}"
