"""The doors by which the world reaches a platform in this process, each with its name on the record."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from wsgiref.types import WSGIApplication

import httpx
from werkzeug.test import EnvironBuilder, run_wsgi_app

from simulation.witness.exchange import ExchangeContext

PLATFORM_URL = "http://platform.test"


@dataclass(frozen=True, kw_only=True)
class WebhookDoor:
    """Stripe's way to the platform."""

    http: httpx.Client
    context: ExchangeContext

    def deliver(self, body: bytes, headers: Mapping[str, str]) -> int | None:
        """POST a webhook; the status the platform answered."""
        with self.context.acting("stripe"):
            return self.http.post("/api/webhooks/stripe", content=body, headers=headers).status_code


@dataclass(frozen=True, kw_only=True)
class MetricsDoor:
    """The monitor's way to the platform: one request made once and repeated, since it is asked thousands of times."""

    app: WSGIApplication
    context: ExchangeContext
    _environ: dict[str, Any] = field(default_factory=lambda: EnvironBuilder("/metrics", PLATFORM_URL).get_environ())

    def scrape(self) -> str | None:
        """Body of the metrics endpoint, None when it fails."""
        with self.context.acting("monitor"):
            body, status, _ = run_wsgi_app(self.app, dict(self._environ))
        return b"".join(body).decode() if status.startswith("200") else None
