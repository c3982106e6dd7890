"""The hosting provider's control API: what it lets happen, when it happens, and who is on record for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from werkzeug.test import Client

from simulation.clock import Kernel, SimulationClock
from simulation.events import HostingAction
from simulation.history import Recorder
from simulation.witness.exchange import ExchangeContext
from simulation.world.hosting.api import HostingApi
from simulation.world.hosting.provider import RESIZE_SECONDS, START_SECONDS, STOP_SECONDS, HostingProvider, Size

START = datetime(2026, 3, 1, tzinfo=UTC)
TOKEN = "the hosting token"


class FakeService:
    """A platform that only counts."""

    def __init__(self) -> None:
        self.running, self.draining, self.instance = True, False, 1

    def drain(self) -> None:
        self.draining = True

    def admit(self) -> None:
        self.draining = False

    def stop(self) -> None:
        self.running = False

    def start(self) -> None:
        self.running, self.instance = True, self.instance + 1


class Ground:
    def __init__(self) -> None:
        self.kernel = Kernel(SimulationClock(start=START))
        self.recorder = Recorder(clock=self.kernel.clock)
        self.context = ExchangeContext()
        self.service = FakeService()
        self.sizes: list[Size] = []
        self.looks: list[int] = []
        self.provider = HostingProvider(
            kernel=self.kernel,
            recorder=self.recorder,
            context=self.context,
            service=self.service,
            resize=self.sizes.append,
            look=lambda: self.looks.append(len(self.actions)),
        )
        self.client = Client(HostingApi(self.provider, token=TOKEN))

    @property
    def actions(self) -> list[HostingAction]:
        return [event for event in self.recorder.events if isinstance(event, HostingAction)]

    def post(self, action: str, token: str = TOKEN, **body: object) -> Any:
        with self.context.acting("operator", execution_id="x-1"):
            return self.client.post(
                f"/v1/services/{action}", json={"reason": "why", **body}, headers={"Authorization": f"Bearer {token}"}
            )

    def get(self, path: str) -> Any:
        return self.client.get(path, headers={"Authorization": f"Bearer {TOKEN}"}).json

    def pass_time(self, seconds: int) -> None:
        self.kernel.run_until(self.kernel.now + timedelta(seconds=seconds))


@pytest.fixture
def ground() -> Ground:
    return Ground()


def test_a_drained_platform_stops_and_starts_after_its_seconds(ground: Ground) -> None:
    assert ground.post("platform/drain").json["draining"] is True
    assert ground.post("platform/stop").json["state"] == "stopping"
    assert ground.service.running
    ground.pass_time(STOP_SECONDS)
    assert (ground.service.running, ground.get("/v1/services/platform")["state"]) == (False, "stopped")
    assert ground.post("platform/start").json["state"] == "starting"
    ground.pass_time(START_SECONDS)
    assert ground.get("/v1/services/platform") == {
        "name": "platform", "state": "running", "draining": True, "instance": 2,
    }  # fmt: skip
    assert ground.post("platform/admit").json["draining"] is False


def test_each_change_is_on_record_when_it_happens_with_who_asked(ground: Ground) -> None:
    ground.post("platform/drain")
    ground.post("platform/stop")
    assert [action.action for action in ground.actions] == ["drain"]
    ground.pass_time(STOP_SECONDS)
    stopped = ground.actions[-1]
    assert (stopped.action, stopped.actor, stopped.execution_id) == ("stop", "operator", "x-1")
    assert stopped.at == START + timedelta(seconds=STOP_SECONDS)


def test_everything_else_is_looked_at_before_and_after_each_change(ground: Ground) -> None:
    ground.post("platform/drain")
    assert ground.looks == [0, 1]


def test_a_resize_restarts_the_database_once_with_the_new_size(ground: Ground) -> None:
    assert ground.post("database/resize", size="medium").json["state"] == "resizing"
    assert ground.sizes == []
    ground.pass_time(RESIZE_SECONDS)
    assert [size.name for size in ground.sizes] == ["medium"]
    assert ground.get("/v1/services/database")["size"] == "medium"
    assert ground.actions[-1].detail == "small to medium"


def test_starting_what_runs_and_admitting_whom_nobody_turned_away_is_in_order(ground: Ground) -> None:
    assert ground.post("platform/start").status_code == 202
    assert ground.post("platform/admit").status_code == 202
    ground.pass_time(60)
    assert ground.service.instance == 1


@pytest.mark.parametrize(
    ("before", "action", "body", "why"),
    [
        ([], "platform/stop", {}, "is not drained"),
        (["platform/drain", "platform/stop"], "platform/stop", {}, "it is stopping"),
        (["platform/drain", "platform/stop"], "platform/start", {}, "it is stopping"),
        (["platform/drain", "platform/stop"], "platform/drain", {}, "it is stopping"),
        ([], "database/resize", {"size": "huge"}, "no size is called 'huge'; there are small, medium, large"),
        ([], "database/resize", {"size": "small"}, "has the size small already"),
    ],
)
def test_what_does_not_fit_the_state_is_refused(
    ground: Ground, before: list[str], action: str, body: dict[str, str], why: str
) -> None:
    for earlier in before:
        assert ground.post(earlier).status_code == 202
    answer = ground.post(action, **body)
    assert (answer.status_code, answer.json["error"]) == (409, "conflict")
    assert why in answer.json["message"]


def test_a_second_resize_waits_for_the_first(ground: Ground) -> None:
    ground.post("database/resize", size="medium")
    assert ground.post("database/resize", size="large").json["message"] == "it is resizing"


def test_nothing_without_the_token_a_reason_or_a_known_path(ground: Ground) -> None:
    assert ground.post("platform/drain", token="guessed").status_code == 401
    assert ground.client.get("/v1/services").status_code == 401
    assert ground.post("platform/drain", reason=" ").json["error"] == "missing_required_fields"
    assert ground.post("platform/explode").status_code == 404
    assert ground.post("../users").status_code == 404
    assert ground.client.get("/nothing", headers={"Authorization": f"Bearer {TOKEN}"}).status_code == 404
    assert ground.actions == []


def test_what_was_asked_for_can_be_read(ground: Ground) -> None:
    ground.post("database/resize", size="large")
    assert ground.get("/v1/actions")["actions"] == [
        {"at": "2026-03-01T00:00:00Z", "service": "database", "action": "resize", "detail": "small to large",
         "reason": "why"}
    ]  # fmt: skip
    assert [size["name"] for size in ground.get("/v1/sizes")["sizes"]] == ["small", "medium", "large"]
    assert [service["name"] for service in ground.get("/v1/services")["services"]] == ["platform", "database"]
