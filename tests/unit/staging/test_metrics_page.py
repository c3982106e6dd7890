"""The metrics page in front of Flask: the same answers, errors too, that Flask would give."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy.exc import TimeoutError as PoolExhausted

from simulation.staging.operations import metrics
from simulation.staging.platform import Platform
from simulation.staging.settings import Settings

SETTINGS = Settings(
    environment="test", database_url="postgresql+psycopg://nobody@/nothing?host=/nowhere", stripe_api_key="",
    stripe_webhook_secret="", admin_jwt_secret="", provider_base_url="https://provider.test",
)  # fmt: skip


@pytest.fixture
def lines() -> list[str]:
    return []


@pytest.fixture
def platform(lines: list[str], monkeypatch: pytest.MonkeyPatch) -> Platform:
    monkeypatch.setattr(metrics, "exposition", lambda *_: "up 1\n")
    return Platform(SETTINGS, log=lines.append)


def requests_counted(platform: Platform) -> tuple[int, int]:
    page: Any = platform.wsgi.wsgi_app
    totals: tuple[int, int] = page._api.levels.requests.totals()
    return totals


def test_the_page_is_answered_with_the_id_of_the_ingress(platform: Platform) -> None:
    answer = platform.wsgi.test_client().get("/metrics", headers={"X-Request-Id": "scrape-7"})
    assert (answer.status_code, answer.text, answer.headers["X-Request-Id"]) == (200, "up 1\n", "scrape-7")
    assert answer.content_type == "text/plain; version=0.0.4; charset=utf-8"
    assert requests_counted(platform) == (1, 0)


def test_a_head_has_the_same_headers_and_no_body(platform: Platform) -> None:
    client = platform.wsgi.test_client()
    get, head = client.get("/metrics"), client.head("/metrics")
    assert (head.status_code, head.text) == (200, "")
    assert [head.headers[name] for name in ("Content-Type", "Content-Length")] == [
        get.headers[name] for name in ("Content-Type", "Content-Length")
    ]


@pytest.mark.parametrize(
    ("error", "status", "code"),
    [(RuntimeError("no page"), 500, "internal_error"), (PoolExhausted(), 503, "database_connection_pool_exhausted")],
)
def test_what_breaks_the_page_is_answered_and_logged_as_everywhere(
    error: Exception, status: int, code: str, platform: Platform, lines: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> str:
        raise error

    monkeypatch.setattr(metrics, "exposition", broken)
    answer = platform.wsgi.test_client().get("/metrics")
    assert (answer.status_code, answer.get_json()["error"]) == (status, code)
    assert requests_counted(platform) == (1, 1)
    assert [line for line in lines if f"request_id={answer.headers['X-Request-Id']}" in line] == lines != []


def test_no_other_address_is_taken(platform: Platform) -> None:
    client = platform.wsgi.test_client()
    assert client.get("/metrics/more").status_code == 404
    assert client.post("/metrics").status_code == 405
    assert client.get("/health").get_json() == {"status": "ok"}
