"""``sleep`` of the operator's shell: a request, over a Unix socket, to let simulated time pass."""

from __future__ import annotations

import math
import re
import socket
from dataclasses import dataclass
from pathlib import Path

from simulation.environment.process import closed_unless_kept

_REQUEST = re.compile(rb"^GET /sleep\?(?P<spans>\S*) HTTP/")
_SPAN = re.compile(r"^(\d+(?:\.\d+)?)([smhd]?)$")
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}

SCRIPT = """\
#!/bin/sh
# Lets simulated time pass: the world goes on meanwhile, the wall clock hardly moves.
IFS=+
exec curl -q -sS -f --unix-socket "$SIMULATED_CLOCK" "http://clock/sleep?$*"
"""
"""The script that takes the place of the system's ``sleep``; it uses curl, which can speak to a Unix socket."""


@dataclass(frozen=True, kw_only=True)
class SleepRequest:
    """A program that waits until :meth:`wake` is called."""

    sim_seconds: int
    connection: socket.socket

    def wake(self) -> None:
        """Tell the program that the time has passed; it may have ended meanwhile."""
        with self.connection:
            _answer(self.connection, b"200 OK")


class SleepSocket:
    """Listens at ``path``; a selector may watch it."""

    def __init__(self, path: Path) -> None:
        self._listener = socket.socket(socket.AF_UNIX)
        with closed_unless_kept(self._listener):
            self._listener.bind(str(path))
            self._listener.listen()
        self._asleep: list[socket.socket] = []

    def fileno(self) -> int:
        return self._listener.fileno()

    def accept(self) -> SleepRequest | None:
        """The request that waits; None, after a refusal, when it is no time span ``sleep`` knows."""
        connection, _ = self._listener.accept()
        connection.settimeout(5)
        match = _REQUEST.match(connection.recv(4096))
        spans = [_SPAN.match(span) for span in match["spans"].decode().split("+")] if match else [None]
        seconds = 0.0
        for span in spans:
            if span is None:
                with connection:
                    _answer(connection, b"400 Bad Request")
                return None
            seconds += float(span[1]) * _UNIT_SECONDS[span[2]]
        self._asleep.append(connection)
        return SleepRequest(sim_seconds=math.ceil(seconds), connection=connection)

    def close(self) -> None:
        """Stop listening; a program that still sleeps ends, because its connection is closed."""
        for connection in (*self._asleep, self._listener):
            connection.close()


def _answer(connection: socket.socket, status: bytes) -> None:
    try:
        connection.sendall(b"HTTP/1.0 " + status + b"\r\nContent-Length: 0\r\n\r\n")
    except OSError:
        return
