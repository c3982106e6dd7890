"""Active alerts, from the hosted monitoring that has them: the platform keeps no alerts of its own
(fixtures/spec/requirements.md, B-22).

The protocol is Prometheus' HTTP API (``GET /api/v1/alerts``), which the hosted providers offer too.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import PurePosixPath
from typing import Any, Literal

import requests

_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Alert:
    """One alert that is pending or fires. ``runbook`` is the name of the one to carry out, if one is linked."""

    alert: str
    severity: str
    state: str
    since: str
    labels: dict[str, str]
    summary: str
    runbook: str | None


@dataclass(frozen=True, kw_only=True)
class Alerts:
    """What the monitoring said. Unless ``status`` is ``ok`` an empty list means "we do not know", not "none"."""

    status: Literal["ok", "unreachable", "not_connected"]
    active: tuple[Alert, ...] = ()

    def as_json(self) -> dict[str, Any]:
        return {"status": self.status, "active": [asdict(alert) for alert in self.active]}


class HostedAlerting:
    """Asks the monitoring. :param base_url: where it answers; empty: none is connected."""

    def __init__(self, *, base_url: str) -> None:
        self._base_url = base_url.rstrip("/")
        self._session = requests.Session()
        self._session.trust_env = False  # the machine's proxy settings and .netrc must not apply

    def alerts(self) -> Alerts:
        """The alerts as of now, not cached: a page about alerts must not be a minute old. Never raises."""
        if not self._base_url:
            return Alerts(status="not_connected")
        try:
            answer = self._session.get(f"{self._base_url}/api/v1/alerts", timeout=_TIMEOUT_SECONDS)
            answer.raise_for_status()
            return Alerts(status="ok", active=tuple(_alert(raw) for raw in answer.json()["data"]["alerts"]))
        except (requests.RequestException, ValueError, KeyError, TypeError, AttributeError):
            return Alerts(status="unreachable")

    def close(self) -> None:
        """Close the connections."""
        self._session.close()


def _alert(raw: dict[str, Any]) -> Alert:
    labels = {str(name): str(value) for name, value in raw["labels"].items()}
    annotations = raw["annotations"]
    link = annotations.get("runbook_url")
    return Alert(
        alert=labels.pop("alertname"),
        severity=labels.pop("severity", "none"),
        state=str(raw["state"]),
        since=str(raw["activeAt"]),
        labels=labels,
        summary=str(annotations.get("summary", "")),
        runbook=PurePosixPath(link).stem if link else None,
    )
