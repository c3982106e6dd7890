"""The metrics page, answered in front of Flask, as Prometheus' client for Python does it.

It is asked for more often than all else together, and needs neither routing nor a session. What it cannot answer, an
error too, goes on to the application.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any
from wsgiref.types import WSGIApplication

from simulation.staging.http.admission import request_id_of
from simulation.staging.http.api import Api
from simulation.staging.operations import metrics

PATH = "/metrics"
CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"
FAILURE = "simulation.staging.metrics_failure"
"""Key of the request's environment: what broke the page. The application answers it as every other error."""


class MetricsPage:
    """WSGI middleware: answers ``GET /metrics``, passes everything else on."""

    def __init__(self, app: WSGIApplication, api: Api) -> None:
        self._app = app
        self._api = api

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] != PATH or environ["REQUEST_METHOD"] != "GET":
            return self._app(environ, start_response)
        api = self._api
        request_id = request_id_of(environ.get("HTTP_X_REQUEST_ID", ""), api.runtime)
        try:
            page = metrics.exposition(api.runtime, api.levels, api.book).encode()
        except Exception as error:
            environ |= {FAILURE: error, "HTTP_X_REQUEST_ID": request_id}
            return self._app(environ, start_response)
        api.levels.requests.count(failed=False)
        headers = [("Content-Type", CONTENT_TYPE), ("Content-Length", str(len(page))), ("X-Request-Id", request_id)]
        start_response("200 OK", headers)
        return [page]
