"""How Stripe, score provider and monitoring call the platform: the history has each request under its caller's name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from wsgiref.types import WSGIApplication

import httpx
from werkzeug.test import EnvironBuilder, run_wsgi_app

from simulation.witness.exchange import NO_ANSWER, PLATFORM_URL, ExchangeContext
from simulation.world.provider.feed import PushedRequest

_LARGEST_PAGE_BYTES = 4 * 1024 * 1024
_ADMIN_TOKEN = "${ADMIN_TOKEN}"  # noqa: S105 - stands for one


@dataclass(frozen=True, kw_only=True)
class WebhookSender:
    """Delivers Stripe's webhooks to the platform."""

    http: httpx.Client
    context: ExchangeContext
    path: str

    def deliver(self, body: bytes, headers: Mapping[str, str], query: str = "") -> int | None:
        """POST a webhook; the status of the platform's answer, None when there is no answer.

        :param query: of the endpoint's URL at Stripe.
        """
        url = f"{self.path}?{query}" if query else self.path
        with self.context.acting("stripe"):
            status = self.http.post(url, content=body, headers=headers).status_code
        return None if status in NO_ANSWER else status


@dataclass(frozen=True, kw_only=True)
class ScoreSender:
    """Sends what a score provider tells by itself to the platform."""

    http: httpx.Client
    context: ExchangeContext
    admin_token: Callable[[], str]
    """Asked for where a header wants one."""

    def send(self, request: PushedRequest) -> int | None:
        """The status of the platform's answer, None when there is no answer."""
        headers = {
            name: value.replace(_ADMIN_TOKEN, self.admin_token()) if _ADMIN_TOKEN in value else value
            for name, value in request.headers.items()
        }
        with self.context.acting("provider"):
            status = self.http.request(request.method, request.path, content=request.body, headers=headers).status_code
        return None if status in NO_ANSWER else status


@dataclass(frozen=True, kw_only=True)
class MetricsScraper:
    """Asks the platform for its metrics. The request is built once and repeated thousands of times."""

    app: WSGIApplication
    context: ExchangeContext
    path: str
    """Of the metrics endpoint."""

    @cached_property
    def _environ(self) -> dict[str, Any]:
        return EnvironBuilder(self.path, PLATFORM_URL).get_environ()

    def scrape(self) -> str | None:
        """Body of the metrics endpoint, None when it fails. Raises ``ValueError`` for one too large or not in UTF-8."""
        with self.context.acting("monitor"):
            body, status, _ = run_wsgi_app(self.app, dict(self._environ))
        if not status.startswith("200"):
            return None
        page = b"".join(body)
        if len(page) > _LARGEST_PAGE_BYTES:
            raise ValueError(f"{len(page)} bytes; at most {_LARGEST_PAGE_BYTES} are read")
        return page.decode()
