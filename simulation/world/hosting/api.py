"""The provider's control API: JSON over HTTP, with a token of its own, for whoever operates the services."""

from __future__ import annotations

import hmac
import json
from typing import Any

from werkzeug.wrappers import Request, Response

from simulation.world.hosting.provider import SIZES, Conflict, HostingProvider

_PREFIX = "/v1/services/"


class HostingApi:
    """WSGI application. ``GET /v1/services[/NAME]``, ``GET /v1/sizes``, ``GET /v1/actions``;
    ``POST /v1/services/platform/{drain,admit,stop,start}`` and ``/v1/services/database/resize``, each with a reason.
    """

    def __init__(self, provider: HostingProvider, *, token: str) -> None:
        self._provider = provider
        self._token = token

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Any:
        request = Request(environ)
        return self._answer(request)(environ, start_response)

    def _answer(self, request: Request) -> Response:
        given = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), self._token.encode()):
            return _refused(401, "unauthorized", "the hosting API needs its own token")
        if request.method == "GET":
            return self._page(request.path)
        if request.method != "POST" or not request.path.startswith(_PREFIX):
            return _refused(404, "not_found", request.path)
        body = request.get_json(force=True, silent=True)
        body = body if isinstance(body, dict) else {}
        reason = body.get("reason")
        if not isinstance(reason, str) or not reason.strip():
            return _refused(400, "missing_required_fields", "missing: reason")
        try:
            return self._act(request.path.removeprefix(_PREFIX), body, reason.strip())
        except Conflict as error:
            return _refused(409, "conflict", str(error))

    def _act(self, action: str, body: dict[str, Any], reason: str) -> Response:
        provider = self._provider
        actions = {
            "platform/drain": provider.drain,
            "platform/admit": provider.admit,
            "platform/stop": provider.stop,
            "platform/start": provider.start,
        }
        if action in actions:
            actions[action](reason)
        elif action == "database/resize":
            provider.resize(str(body.get("size")), reason)
        else:
            return _refused(404, "not_found", action)
        return _json({"accepted": True, **self._services()[action.partition("/")[0]]}, status=202)

    def _page(self, path: str) -> Response:
        services = self._services()
        pages: dict[str, object] = {
            "/v1/services": {"services": list(services.values())},
            "/v1/sizes": {"sizes": [{"name": size.name, "max_connections": size.max_connections} for size in SIZES]},
            "/v1/actions": {
                "actions": [
                    {"at": f"{one.at:%Y-%m-%dT%H:%M:%SZ}", "service": one.service, "action": one.action,
                     "detail": one.detail, "reason": one.reason}
                    for one in self._provider.requests
                ]
            },
            **{f"{_PREFIX}{name}": service for name, service in services.items()},
        }  # fmt: skip
        return _json(pages[path]) if path in pages else _refused(404, "not_found", path)

    def _services(self) -> dict[str, dict[str, object]]:
        provider = self._provider
        return {
            "platform": {
                "name": "platform",
                "state": provider.platform_state,
                "draining": provider.service.draining,
                "instance": provider.service.instance,
            },
            "database": {
                "name": "database",
                "state": provider.database_state,
                "size": provider.size.name,
                "max_connections": provider.size.max_connections,
            },
        }


def _json(document: object, *, status: int = 200) -> Response:
    return Response(json.dumps(document), status=status, content_type="application/json")


def _refused(status: int, error: str, message: str) -> Response:
    return _json({"error": error, "message": message}, status=status)
