"""The doors by which the world reaches a platform in this process, each with its name on the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any
from wsgiref.types import WSGIApplication

import httpx
from werkzeug.test import EnvironBuilder, run_wsgi_app

from simulation.witness.exchange import NO_ANSWER, PLATFORM_URL, ExchangeContext


@dataclass(frozen=True, kw_only=True)
class WebhookSender:
    """Stripe's way to the platform."""

    http: httpx.Client
    context: ExchangeContext
    path: str

    def deliver(self, body: bytes, headers: Mapping[str, str]) -> int | None:
        """POST a webhook; the status the platform answered, None when it gave no answer."""
        with self.context.acting("stripe"):
            status = self.http.post(self.path, content=body, headers=headers).status_code
        return None if status in NO_ANSWER else status


@dataclass(frozen=True, kw_only=True)
class MetricsScraper:
    """The monitor's way to the platform: one request made once and repeated, since it is asked thousands of times."""

    app: WSGIApplication
    context: ExchangeContext
    path: str | None
    """None: the platform has no such page."""

    @cached_property
    def _environ(self) -> dict[str, Any]:
        return EnvironBuilder(self.path or "", PLATFORM_URL).get_environ()

    def scrape(self) -> str | None:
        """Body of the metrics endpoint, None when it fails."""
        if self.path is None:
            return None
        with self.context.acting("monitor"):
            body, status, _ = run_wsgi_app(self.app, dict(self._environ))
        return b"".join(body).decode() if status.startswith("200") else None
