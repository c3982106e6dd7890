"""In-process door to the score provider: the platform's ``requests`` calls end here and never reach a network."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

import requests
import responses

from simulation.world.provider import ProviderTimeout, ScoreProvider


def install(responses_mock: responses.RequestsMock, provider: ScoreProvider) -> None:
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
