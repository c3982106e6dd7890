"""The twin's door for a platform in this process: api.stripe.com behind ``responses``."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import requests
import responses

from simulation.world.provider.provider import ProviderTimeout, ScoreProvider
from simulation.world.stripe.errors import TwinReset, TwinTimeout
from simulation.world.stripe.twin import API_URL, StripeTwin

_EVERY_PATH = re.compile(rf"^{re.escape(API_URL)}/")
_METHODS = ("GET", "POST", "DELETE")
_Reply = tuple[int, dict[str, str], bytes]


def install_stripe(mock: responses.RequestsMock, twin: StripeTwin) -> None:
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


def install_provider(responses_mock: responses.RequestsMock, provider: ScoreProvider) -> None:
    """Answer every GET below ``provider.base_url``. A held-back answer costs its simulated seconds, then times out."""

    def answer(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        path = urlsplit(request.url or "").path
        try:
            response = provider.handle(path=str(path), headers=request.headers)
        except ProviderTimeout as timeout:
            provider.kernel.clock.advance(timeout.sim_seconds)
            raise requests.exceptions.ReadTimeout(str(timeout), request=request) from timeout
        return response.status, response.headers, response.body

    responses_mock.add_callback(
        responses.GET, re.compile(rf"^{re.escape(provider.base_url)}/"), callback=answer, content_type=None
    )


_ALL_METHODS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


def refuse_others(network: responses.RequestsMock, *, known: Sequence[str], refused: Callable[[str], None]) -> None:
    """Refuse every request but those whose URL begins with one of ``known``."""

    def refuse(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        host = urlsplit(request.url or "").hostname or ""
        refused(host)
        raise requests.exceptions.ConnectionError(f"{host}: no such host", request=request)

    others = re.compile(rf"^(?!{'|'.join(re.escape(url) for url in known)})")
    for method in _ALL_METHODS:
        network.add_callback(method, others, callback=refuse, content_type=None)
