"""In-process door to the hosted monitoring: Prometheus' HTTP API, as far as the platform asks it."""

from __future__ import annotations

import json
from typing import Any

import requests
import responses

from simulation.world.monitoring.monitor import ActiveAlert, Monitor

ALERTS_PATH = "/api/v1/alerts"


def install(network: responses.RequestsMock, monitor: Monitor, *, base_url: str) -> None:
    """Answer ``GET {base_url}/api/v1/alerts`` with what is pending or fires at that instant."""

    def answer(_: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
        return 200, {}, page(monitor)

    network.add_callback(responses.GET, f"{base_url}{ALERTS_PATH}", callback=answer, content_type="application/json")


def page(monitor: Monitor) -> str:
    """The body of an answer."""
    alerts = [_as_prometheus_tells_it(active) for active in monitor.active]
    return json.dumps({"status": "success", "data": {"alerts": alerts}})


def _as_prometheus_tells_it(active: ActiveAlert) -> dict[str, Any]:
    rule = active.rule
    return {
        "labels": {"alertname": rule.alert, **active.labels},
        "annotations": active.annotations,
        "state": "pending" if active.fired is None else "firing",
        "activeAt": f"{active.since:%Y-%m-%dT%H:%M:%SZ}",
        "value": f"{active.value:e}",
    }
