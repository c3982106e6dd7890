"""Real HTTP on 127.0.0.1 for parts that live in one thread's world: many connections, one request at a time."""

from __future__ import annotations

import io
import threading
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.exceptions import RequestEntityTooLarge
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.wrappers import Request, Response

from simulation.world.provider.provider import ProviderTimeout, ScoreProvider
from simulation.world.stripe.errors import TwinReset, TwinTimeout
from simulation.world.stripe.twin import API_URL, StripeTwin

_LARGEST_BODY_BYTES = 16 * 1024 * 1024


class _Handler(WSGIRequestHandler):
    """Keeps standard error for what went wrong; the platform has a log of its own."""

    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        """Say nothing: requests are in the history."""


@contextmanager
def listening(app: WSGIApplication, *, port: int = 0) -> Iterator[str]:
    """Serve ``app`` in a thread until the block ends; gives its base URL, without a slash at its end.

    :param port: 0 for any free one. Raises OSError when it is taken.
    """
    server = make_server("127.0.0.1", port, app, threaded=True, request_handler=_Handler)
    server.daemon_threads = True  # type: ignore[attr-defined]  # a browser's idle connection must not hold up the end
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), name="front door", daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class OneAtATime:
    """Lets one caller at a time into the world behind it: clock, twin and platform know one thread only.

    A request is read whole before it goes in, so that a slow peer holds up nobody.
    """

    def __init__(self) -> None:
        self.lock = threading.RLock()
        self._numbers = 0

    def before(self, app: WSGIApplication, *, entering: Callable[[], None]) -> WSGIApplication:
        """``app`` behind the turnstile; ``entering`` runs inside, before each request."""

        def guarded(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
            _read_whole(environ)
            with self.lock:
                self._numbers += 1
                environ.setdefault("HTTP_X_REQUEST_ID", f"http-{self._numbers}")
                entering()
                answer = app(environ, start_response)
                try:
                    return [b"".join(answer)]
                finally:
                    if hasattr(answer, "close"):
                        answer.close()

        return guarded


def _read_whole(environ: dict[str, Any]) -> None:
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


def stripe_app(twin: StripeTwin) -> WSGIApplication:
    """The twin's door for programs: what ``api.stripe.com`` answers. A lost call is a 504 after its simulated time."""

    @Request.application
    def answer(request: Request) -> Response:
        query = request.query_string.decode()
        url = f"{API_URL}{request.path}" + (f"?{query}" if query else "")
        try:
            said = twin.handle(method=request.method, url=url, headers=_headers(request), body=request.get_data())
        except (TwinTimeout, TwinReset) as lost:
            twin.clock.advance(lost.sim_seconds)
            return Response(status=504)
        twin.clock.advance(said.sim_seconds)
        return Response(said.body, status=said.status, headers=dict(said.headers))

    return answer


def provider_app(provider: ScoreProvider) -> WSGIApplication:
    """The score provider's door for programs."""

    @Request.application
    def answer(request: Request) -> Response:
        try:
            said = provider.handle(path=request.path, headers=_headers(request))
        except ProviderTimeout as timeout:
            provider.kernel.clock.advance(timeout.sim_seconds)
            return Response(status=504)
        return Response(said.body, status=said.status, headers=dict(said.headers))

    return answer


def _headers(request: Request) -> dict[str, str]:
    """``curl -u KEY:`` sends a key by basic authentication, which Stripe takes as the bearer's."""
    headers = dict(request.headers)
    given = request.authorization
    if given is not None and given.type == "basic" and given.username:
        headers["Authorization"] = f"Bearer {given.username}"
    return headers
