"""The network outside the platform: a host is one application, any other is refused, and an answer can be lost."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
import requests

from simulation.clock import SimulationClock
from simulation.events import HostRefused
from simulation.history import Recorder
from simulation.world.network.external import ExternalNetwork, Lost
from simulation.world.network.in_process import intercepted
from simulation.world.network.threaded import OneAtATime, listening

START = datetime(2026, 3, 1, tzinfo=UTC)


class Service:
    """Answers with what it was asked, or loses the answer."""

    def __init__(self, lost: Lost | None = None) -> None:
        self.lost = lost

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if self.lost is not None:
            raise self.lost
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        start_response("201 Created", [("X-Key", environ.get("HTTP_IDEMPOTENCY_KEY", "none"))])
        return [f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}?{environ['QUERY_STRING']} ".encode(), body]


@pytest.fixture
def clock() -> SimulationClock:
    return SimulationClock(start=START)


def test_a_request_reaches_the_application_of_its_host_whole(clock: SimulationClock) -> None:
    network = ExternalNetwork(Recorder(clock=clock))
    network.add(["api.stripe.com"], Service())
    with intercepted(network, clock=clock):
        answer = requests.post(
            "https://API.stripe.com:443/v1/a%20b?c=d", data=b"body", headers={"Idempotency-Key": "k"}, timeout=5
        )
    assert (answer.status_code, answer.text, answer.headers["X-Key"]) == (201, "POST /v1/a b?c=d body", "k")


def test_any_other_host_is_refused_and_recorded_once(clock: SimulationClock) -> None:
    recorder = Recorder(clock=clock)
    network = ExternalNetwork(recorder)
    network.add(["api.stripe.com"], Service())
    with intercepted(network, clock=clock):
        for method in ("GET", "PUT"):
            with pytest.raises(requests.exceptions.ConnectionError, match=r"hooks\.slack\.com: no such host"):
                requests.request(method, "https://hooks.slack.com/services", timeout=5)
    assert [event.host for event in recorder.events if isinstance(event, HostRefused)] == ["hooks.slack.com"]
    assert clock.now == START


@pytest.mark.parametrize(
    ("how", "error"),
    [
        ("timeout", requests.exceptions.ReadTimeout),
        ("reset", requests.exceptions.ConnectionError),
        ("killed", requests.exceptions.ConnectionError),
    ],
)
def test_a_lost_answer_is_an_error_of_the_client_after_its_time(how: Any, error: type, clock: SimulationClock) -> None:
    lost = Service(Lost("no answer", sim_seconds=30, how=how))
    with intercepted(lost, clock=clock), pytest.raises(error, match="no answer") as raised:
        requests.get("https://api.stripe.com/v1/balance", timeout=5)
    assert type(raised.value) is error
    assert clock.now == START + timedelta(seconds=30)


def test_over_real_http_a_lost_answer_is_a_gateway_timeout(clock: SimulationClock) -> None:
    guarded = OneAtATime(clock).guarded(Service(Lost("no answer", sim_seconds=30, how="timeout")), before_each=list)
    with listening(guarded) as url:
        assert httpx.get(url).status_code == 504
    assert clock.now == START + timedelta(seconds=30)


def test_a_taken_port_is_an_error_that_can_be_said_and_ends_no_program() -> None:
    with listening(Service(Lost("", sim_seconds=0, how="reset"))) as url:
        port = int(url.rpartition(":")[2])
        with (
            pytest.raises(OSError, match="in use"),
            listening(Service(Lost("", sim_seconds=0, how="reset")), port=port),
        ):
            pytest.fail("served on a port that is taken")


def test_requests_of_several_clients_are_served_one_at_a_time(clock: SimulationClock) -> None:
    inside, most = [0], [0]
    release = threading.Event()

    def app(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        inside[0] += 1
        most[0] = max(most[0], inside[0])
        release.wait(0.05)
        inside[0] -= 1
        start_response("200 OK", [])
        return [environ["HTTP_X_REQUEST_ID"].encode()]

    told: list[str] = []
    with listening(OneAtATime(clock).guarded(app, before_each=list)) as url:
        clients = [threading.Thread(target=lambda: told.append(httpx.get(url).text)) for _ in range(4)]
        for client in clients:
            client.start()
        for client in clients:
            client.join()
    assert most == [1]
    assert sorted(told) == ["http-1", "http-2", "http-3", "http-4"]
