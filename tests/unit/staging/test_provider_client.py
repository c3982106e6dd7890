"""The provider's client: what it asks, and that a request it kept is the one it would have made."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import pytest

from simulation.clock import SimulationClock
from simulation.staging.clients.provider import Payload, Provider, Unchanged
from simulation.world.network.in_process import intercepted

START = datetime(2026, 3, 1, tzinfo=UTC)


class Feed:
    """Answers with its board and its tag, as long as nobody has it; remembers what it was asked."""

    def __init__(self) -> None:
        self.tag = '"1"'
        self.asked: list[tuple[str, str | None]] = []

    def __call__(self, environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        known = environ.get("HTTP_IF_NONE_MATCH")
        self.asked.append((environ["PATH_INFO"].rpartition("/")[2], known))
        if known == self.tag:
            start_response("304 Not Modified", [("ETag", self.tag)])
            return []
        start_response("200 OK", [("ETag", self.tag), ("Content-Type", "application/json")])
        return [b"{}"]


@pytest.fixture
def client() -> Provider:
    return Provider(base_url="https://scores.test/", timeout_seconds=5, retry_delays_seconds=(), sleep=lambda _: None)


def test_every_poll_asks_for_its_own_tournament_with_its_own_tag(client: Provider) -> None:
    feed = Feed()
    with intercepted(feed, clock=SimulationClock(start=START)):
        assert client.fetch("open", None) == Payload(text="{}", etag='"1"')
        assert client.fetch("open", '"1"') == client.fetch("open", '"1"') == Unchanged()
        assert client.fetch("masters", '"1"') == Unchanged()
        feed.tag = '"2"'
        assert client.fetch("open", '"1"') == Payload(text="{}", etag='"2"')
        assert client.fetch("open", '"2"') == Unchanged()
        assert client.fetch("open", None) == Payload(text="{}", etag='"2"')
    known = ['"1"', '"1"', '"1"', '"1"', '"2"']
    assert feed.asked == list(
        zip(["open", "open", "open", "masters", "open", "open", "open"], [None, *known, None], strict=True)
    )
