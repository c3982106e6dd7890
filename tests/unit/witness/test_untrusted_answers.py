"""A platform's answers are written down whatever they are, and a page of another form is a false claim, not an end."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from simulation.clock import Kernel, SimulationClock
from simulation.events import Exchange, Sample
from simulation.history import Recorder, line_of
from simulation.targets.platform_people import PlatformPeople
from simulation.witness.dashboards import DashboardSampler
from simulation.witness.exchange import PLATFORM_URL, ExchangeContext, ExchangeWitness
from simulation.witness.samples import Sampler

START = datetime(2026, 3, 1, tzinfo=UTC)
NONSENSE = [
    pytest.param(b"\x00\xff{{{", id="no text"),
    pytest.param(b"<html>", id="no JSON"),
    pytest.param(b"", id="nothing"),
    pytest.param(b"[1, 2]", id="a list"),
    pytest.param(b"{}", id="an object without fields"),
    pytest.param(b'{"user_id": "\\ud800", "as_of": "\\udfff", "error": "\\ud800"}', id="half a surrogate pair"),
    pytest.param(b"[" * 50_000 + b"]" * 50_000, id="deep"),
    pytest.param(b'{"user_id":' * 5_000 + b"1" + b"}" * 5_000, id="deep object"),
    pytest.param(b'{"user_id": NaN, "as_of": 1e400}', id="no number"),
    pytest.param(b'{"user_id": ' + b"9" * 5_000 + b"}", id="a number of thousands of digits"),
    pytest.param(b'{"user_id": "' + b"z" * 10_000_000 + b'"}', id="10 MB"),
    pytest.param(b'{"user_id": "' + b'\\"' * 1_000_000, id="an open string"),
    pytest.param(b'{"user_id": "a\\u0000b", "as_of": "\\u001b]0;x\\u0007"}', id="control characters"),
    pytest.param(b'{"user_id": {"a": 1}, "counts_by_status": {"paid": "many"}, "contests": 5}', id="wrong types"),
    pytest.param(
        b'{"counts_by_status": {"paid": 1e308}, "refunds": {"x": [1]}, "contests": [{"id": 1, "stage": {}}],'
        b' "executions": [7], "hours": [{"hour": 3}], "counting_since": "now", "alerts": {"status": []}}',
        id="nearly right",
    ),
]


class Platform:
    """Gives the same answer to everybody."""

    def __init__(self, body: bytes) -> None:
        self.body = body

    def __call__(self, environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        start_response("200 OK", [("Content-Type", "application/json")])
        return [self.body]


class Database:
    """An observer of an empty database."""

    def rows(self, relation: str) -> list[Any]:
        return []

    rows_if_any = rows

    def rows_without(self, relation: str, column: str, value: str) -> list[Any]:
        return []


class World:
    def __init__(self, body: bytes) -> None:
        self.kernel = Kernel(SimulationClock(start=START))
        self.recorder = Recorder(clock=self.kernel.clock)
        self.context = ExchangeContext()
        self.exchange = ExchangeWitness(Platform(body), recorder=self.recorder, context=self.context)
        self.http = httpx.Client(transport=httpx.WSGITransport(app=self.exchange), base_url=PLATFORM_URL)

    def of(self, kind: type) -> list[Any]:
        """Events of a kind, each of which can be written to a history and read again."""
        found = [event for event in self.recorder.events if isinstance(event, kind)]
        for event in found:
            line = line_of(event)
            assert type(event).model_validate_json(line.encode()) == event
            json.loads(line, parse_constant=pytest.fail)
            assert len(line) < 100_000
        return found


@pytest.mark.parametrize("body", NONSENSE)
def test_any_answer_is_an_exchange_of_the_history(body: bytes) -> None:
    world = World(body)
    assert world.http.post("/api/users", json={}).content == body
    (exchange,) = world.of(Exchange)
    assert exchange.status == 200


def test_a_secret_is_withheld_in_an_answer_that_is_no_plain_json_too() -> None:
    world = World(b'{"client_secret": "pi_1_secret_2", "x": "\\ud800"}')
    world.http.post("/api/payments/intents", json={})
    assert world.of(Exchange)[0].response_body == "(withheld)"


@pytest.mark.parametrize("body", NONSENSE)
def test_a_person_whose_app_cannot_read_the_answer_gives_up(body: bytes) -> None:
    world = World(body)
    people = PlatformPeople(http=world.http, context=world.context)
    with pytest.raises(httpx.DecodingError, match="user_id of POST /api/users: "):
        people.sign_up(name="Paula", email="paula@platform.test")


@pytest.mark.parametrize("body", NONSENSE)
def test_diagnostics_of_another_form_are_said_to_be_that(body: bytes) -> None:
    world = World(body)
    sampler = Sampler(
        kernel=world.kernel, recorder=world.recorder, observer=Database(), http=world.http,  # type: ignore[arg-type]
        token=lambda: "token", context=world.context, interval_seconds=60,
    )  # fmt: skip
    sampler.take()
    samples = world.of(Sample)
    assert len(samples) == 4
    assert all(sample.reported != sample.observed for sample in samples)


@pytest.mark.parametrize("body", NONSENSE)
def test_dashboards_of_another_form_are_said_to_be_that(body: bytes) -> None:
    world = World(body)
    sampler = DashboardSampler(
        kernel=world.kernel, recorder=world.recorder, witnesses=_Witnesses(world.exchange), http=world.http,  # type: ignore[arg-type]
        token=lambda: "token", context=world.context, every_scrapes=1,
    )  # fmt: skip
    sampler.take("operational", "contest-status", "error-trends")
    samples = world.of(Sample)
    assert {sample.endpoint.rpartition("/")[2] for sample in samples} == {
        "operational", "contest-status", "error-trends",
    }  # fmt: skip
    assert all(sample.reported != sample.observed for sample in samples if sample.subject in ("form", "as of"))
    assert any(sample.subject in ("form", "as of") for sample in samples)


def test_an_alert_that_a_page_does_not_show_is_said_to_be_missing_there() -> None:
    world = World(b'{"as_of": "now", "alerts": {"status": "unreachable", "active": []}}')
    witnesses = _Witnesses(world.exchange, firing=[SimpleNamespace(alert="Stuck", runbook="stuck")])
    sampler = DashboardSampler(
        kernel=world.kernel, recorder=world.recorder, witnesses=witnesses, http=world.http,  # type: ignore[arg-type]
        token=lambda: "token", context=world.context, every_scrapes=1,
    )  # fmt: skip
    sampler.take("operational")
    (sample,) = [sample for sample in world.of(Sample) if sample.subject == "runbook behind the link of Stuck"]
    assert (sample.reported, sample.observed) == ("the page does not show the alert", "what it says")


class _Witnesses:
    def __init__(self, exchange: ExchangeWitness, firing: Sequence[Any] = ()) -> None:
        self.runbooks = {"stuck": "what it says"}
        self._firing = list(firing)
        self.observer = Database()
        self.served: dict[str, Any] = {}
        self.exchange = exchange

    def firing(self) -> list[Any]:
        return self._firing

    def scraped(self, series: str) -> float:
        return 1.0

    def locked_out(self) -> bool:
        return False
