"""A backend in processes of its own as a WSGI application: requests are passed on to the port on which it listens."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any
from urllib.parse import quote

import h11

from simulation.targets.process.event_loop import EventLoop
from simulation.targets.process.sandbox import Sandbox
from simulation.targets.process.service import ProcessService
from simulation.targets.process.stepper import Stepper

_CHUNK_BYTES = 65_536
_NOT_PASSED_ON = frozenset(
    {"HTTP_HOST", "HTTP_CONNECTION", "HTTP_TRANSFER_ENCODING", "HTTP_CONTENT_LENGTH", "HTTP_ACCEPT_ENCODING"}
)
_NOT_PASSED_BACK = frozenset({"connection", "keep-alive", "transfer-encoding", "content-encoding"})
"""Nobody asks for a compressed answer, so nobody unpacks one."""
_LARGEST_ANSWER_BYTES = 64 * 1024 * 1024
_REASONS = {502: "Bad Gateway", 503: "Service Unavailable", 504: "Gateway Timeout"}


class ReverseProxy:
    """Passes a request on to the backend, and steps the backend until it has answered and is at rest.

    Answers 502 itself where nobody listens, the connection breaks, or the answer has more than 64 MiB, and 504 where no
    answer comes in ten simulated minutes.
    """

    def __init__(
        self, *, sandbox: Sandbox, stepper: Stepper, loop: EventLoop, port: int, service: ProcessService
    ) -> None:
        self._sandbox = sandbox
        self._stepper = stepper
        self._loop = loop
        self._port = port
        self._service = service
        self._kill_after_next = False
        self.kill: Callable[[], None] = lambda: None
        """Kills the backend; it is started again later."""
        self.during: Callable[[dict[str, Any]], AbstractContextManager[None]] = lambda _environ: nullcontext()
        """Within it the backend has the request."""

    def kill_after_next_request(self) -> None:
        """Have the backend killed once it has dealt with the next request; its answer is lost."""
        self._kill_after_next = True

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        with self.during(environ):
            status, headers, body = self._ask(environ)
        start_response(f"{status} {_REASONS.get(status, 'Answered')}", headers)
        return [body]

    def _ask(self, environ: dict[str, Any]) -> tuple[int, list[tuple[str, str]], bytes]:
        if self._service.turns_away(str(environ.get("PATH_INFO", ""))):
            return 503, [("Content-Type", "text/plain"), ("Retry-After", "60")], b"the service is being drained"
        try:
            connection = self._sandbox.connect(self._port)
        except OSError as error:
            return 502, [("Content-Type", "text/plain")], f"nobody listens: {error}".encode()
        exchange = _Exchange(connection, environ)

        def read() -> None:
            if exchange.read():
                self._loop.forget(connection)

        try:
            self._loop.watch(connection, read)
            exchange.send()
            answered = self._stepper.wait_for(lambda: exchange.over)
        except OSError:
            answered = True  # the connection broke: the exchange knows how far it came
        finally:
            self._loop.forget(connection)
            connection.close()
        self._stepper.rest()
        if self._kill_after_next:
            self._kill_after_next = False
            self.kill()
            return 502, [("Content-Type", "text/plain")], b"the connection broke"
        if not answered:
            return 504, [("Content-Type", "text/plain")], b"no answer"
        return exchange.answer()


class _Exchange:
    """One request and its answer on one connection."""

    def __init__(self, connection: socket.socket, environ: dict[str, Any]) -> None:
        self._connection = connection
        self._environ = environ
        self._protocol = h11.Connection(h11.CLIENT)
        self._response: h11.Response | None = None
        self._body = bytearray()
        self.over = False

    def send(self) -> None:
        length = int(self._environ.get("CONTENT_LENGTH") or 0)
        body: bytes = self._environ["wsgi.input"].read(length) if length else b""
        request = h11.Request(
            method=self._environ["REQUEST_METHOD"], target=_target(self._environ), headers=_headers(self._environ)
        )
        parts = [request, *([h11.Data(data=body)] if body else []), h11.EndOfMessage()]
        self._connection.sendall(b"".join(self._protocol.send(part) or b"" for part in parts))

    def read(self) -> bool:
        """Take what has arrived; whether the answer is complete."""
        try:
            self._protocol.receive_data(self._connection.recv(_CHUNK_BYTES))
            while True:
                event = self._protocol.next_event()
                if event is h11.NEED_DATA:
                    return False
                if isinstance(event, h11.Response):
                    self._response = event
                elif isinstance(event, h11.Data):
                    self._body += event.data
                    if len(self._body) > _LARGEST_ANSWER_BYTES:
                        self._response = None
                        break
                elif not isinstance(event, h11.InformationalResponse):
                    break
        except (OSError, h11.RemoteProtocolError):
            self._response = None
        self.over = True
        return True

    def answer(self) -> tuple[int, list[tuple[str, str]], bytes]:
        if self._response is None:
            return 502, [("Content-Type", "text/plain")], b"the connection broke"
        headers = [(name.decode(), value.decode("ascii", "backslashreplace")) for name, value in self._response.headers]
        kept = [(name, value) for name, value in headers if name.lower() not in _NOT_PASSED_BACK]
        return self._response.status_code, kept, bytes(self._body)


def _target(environ: dict[str, Any]) -> str:
    query = environ.get("QUERY_STRING", "")
    path = environ.get("PATH_INFO", "/").encode("latin-1").decode()
    return quote(path, safe="/:@!$&'()*+,;=~-._") + (f"?{query}" if query else "")


def _headers(environ: dict[str, Any]) -> list[tuple[str, str]]:
    passed = [
        (name.removeprefix("HTTP_").replace("_", "-").title(), str(value))
        for name, value in environ.items()
        if name.startswith("HTTP_") and name not in _NOT_PASSED_ON
    ]
    if environ.get("CONTENT_TYPE"):
        passed.append(("Content-Type", environ["CONTENT_TYPE"]))
    if environ.get("CONTENT_LENGTH"):
        passed.append(("Content-Length", environ["CONTENT_LENGTH"]))
    return [("Host", "platform.test"), ("Connection", "close"), *passed]
