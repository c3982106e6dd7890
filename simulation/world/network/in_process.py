"""The external network for a platform in this process: what it sends through ``requests`` never leaves the process."""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from wsgiref.types import WSGIApplication

import requests
import responses

from simulation.clock import SimulationClock
from simulation.world.network.external import Lost, answer_of

_ANY_URL = re.compile("^https?://")
_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def intercept(mock: responses.RequestsMock, network: WSGIApplication, *, clock: SimulationClock) -> None:
    """Have ``network`` answer every HTTP request of this process.

    A lost answer raises what ``requests`` raises, after its simulated seconds.
    """

    def reply(request: requests.PreparedRequest) -> tuple[int, dict[str, str], bytes]:
        body = request.body or b""
        try:
            answer = answer_of(
                network,
                method=request.method or "GET",
                target=request.path_url,
                headers=[("Host", urlsplit(request.url or "").netloc), *request.headers.items()],
                body=body.encode() if isinstance(body, str) else body,
            )
        except Lost as lost:
            clock.advance(lost.sim_seconds)
            error = requests.exceptions.ReadTimeout if lost.how == "timeout" else requests.exceptions.ConnectionError
            raise error(str(lost), request=request) from lost
        return answer.status_code, dict(answer.headers), answer.get_data()

    for method in _METHODS:
        mock.add_callback(method, _ANY_URL, callback=reply, content_type=None)
