"""The staging platform as its hosting provider runs it: one instance behind a load balancer, stopped and started."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from simulation.staging.platform import Platform

_OPERATIONS = ("/api/admin/", "/health", "/metrics")
"""What the load balancer still lets through to an instance that is being drained."""


class PlatformService:
    """See :class:`simulation.targets.protocol.Service`.

    :param make: a new instance: own connections, own memory; called for each start.
    """

    def __init__(self, make: Callable[[], Platform]) -> None:
        self._make = make
        self._platform: Platform | None = make()
        self.instance = 1
        self.draining = False

    @property
    def running(self) -> bool:
        return self._platform is not None

    @property
    def platform(self) -> Platform:
        """The instance that runs. Raises RuntimeError when none does."""
        if self._platform is None:
            raise RuntimeError("the platform is stopped")
        return self._platform

    def drain(self) -> None:
        """Players and webhooks are turned away until :meth:`admit`; operations are not."""
        self.draining = True

    def admit(self) -> None:
        """Let everybody in again."""
        self.draining = False

    def stop(self) -> None:
        """End the instance: its connections are closed, what it kept in memory is gone."""
        if self._platform is not None:
            self._platform.close()
            self._platform = None

    def start(self) -> None:
        """Make a new instance, unless one runs."""
        if self._platform is None:
            self._platform = self._make()
            self._platform.resume()
            self.instance += 1

    def wsgi(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        """What the load balancer does with a request."""
        if self._platform is None:
            return _unavailable(start_response, "service_stopped")
        if self.draining and not str(environ.get("PATH_INFO", "")).startswith(_OPERATIONS):
            return _unavailable(start_response, "service_draining")
        answer: Iterable[bytes] = self._platform.wsgi(environ, start_response)
        return answer


def _unavailable(start_response: Callable[..., Any], error: str) -> Iterable[bytes]:
    body = json.dumps({"error": error, "message": "try again in a minute"}).encode()
    headers = [("Content-Type", "application/json"), ("Retry-After", "60"), ("Content-Length", str(len(body)))]
    start_response("503 Service Unavailable", headers)
    return [body]
