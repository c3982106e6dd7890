"""The provider publishes what was played, when it was played, and fails only when a fault says so."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import requests

from simulation.clock import Kernel, SimulationClock
from simulation.events import ProviderAnswer, ProviderPublication, WitnessSummary
from simulation.faults.effects import Calm, ProviderEffect
from simulation.history import Recorder
from simulation.scenario.tournament import Tournament
from simulation.world.network.external import Lost
from simulation.world.network.in_process import intercepted
from simulation.world.provider.provider import ScoreProvider, provider_app

START = datetime(2026, 3, 1, tzinfo=UTC)
FIRST_TEE = START + timedelta(hours=8)
BASE = "https://scores.provider.test"
BOARD = "/golf/leaderboard/open"


@dataclass
class Striking(Calm):
    """Gives the same effect to every request of the feed."""

    effect: ProviderEffect | None = None
    asked: list[tuple[str, bool]] = field(default_factory=list)

    def on_provider_request(self, *, tournament: str, final: bool) -> ProviderEffect | None:
        self.asked.append((tournament, final))
        return self.effect


@dataclass
class World:
    seed: int = 1
    injector: Striking = field(default_factory=Striking)

    def __post_init__(self) -> None:
        self.kernel = Kernel(SimulationClock(start=START))
        self.recorder = Recorder(clock=self.kernel.clock)
        self.tournament = Tournament(first_round=FIRST_TEE, players=12, cut_after_round_2=6, withdrawals=1)
        self.provider = ScoreProvider(
            kernel=self.kernel,
            recorder=self.recorder,
            injector=self.injector,
            tournaments={"open": self.tournament},
            seed=self.seed,
        )
        self.provider.start()

    def until(self, **after_first_tee: int) -> None:
        self.kernel.run_until(FIRST_TEE + timedelta(**after_first_tee))

    def get(self, **headers: str):
        return self.provider.handle(path=BOARD, headers=headers)

    def event(self) -> dict[str, Any]:
        return json.loads(self.get().get_data())["events"][0]

    def of(self, kind: type) -> list[Any]:
        return [event for event in self.recorder.events if isinstance(event, kind)]


@pytest.fixture
def world() -> World:
    return World()


def competitors(event: dict[str, Any]) -> list[dict[str, Any]]:
    return event["competitions"][0]["competitors"]


def test_field_is_known_as_soon_as_the_run_starts(world: World):
    event = world.event()
    assert event["id"] == "open"
    assert event["status"]["type"] == {"name": "STATUS_SCHEDULED", "completed": False}
    assert [competitor["id"] for competitor in competitors(event)] == list(world.provider.player_ids("open"))
    assert all(competitor["linescores"] == [] for competitor in competitors(event))


def test_board_changes_after_holes_6_12_and_18(world: World):
    for hours, holes in ((2, 6), (4, 12), (6, 18)):
        world.until(hours=hours)
        scores = competitors(world.event())[0]["linescores"]
        assert [(score["period"], len(score["linescores"])) for score in scores] == [(1, holes)]
        assert ("value" in scores[0]) == (holes == 18)


def test_round_total_is_the_sum_of_its_holes(world: World):
    world.until(days=1)
    for competitor in competitors(world.event()):
        for score in competitor["linescores"]:
            if "value" in score:
                assert score["value"] == sum(hole["value"] for hole in score["linescores"])


def test_cut_shows_after_round_2_and_not_before(world: World):
    world.until(days=1, hours=4)
    assert not any(c["status"]["type"]["name"] == "STATUS_CUT" for c in competitors(world.event()))
    world.until(days=1, hours=6)
    assert any(c["status"]["type"]["name"] == "STATUS_CUT" for c in competitors(world.event()))


def test_terminal_signal_comes_an_hour_after_the_last_round_and_not_before(world: World):
    world.until(days=3, hours=6)
    assert world.event()["status"]["type"] == {"name": "STATUS_IN_PROGRESS", "completed": False}
    world.until(days=3, hours=7)
    assert world.event()["status"]["type"] == {"name": "STATUS_FINAL", "completed": True}
    assert world.injector.asked[-1] == ("open", True)


def test_every_change_of_the_board_is_on_record(world: World):
    world.until(days=4)
    publications = world.of(ProviderPublication)
    assert [publication.revision for publication in publications] == list(range(14))
    assert [publication.final for publication in publications] == [False] * 13 + [True]
    assert {publication.cause for publication in publications} == {"provider:open"}
    assert publications[-1].at == world.tournament.final_board_at
    played = publications[-1]
    for player, status in played.player_status.items():
        complete = sum(strokes is not None for strokes in played.rounds[player])
        assert (status == "active") == (complete == 4)


def test_round_interval_shortens_the_tournament():
    quick = Tournament(first_round=FIRST_TEE, round_interval_hours=8)
    assert quick.final_board_at == FIRST_TEE + timedelta(hours=31)


def test_unchanged_board_is_304_and_leaves_no_record(world: World):
    etag = world.get().headers["ETag"]
    before = len(world.recorder.events)
    answer = world.get(**{"If-None-Match": etag})
    assert (answer.status_code, answer.get_data()) == (304, b"")
    assert len(world.recorder.events) == before
    world.until(hours=2)
    assert world.get(**{"If-None-Match": etag}).status_code == 200


def test_same_seed_same_boards_and_another_seed_others():
    def hashes(seed: int) -> list[str]:
        world = World(seed=seed)
        world.until(days=4)
        return [publication.payload_sha256 for publication in world.of(ProviderPublication)]

    assert hashes(1) == hashes(1)
    assert hashes(1) != hashes(2)


def test_unknown_tournament_and_path_are_404(world: World):
    assert world.provider.handle(path="/golf/leaderboard/nowhere", headers={}).status_code == 404
    assert world.provider.handle(path="/elsewhere", headers={}).status_code == 404


def test_outage_by_timeout_gives_no_answer(world: World):
    world.injector.effect = ProviderEffect(fault_id="f", fault_kind="provider_outage", mode="timeout", sim_seconds=5)
    with pytest.raises(Lost, match="did not answer within 5 simulated seconds"):
        world.get()
    (answer,) = world.of(ProviderAnswer)
    assert (answer.status, answer.valid, answer.fault_id, answer.cause) == (None, False, "f", "fault:f")


def test_outage_by_status_reaches_the_status_page_too(world: World):
    assert world.provider.handle(path="/status", headers={}).status_code == 200
    world.injector.effect = ProviderEffect(fault_id="f", fault_kind="provider_outage", mode="status", status=503)
    assert world.get().status_code == 503
    assert world.provider.handle(path="/status", headers={}).status_code == 503


def test_malformed_answer_is_broken_json_even_when_nothing_changed(world: World):
    etag = world.get().headers["ETag"]
    world.injector.effect = ProviderEffect(fault_id="f", fault_kind="provider_malformed", mode="malformed")
    answer = world.get(**{"If-None-Match": etag})
    assert answer.status_code == 200
    assert "ETag" not in answer.headers
    with pytest.raises(json.JSONDecodeError):
        json.loads(answer.get_data())
    assert not world.of(ProviderAnswer)[-1].valid


def test_incomplete_final_board_lacks_the_last_holes_of_one_active_player(world: World):
    world.until(days=4)
    whole = {c["id"]: c for c in competitors(world.event())}
    world.injector.effect = ProviderEffect(
        fault_id="f", fault_kind="provider_incomplete_final", mode="incomplete_final"
    )
    event = world.event()
    assert event["status"]["type"]["completed"]
    (lacking,) = [c for c in competitors(event) if c != whole[c["id"]]]
    assert lacking["status"]["type"]["name"] == "STATUS_ACTIVE"
    assert [len(score["linescores"]) for score in lacking["linescores"]] == [18, 18, 18, 12]
    assert "value" not in lacking["linescores"][-1]
    published, answered = world.of(ProviderPublication)[-1], world.of(ProviderAnswer)[-1]
    assert answered.payload_sha256 != published.payload_sha256
    assert (answered.revision, answered.fault_id) == (13, "f")


def test_late_score_card_is_missing_before_the_final_board_too_but_in_no_earlier_round(world: World):
    world.injector.effect = ProviderEffect(
        fault_id="f", fault_kind="provider_incomplete_final", mode="incomplete_final"
    )
    world.until(days=3, hours=5)
    published = world.of(ProviderPublication)[-1]
    world.event()
    assert world.of(ProviderAnswer)[-1].payload_sha256 == published.payload_sha256
    world.until(days=3, hours=6)
    unsigned = [
        c for c in competitors(world.event()) if len(c["linescores"]) == 4 and "value" not in c["linescores"][3]
    ]
    assert [c["status"]["type"]["name"] for c in unsigned].count("STATUS_ACTIVE") == 1


def test_final_state_counts_the_requests(world: World):
    world.get()
    world.get()
    world.provider.record_final_state()
    assert world.of(WitnessSummary)[-1].records == 2


def test_its_application_serves_requests_and_a_timeout_takes_its_time(world: World):
    with intercepted(provider_app(world.provider), clock=world.kernel.clock):
        answer = requests.get(BASE + BOARD, timeout=5)
        assert answer.json()["events"][0]["id"] == "open"
        again = requests.get(BASE + BOARD, headers={"If-None-Match": answer.headers["ETag"]}, timeout=5)
        assert again.status_code == 304
        world.injector.effect = ProviderEffect(
            fault_id="f", fault_kind="provider_outage", mode="timeout", sim_seconds=5
        )
        with pytest.raises(requests.exceptions.ReadTimeout):
            requests.get(BASE + BOARD, timeout=5)
        assert requests.post(BASE + BOARD, timeout=5).status_code == 405
    assert world.kernel.now == START + timedelta(seconds=5)


def test_a_correction_is_a_new_final_board_with_one_stroke_more():
    world = World()
    world.until(days=5)
    before = world.recorder.events[-1]
    assert isinstance(before, ProviderPublication)
    player = next(iter(sorted(before.rounds)))
    last = world.provider.last_round("open", player)
    assert last is not None
    world.provider.correct("open", player)
    after = world.recorder.events[-1]
    assert isinstance(after, ProviderPublication)
    assert after.final
    assert after.revision == before.revision + 1
    changed = {key for key in after.rounds if after.rounds[key] != before.rounds[key]}
    assert changed == {player}
    assert sum(filter(None, after.rounds[player])) == sum(filter(None, before.rounds[player])) + 1


def test_nothing_is_corrected_while_it_is_being_played():
    world = World()
    world.until(hours=10)
    publication = world.recorder.events[-1]
    assert isinstance(publication, ProviderPublication)
    finisher = next(key for key, rounds in sorted(publication.rounds.items()) if rounds[0] is not None)
    with pytest.raises(AssertionError, match="still being played"):
        world.provider.correct("open", finisher)
