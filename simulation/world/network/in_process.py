"""The external network for a platform in this process: what it sends through ``requests`` never leaves the process."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

import requests
from requests.adapters import HTTPAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import get_encoding_from_headers
from werkzeug.wrappers import Response

from simulation.clock import SimulationClock
from simulation.world.network.external import Lost, answer_of

_HTTP = ("http://", "https://")
"""Addresses of the network. Others (``http+docker://``: the engine's socket) are no part of it."""


@contextmanager
def intercepted(network: WSGIApplication, *, clock: SimulationClock) -> Iterator[None]:
    """Within this block, ``network`` answers every HTTP request that this process makes with ``requests``.

    It takes the place of the transport, as the package ``responses`` does, but neither matches nor remembers requests:
    a run makes thousands. A lost answer raises what ``requests`` raises, after its simulated seconds.
    """

    def send(adapter: HTTPAdapter, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        url = request.url or ""
        if not url.startswith(_HTTP):
            return real_send(adapter, request, *args, **options)
        body = request.body or b""
        try:
            answer = answer_of(
                network,
                method=request.method or "GET",
                target=request.path_url,
                headers=[("Host", urlsplit(url).netloc), *request.headers.items()],
                body=body.encode() if isinstance(body, str) else body,
            )
        except Lost as lost:
            clock.advance(lost.sim_seconds)
            error = requests.exceptions.ReadTimeout if lost.how == "timeout" else requests.exceptions.ConnectionError
            raise error(str(lost), request=request) from lost
        return _received(answer, request)

    real_send = HTTPAdapter.send
    HTTPAdapter.send = send  # type: ignore[assignment, method-assign]
    try:
        yield
    finally:
        HTTPAdapter.send = real_send  # type: ignore[method-assign]


def _received(answer: Response, request: requests.PreparedRequest) -> requests.Response:
    """The answer as ``requests`` has one that came over a socket."""
    received = requests.Response()
    received.status_code = answer.status_code
    received.reason = answer.status.partition(" ")[2]
    received.headers = CaseInsensitiveDict(answer.headers.items())
    received.encoding = get_encoding_from_headers(received.headers)
    received.raw = io.BytesIO(answer.get_data())
    received.url, received.request = request.url or "", request
    return received
