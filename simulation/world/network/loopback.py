"""Serves the platform, which runs in this thread, on 127.0.0.1: for programs of a shell that speak HTTP (``curl``).

There is no second thread: the code that waits for such a program watches the server with a selector, and serves one
request at a time. Only programs of this user that were told the address are served; a stranger's request is not.
"""

from __future__ import annotations

import io
import secrets
from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer
from wsgiref.types import WSGIApplication

from simulation.world.network.peer import is_ours

_HOST_NAME = "platform.test"
"""The platform's own name in every request: the port differs from run to run and must not reach it."""


class _Handler(WSGIRequestHandler):
    timeout = 10
    """Real seconds after which a client that sends nothing is given up."""
    wbufsize = -1
    disable_nagle_algorithm = True
    """With small unbuffered writes every answer would wait 40 ms for an acknowledgement.

    Source: simulation/DESIGN.md, The clock.
    """

    def log_message(self, format: str, *args: Any) -> None:
        """Print nothing: the exchange witness records each request."""

    def get_stderr(self) -> io.StringIO:
        return io.StringIO()


class _Server(WSGIServer):
    request_queue_size = 128
    """Strangers that wait to be turned away must not keep a program of ours out."""

    def verify_request(self, request: Any, client_address: Any) -> bool:  # noqa: ARG002 - the base class's
        """Called before a byte is read: who says nothing holds nobody up."""
        return is_ours(client_address[:2], (str(self.server_address[0]), int(self.server_address[1])))

    def server_bind(self) -> None:
        """Bind without asking the resolver for the machine's name."""
        self.socket.bind(self.server_address)
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = _HOST_NAME, 80
        self.setup_environ()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Ignore a client that went away; what the application raised is kept by :class:`LoopbackServer`."""


class LoopbackServer:
    """Serves ``app`` on a free port. A selector can watch it; when it is readable, call :meth:`serve_one`.

    Its address has a secret in it, which ``app`` does not see; a request without it is answered 404 and not counted.
    """

    def __init__(self, app: WSGIApplication) -> None:
        self.app = app
        """Answers the requests; a rehearsal puts an application in front of it that refuses some."""
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.set_app(self._answer)
        self._secret = f"/{secrets.token_urlsafe(16)}"
        self._failure: BaseException | None = None
        self._label = "loopback"
        self._numbers = 0
        self._request_ids: list[str] = []

    @property
    def url(self) -> str:
        """Base URL, without a slash at its end."""
        host, port = self._server.server_address[:2]
        return f"http://{host!s}:{port}{self._secret}"

    def fileno(self) -> int:
        return self._server.fileno()

    def label_requests(self, label: str) -> None:
        """Number the requests without an ``X-Request-Id`` from now on ``<label>-req-1``, ``-2`` …"""
        self._label, self._numbers, self._request_ids = label, 0, []

    def take_request_ids(self) -> tuple[str, ...]:
        """Ids of the requests served since the last call."""
        taken, self._request_ids = tuple(self._request_ids), []
        return taken

    def serve_one(self) -> None:
        """Answer the request that waits. Raises what the application raised, so that our defects are no mere 500."""
        self._server.handle_request()
        if self._failure is not None:
            failure, self._failure = self._failure, None
            raise failure

    def close(self) -> None:
        self._server.server_close()

    def _answer(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path != self._secret and not path.startswith(f"{self._secret}/"):
            start_response("404 Not Found", [("Content-Length", "0")])
            return []
        environ["PATH_INFO"] = path.removeprefix(self._secret)
        if "HTTP_X_REQUEST_ID" not in environ:
            self._numbers += 1
            environ["HTTP_X_REQUEST_ID"] = f"{self._label}-req-{self._numbers}"
        environ["HTTP_HOST"] = _HOST_NAME
        self._request_ids.append(environ["HTTP_X_REQUEST_ID"])
        try:
            return self.app(environ, start_response)
        except BaseException as failure:
            self._failure = failure
            raise
