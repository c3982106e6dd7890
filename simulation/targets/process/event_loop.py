"""The one thread of a run waits here for every socket and handle that it shares with a backend.

Nothing is served by itself: what arrives waits until the run calls :meth:`EventLoop.turn`, and is then served to its
end. So the order of a history is the run's, whatever the backend does at the same time.
"""

from __future__ import annotations

import contextlib
import selectors
import socket
from collections.abc import Callable
from io import FileIO


class EventLoop:
    """A selector with one callback for each file."""

    def __init__(self) -> None:
        self._selector = selectors.DefaultSelector()

    def watch(self, file: socket.socket | FileIO, readable: Callable[[], None]) -> None:
        """Call ``readable`` in each turn in which ``file`` has something to read."""
        self._selector.register(file, selectors.EVENT_READ, readable)

    def forget(self, file: socket.socket | FileIO) -> None:
        """Watch it no longer; safe to call twice."""
        with contextlib.suppress(KeyError):
            self._selector.unregister(file)

    def turn(self, wall_seconds: float) -> bool:
        """Call back for every file that is readable now; wait up to ``wall_seconds`` for one. Whether there was one."""
        ready = self._selector.select(wall_seconds)
        for key, _ in ready:
            if key.fileobj in self._selector.get_map():  # an earlier callback may have let go of it
                key.data()
        return bool(ready)

    def close(self) -> None:
        """Close the selector and every file that is still watched."""
        for key in list(self._selector.get_map().values()):
            with contextlib.suppress(OSError):
                key.fileobj.close()  # type: ignore[union-attr]  # only sockets and files are registered
        self._selector.close()
