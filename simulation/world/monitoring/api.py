"""The hosted monitoring's HTTP API, which is Prometheus', as far as the platform asks it."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any
from wsgiref.types import WSGIApplication

from werkzeug.wrappers import Request, Response

from simulation.world.monitoring.rule_evaluation import ActiveAlert

ALERTS_PATH = "/api/v1/alerts"


def alerts_app(active_now: Callable[[], Sequence[ActiveAlert]]) -> WSGIApplication:
    """``GET /api/v1/alerts``: the alerts that are pending or fire at that instant; 404 for everything else."""

    @Request.application
    def answer(request: Request) -> Response:
        if (request.method, request.path) != ("GET", ALERTS_PATH):
            return Response(status=404)
        alerts = [_as_prometheus_tells_it(active) for active in active_now()]
        document = {"status": "success", "data": {"alerts": alerts}}
        return Response(json.dumps(document), content_type="application/json")

    return answer


def _as_prometheus_tells_it(active: ActiveAlert) -> dict[str, Any]:
    rule = active.rule
    return {
        "labels": {"alertname": rule.alert, **active.labels},
        "annotations": active.annotations,
        "state": "pending" if active.fired is None else "firing",
        "activeAt": f"{active.since:%Y-%m-%dT%H:%M:%SZ}",
        "value": f"{active.value:e}",
    }
