"""The transport below Stripe's client waits as long as Stripe asks, and takes a rolled key up by itself."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import requests
import responses
import stripe

from simulation.clock import SimulationClock
from simulation.staging.clients.stripe import StripeGateway
from simulation.staging.clients.stripe_transport import ApiKey

START = datetime(2026, 3, 1, tzinfo=UTC)
TRANSFER = {
    "amount_cents": 100,
    "destination": "acct_1",
    "currency": "usd",
    "group": "g",
    "metadata": {},
    "idempotency_key": "k",
}
URL = "https://api.stripe.com/v1"
BALANCE = {"object": "balance", "available": [], "pending": []}


@pytest.fixture
def clock() -> Iterator[SimulationClock]:
    simulated = SimulationClock(start=START)
    with simulated.frozen():
        yield simulated


def gateway(key: ApiKey) -> StripeGateway:
    return StripeGateway(api_key=key, base_url="https://api.stripe.com", timeout_seconds=30)


def limited(stubs: responses.RequestsMock, *, retry_after: str) -> None:
    body = {"error": {"type": "invalid_request_error", "code": "rate_limit", "message": "too many"}}
    stubs.post(f"{URL}/transfers", status=429, json=body, headers={"Retry-After": retry_after})


@pytest.mark.parametrize("retry_after", ["120", "Sun, 01 Mar 2026 00:02:00 GMT"])
def test_a_resource_that_asks_to_wait_is_not_called_before_the_time_it_named(
    clock: SimulationClock, retry_after: str
) -> None:
    ours = gateway(ApiKey("sk_test_x"))
    with responses.RequestsMock() as stubs:
        limited(stubs, retry_after=retry_after)
        stubs.get(f"{URL}/balance", json=BALANCE)
        for _ in range(2):
            with pytest.raises(stripe.RateLimitError):
                ours.create_transfer(**TRANSFER)  # type: ignore[arg-type]
        assert [str(call.request.url) for call in stubs.calls] == [f"{URL}/transfers"]
        assert (ours.must_wait("/v1/transfers"), ours.must_wait("/v1/balance")) == (True, False)
        ours.balance()
    clock.move_to(START + timedelta(seconds=120))
    assert not ours.must_wait("/v1/transfers")


@pytest.mark.parametrize("said", ["", "soon"])
def test_without_a_time_to_wait_the_next_call_goes_out(clock: SimulationClock, said: str) -> None:
    ours = gateway(ApiKey("sk_test_x"))
    with responses.RequestsMock() as stubs:
        limited(stubs, retry_after=said)
        with pytest.raises(stripe.RateLimitError):
            ours.create_transfer(**TRANSFER)  # type: ignore[arg-type]
    assert not ours.must_wait("/v1/transfers")


def _by_key(request: requests.PreparedRequest) -> tuple[int, dict[str, str], str]:
    if request.headers["Authorization"] == "Bearer sk_test_new":
        return 200, {}, '{"object": "balance", "available": [{"amount": 7, "currency": "usd"}], "pending": []}'
    return 401, {}, '{"error": {"type": "invalid_request_error", "code": "api_key_expired", "message": "expired"}}'


def test_a_rolled_key_is_taken_up_at_the_first_refusal_after_it_has_come(tmp_path: Path) -> None:
    file = tmp_path / "stripe.key"
    file.write_text("sk_test_old\n")
    ours = gateway(ApiKey("", str(file)))
    with responses.RequestsMock() as stubs:
        stubs.add_callback(responses.GET, f"{URL}/balance", callback=_by_key)
        with pytest.raises(stripe.AuthenticationError):
            ours.balance()
        file.write_text("sk_test_new\n")
        assert ours.balance()["USD"].available_cents == 7
        assert ours.balance()["USD"].available_cents == 7
        assert len(stubs.calls) == 4


def test_a_key_file_that_is_gone_leaves_the_key_as_it_is(tmp_path: Path) -> None:
    key = ApiKey("sk_test_deployed", str(tmp_path / "nowhere"))
    assert (key.look_again(), key.current) == (False, "sk_test_deployed")
