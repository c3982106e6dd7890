"""A provider that speaks a backend's own dialect: paths and documents are its, boards, faults and history ours."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from itertools import groupby

import pytest

from simulation.clock import Kernel, SimulationClock
from simulation.events import ProviderAnswer
from simulation.faults.effects import ProviderEffect
from simulation.history import Recorder
from simulation.scenario.tournament import Tournament
from simulation.world.network.external import Lost
from simulation.world.provider.feed import Boards, FeedAnswer, PushedRequest
from simulation.world.provider.provider import ScoreProvider
from tests.unit.world.test_provider import FIRST_TEE, START, Striking


class Points:
    """``/v3/scores?event=E`` with a total for each player, ``/v3/all`` with every event."""

    pushes = False

    def push(self, *, tournament: str, boards: Boards) -> Sequence[PushedRequest]:
        body = json.dumps({"event": tournament, "scores": boards[tournament]["events"][0]["status"]}).encode()
        return [PushedRequest(method="POST", path="/hooks/scores", headers={"X-Key": "k"}, body=body)]

    def answer(self, *, path: str, query: Mapping[str, str], boards: Boards) -> FeedAnswer:
        if path == "/v3/all":
            said = {key: len(boards[key]["events"]) for key in boards}
        elif path == "/v3/scores" and query.get("event") in boards:
            said = {"scores": boards[query["event"]]["events"][0]["competitions"][0]["competitors"]}
        else:
            return FeedAnswer(status=404, headers={}, body=b"no such event", boards=boards.read)
        body = json.dumps(said).encode()
        return FeedAnswer(status=200, headers={"Content-Type": "application/json"}, body=body, boards=boards.read)


class World:
    def __init__(self) -> None:
        self.kernel = Kernel(SimulationClock(start=START))
        self.recorder = Recorder(clock=self.kernel.clock)
        self.injector = Striking()
        known = {key: Tournament(first_round=FIRST_TEE, players=8, cut_after_round_2=4) for key in ("open", "masters")}
        self.provider = ScoreProvider(
            kernel=self.kernel, recorder=self.recorder, injector=self.injector, tournaments=known, seed=1, feed=Points()
        )  # fmt: skip
        self.provider.start()

    def get(self, path: str, **query: str):
        return self.provider.handle(path=path, headers={}, query=query)

    @property
    def answers(self) -> list[ProviderAnswer]:
        return [event for event in self.recorder.events if isinstance(event, ProviderAnswer)]


@pytest.fixture
def world() -> World:
    return World()


def test_what_is_handed_out_is_what_the_history_has(world: World) -> None:
    answer = world.get("/v3/scores", event="open")
    assert len(answer.get_json()["scores"]) == 8
    (told,) = world.answers
    assert (told.tournament, told.status, told.valid) == ("open", 200, True)
    assert told.payload_sha256 == hashlib.sha256(answer.get_data()).hexdigest()


def test_one_answer_about_several_tournaments_is_told_of_each(world: World) -> None:
    world.get("/v3/all")
    assert [told.tournament for told in world.answers] == ["masters", "open"]
    assert len({told.payload_sha256 for told in world.answers}) == 1


def test_an_unchanged_answer_need_not_be_sent_again(world: World) -> None:
    first = world.get("/v3/scores", event="open")
    again = {"If-None-Match": first.headers["ETag"]}
    asked = {"path": "/v3/scores", "query": {"event": "open"}}
    assert world.provider.handle(headers=again, **asked).status_code == 304
    world.kernel.run_until(FIRST_TEE + timedelta(hours=2))
    assert world.provider.handle(headers=again, **asked).status_code == 200


def test_what_the_feed_does_not_have_is_its_own_404(world: World) -> None:
    assert (world.get("/golf/leaderboard/open").status_code, world.answers) == (404, [])


def effect(mode: str, status: int | None = None) -> ProviderEffect:
    return ProviderEffect(fault_id="f1", fault_kind="k", mode=mode, status=status, sim_seconds=10)  # type: ignore[arg-type]


def test_faults_strike_the_answer_by_the_tournaments_it_is_about(world: World) -> None:
    world.injector.effect = effect("error", 503)
    assert world.get("/v3/scores", event="open").status_code == 503
    world.injector.effect = effect("timeout")
    with pytest.raises(Lost):
        world.get("/v3/scores", event="open")
    world.injector.effect = effect("malformed")
    with pytest.raises(ValueError, match="Expecting"):
        json.loads(world.get("/v3/scores", event="open").get_data())
    assert [(told.status, told.valid, told.fault_id) for told in world.answers] == [
        (503, False, "f1"), (None, False, "f1"), (200, False, "f1"),
    ]  # fmt: skip
    assert world.get("/v3/none").status_code == 404  # about no tournament: no fault is its


def test_a_board_that_came_too_early_is_told_in_the_dialect(world: World) -> None:
    world.kernel.run_until(FIRST_TEE + timedelta(days=9))
    whole = world.get("/v3/scores", event="open").get_json()
    world.injector.effect = effect("incomplete_final")
    torn = world.get("/v3/scores", event="open").get_json()

    def holes(said: dict) -> int:
        return sum(len(score["linescores"]) for one in said["scores"] for score in one["linescores"])

    assert holes(whole) - holes(torn) == 6
    assert [told.valid for told in world.answers] == [True, True]
    assert len(world.provider.served["open"]) == 2


class Telling(Points):
    pushes = True


class Told(World):
    """A platform that is told; ``answers_with``: its statuses, one after another, the last one for good."""

    def __init__(self, *answers_with: int | None) -> None:
        super().__init__()
        self.told: list[tuple[timedelta, bytes]] = []
        known = {"open": Tournament(first_round=FIRST_TEE, players=8, cut_after_round_2=4)}
        self.provider = ScoreProvider(
            kernel=self.kernel, recorder=self.recorder, injector=self.injector, tournaments=known, seed=1,
            feed=Telling(),
        )  # fmt: skip
        statuses = list(answers_with)

        def send(request: PushedRequest) -> int | None:
            self.told.append((self.kernel.now - START, request.body))
            return statuses.pop(0) if len(statuses) > 1 else statuses[0]

        self.provider.attach(send)

    def lives(self, **delta: float) -> None:
        self.recorder.events.clear()
        self.provider.start()
        self.kernel.run_until(START + timedelta(**delta))

    @property
    def times(self) -> list[float]:
        return [at.total_seconds() for at, _ in self.told]


def test_a_new_board_is_told_once_where_it_is_acknowledged() -> None:
    world = Told(204)
    world.lives(hours=3)
    (answer,) = world.answers
    assert world.times == [5]
    assert (answer.valid, answer.revision, answer.status) == (True, 0, 200)
    assert answer.payload_sha256 == hashlib.sha256(world.told[0][1]).hexdigest()


def test_what_is_not_acknowledged_is_told_again_and_handed_out_only_where_somebody_answered() -> None:
    world = Told(None, 503, 409, 200)
    world.lives(hours=3)
    assert world.times == [5, 65, 365, 1265]
    assert [answer.valid for answer in world.answers] == [True, True]


def test_an_old_board_is_not_told_once_there_is_a_newer_one() -> None:
    world = Told(500)
    world.lives(days=3)
    boards = [body for body, _ in groupby(body for _, body in world.told)]
    assert len(world.told) > len(boards) == len(set(boards)) > 1
    assert world.answers == []


@pytest.mark.parametrize(
    ("mode", "times", "valid"),
    [
        ("timeout", [65.0], [True]),
        ("status", [65.0], [True]),
        ("malformed", [5.0, 65.0], [False, True]),
        ("incomplete_final", [5.0], [True]),
    ],
)
def test_faults_of_the_provider_strike_what_it_tells(mode: str, times: list[float], valid: list[bool]) -> None:
    world = Told(200)
    world.injector.effect = ProviderEffect(fault_id="f", fault_kind="k", mode=mode, status=503)  # type: ignore[arg-type]
    world.lives(seconds=30)
    world.injector.effect = None
    world.kernel.run_until(START + timedelta(hours=1))
    assert world.times == times
    assert [answer.valid for answer in world.answers] == valid
    assert [answer.fault_id for answer in world.answers][:1] == ([None] if mode in ("timeout", "status") else ["f"])
