"""Real HTTP on 127.0.0.1 for a platform and its services that know one thread only: many connections, one request at
a time."""

from __future__ import annotations

import io
import socket
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from simulation.clock import SimulationClock
from simulation.world.network.external import Lost

_LARGEST_BODY_BYTES = 16 * 1024 * 1024


class _Handler(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Keep standard error for what goes wrong: requests are in the history."""


@contextmanager
def listening(app: WSGIApplication, *, port: int = 0) -> Iterator[str]:
    """Serve ``app`` in threads until the block ends; gives its base URL, without a slash at its end.

    :param port: 0 for any free one. Raises OSError when it is taken.
    """
    # Bound here: make_server would end the program where the port is taken.
    with socket.create_server(("127.0.0.1", port)) as listener:
        server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Handler, fd=listener.fileno())
    server.daemon_threads = True  # type: ignore[attr-defined]  # a browser's idle connection must not hold up the end
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="http server", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class OneAtATime:
    """Serialises requests: clock, Stripe twin and platform must be used by one thread at a time.

    :param clock: passes the simulated seconds after which a lost answer is noticed; the caller gets a 504 then.
    """

    def __init__(self, clock: SimulationClock) -> None:
        self.lock = threading.RLock()
        self._clock = clock
        self._numbers = 0

    def guarded(self, app: WSGIApplication, *, before_each: Callable[[], None]) -> WSGIApplication:
        """``app``, entered by one thread at a time; ``before_each`` is called under the same lock before each request.

        A request is read to its end first, so that a slow client holds up nobody.
        """

        def answer(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            _read_body(environ)
            with self.lock:
                self._numbers += 1
                environ.setdefault("HTTP_X_REQUEST_ID", f"http-{self._numbers}")
                before_each()
                try:
                    answer = Response.from_app(app, environ, buffered=True)
                except Lost as lost:
                    self._clock.advance(lost.sim_seconds)
                    answer = Response(status=504)
            return answer(environ, start_response)

        return answer


def _read_body(environ: dict[str, Any]) -> None:
    """Put the body into memory, and its length into the headers, also when it came in chunks."""
    request = Request(environ)
    request.max_content_length = _LARGEST_BODY_BYTES
    try:
        body = request.get_data()
    except RequestEntityTooLarge:
        body = b""
    environ["wsgi.input"] = io.BytesIO(body)
    environ["CONTENT_LENGTH"] = str(len(body))
    environ.pop("HTTP_TRANSFER_ENCODING", None)
