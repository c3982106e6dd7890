"""The network outside the platform: every host it may call is one WSGI application, every other host is refused.

How a platform's requests get here is an adapter's business: ``in_process`` for one in this process, ``http_gateway``
of ``targets/process`` for one in processes of its own, ``threaded`` for people at a terminal.
"""

from __future__ import annotations

import io
import re
import sys
from collections.abc import Callable, Iterable
from typing import Any, Literal
from urllib.parse import unquote
from wsgiref.types import WSGIApplication

from werkzeug.wrappers import Response

from simulation.events import HostRefused
from simulation.history import Recorder

_PORT = re.compile(r":\d*$")
_OWN_LENGTH = ("CONTENT_LENGTH", "TRANSFER_ENCODING")
"""Headers that say how long the body is. It is here whole, so its own length counts."""


class Lost(Exception):
    """No answer reaches the caller. An application raises it, and each adapter does what its transport does then.

    Whether the request took effect, the caller cannot know.

    :param sim_seconds: simulated seconds until the caller notices; the adapter lets them pass.
    :param how: ``timeout``: nothing comes back, and the caller's patience ends; ``reset``: the connection breaks;
        ``killed``: the caller's process is killed before it hears the answer.
    """

    def __init__(self, message: str, *, sim_seconds: int = 0, how: Literal["timeout", "reset", "killed"]) -> None:
        super().__init__(message)
        self.sim_seconds = sim_seconds
        self.how = how


class ExternalNetwork:
    """A WSGI application that passes a request on to the application of its host.

    A request to any other host is :class:`Lost`, and recorded once a host as
    :class:`~simulation.events.HostRefused`.
    """

    def __init__(self, recorder: Recorder) -> None:
        self._recorder = recorder
        self._applications: dict[str, WSGIApplication] = {}
        self._refused: set[str] = set()

    def add(self, hosts: Iterable[str], application: WSGIApplication) -> None:
        """From now on ``application`` answers for these host names (lower case, without a port)."""
        self._applications.update(dict.fromkeys(hosts, application))

    def knows(self, host: str) -> bool:
        """Whether anybody answers for a host."""
        return host in self._applications

    def refuse(self, host: str) -> None:
        """Record that the platform tried to reach a host that nobody answers for."""
        if host not in self._refused:
            self._refused.add(host)
            self._recorder.record(HostRefused(host=host))

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        host = _PORT.sub("", environ.get("HTTP_HOST", "")).lower()
        if not self.knows(host):
            self.refuse(host)
            raise Lost(f"{host}: no such host", how="reset")
        return self._applications[host](environ, start_response)


def answer_of(
    application: WSGIApplication, *, method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes
) -> Response:
    """What an application answers to one HTTP request.

    :param target: path and query, as they stand in the request's first line.
    :param headers: with ``Host``, the host that the caller believes it talks to.
    :raises Lost: the application lets the answer get lost.
    """
    path, _, query = target.partition("?")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": method,
        "SCRIPT_NAME": "",
        "PATH_INFO": unquote(path, "latin-1"),  # as WSGI has it: a character for each byte
        "QUERY_STRING": query,
        "SERVER_NAME": "localhost",
        "SERVER_PORT": "80",
        "SERVER_PROTOCOL": "HTTP/1.1",
        "CONTENT_LENGTH": str(len(body)),
        "wsgi.version": (1, 0),
        "wsgi.url_scheme": "http",
        "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr,
        "wsgi.multithread": False,
        "wsgi.multiprocess": False,
        "wsgi.run_once": False,
    }
    for name, value in headers:
        key = name.upper().replace("-", "_")
        if key not in _OWN_LENGTH:
            field = key if key == "CONTENT_TYPE" else f"HTTP_{key}"
            environ[field] = f"{environ[field]}, {value}" if field in environ else value
    environ.setdefault("HTTP_HOST", "localhost")  # HTTP/1.0 does not ask for one
    return Response.from_app(application, environ, buffered=True)
