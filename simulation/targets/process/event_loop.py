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

Callback = Callable[[], None]
_CHUNK_BYTES = 65_536
_MOST_WAITING_BYTES = 1 << 20


class EventLoop:
    """A selector with one callback for each file, or two: one more for when it takes bytes again."""

    def __init__(self) -> None:
        self._selector = selectors.EpollSelector()
        self._watched: dict[socket.socket | FileIO, tuple[Callback | None, Callback | None]] = {}

    def watch(self, file: socket.socket | FileIO, readable: Callback) -> None:
        """Call ``readable`` in each turn in which ``file`` has something to read."""
        self.attend(file, readable=readable, writable=None)

    def attend(self, file: socket.socket | FileIO, *, readable: Callback | None, writable: Callback | None) -> None:
        """From now on call these, and no others, in each turn in which ``file`` can be read, or written to."""
        events = (selectors.EVENT_READ if readable else 0) | (selectors.EVENT_WRITE if writable else 0)
        if not events:
            self.forget(file)
            return
        (self._selector.modify if file in self._watched else self._selector.register)(file, events, file)
        self._watched[file] = readable, writable

    def forget(self, file: socket.socket | FileIO) -> None:
        """Watch it no longer; safe to call twice."""
        if self._watched.pop(file, None) is not None:
            self._selector.unregister(file)

    def turn(self, wall_seconds: float) -> bool:
        """Call back for every file that is ready now; wait up to ``wall_seconds`` for one. Whether there was one."""
        ready = self._selector.select(wall_seconds)
        for key, events in ready:
            for wanted, which in ((selectors.EVENT_WRITE, 1), (selectors.EVENT_READ, 0)):
                callback = self._watched.get(key.data, (None, None))[which]  # an earlier one may have let go of it
                if events & wanted and callback is not None:
                    callback()
        return bool(ready)

    def fileno(self) -> int:
        """Can be read when a file is ready; so whoever waits for something else can be woken by it."""
        return self._selector.fileno()

    def close(self) -> None:
        """Close the selector and every file that is still watched."""
        for file in list(self._watched):
            with contextlib.suppress(OSError):
                file.close()
        self._watched.clear()
        self._selector.close()


class BufferedSocket:
    """One end of a connection that nobody waits for, and what waits itself until it takes more."""

    def __init__(self, loop: EventLoop, opened: socket.socket, readable: Callable[[], None]) -> None:
        opened.setblocking(False)
        self._loop = loop
        self.socket = opened
        self._readable: Callable[[], None] | None = readable
        self._waiting = bytearray()
        self.drained: Callable[[], None] = lambda: None
        """Called when nothing waits any more."""
        self._attend()

    @property
    def full(self) -> bool:
        """Whether so much waits that whoever sends here should be read no more."""
        return len(self._waiting) > _MOST_WAITING_BYTES

    @property
    def empty(self) -> bool:
        return not self._waiting

    def read(self) -> bytes | None:
        """What has come; empty at its end, None when there is nothing after all."""
        try:
            return self.socket.recv(_CHUNK_BYTES)
        except BlockingIOError:
            return None
        except OSError:
            return b""

    def send(self, data: bytes) -> None:
        """Whatever it does not take at once waits. An end that is gone is noticed when it is read."""
        if not self._waiting:
            sent = 0
            with contextlib.suppress(OSError):
                sent = self.socket.send(data)
            if sent == len(data):
                return
            data = data[sent:]
        self._waiting += data
        self._attend()

    def pause(self, paused: bool, readable: Callable[[], None]) -> None:
        """Whether it is read."""
        wanted = None if paused else readable
        if (wanted is None) != (self._readable is None):
            self._readable = wanted
            self._attend()

    def close(self) -> None:
        self._loop.forget(self.socket)
        self.socket.close()

    def _drain(self) -> None:
        try:
            sent = self.socket.send(self._waiting)
        except BlockingIOError:
            return
        except OSError:
            sent = len(self._waiting)  # it is gone
        del self._waiting[:sent]
        if not self._waiting:
            self._attend()
            self.drained()

    def _attend(self) -> None:
        self._loop.attend(self.socket, readable=self._readable, writable=self._drain if self._waiting else None)
