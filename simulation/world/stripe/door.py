"""The twin's door for a platform in this process: api.stripe.com behind ``responses``."""

from __future__ import annotations

import re

import requests
import responses

from simulation.world.stripe.errors import TwinReset, TwinTimeout
from simulation.world.stripe.twin import API_URL, StripeTwin

_EVERY_PATH = re.compile(rf"^{re.escape(API_URL)}/")
_METHODS = ("GET", "POST", "DELETE")
_Reply = tuple[int, dict[str, str], bytes]


def install(mock: responses.RequestsMock, twin: StripeTwin) -> None:
    """Answer every request to Stripe from the twin.

    Lost calls raise what ``requests`` raises, after their simulated seconds.
    """

    def reply(request: requests.PreparedRequest) -> _Reply:
        body = request.body or b""
        try:
            answer = twin.handle(
                method=request.method or "GET",
                url=request.url or API_URL,
                headers=request.headers,
                body=body.encode() if isinstance(body, str) else body,
            )
        except TwinTimeout as lost:
            twin.clock.advance(lost.sim_seconds)
            raise requests.exceptions.ReadTimeout(str(lost)) from lost
        except TwinReset as lost:
            twin.clock.advance(lost.sim_seconds)
            raise requests.exceptions.ConnectionError(str(lost)) from lost
        twin.clock.advance(answer.sim_seconds)
        return answer.status, dict(answer.headers), answer.body

    for method in _METHODS:
        mock.add_callback(method, _EVERY_PATH, callback=reply, content_type=None)
