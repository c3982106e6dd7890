"""The score provider: publishes a board for each tournament and answers the feed, unless a fault stands in between."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from functools import cached_property
from wsgiref.types import WSGIApplication

from werkzeug.wrappers import Request, Response

from simulation.chance import chance
from simulation.clock import Kernel, SimProcess
from simulation.events import ProviderAnswer, ProviderPublication, WitnessSummary
from simulation.faults.effects import Injector, ProviderEffect
from simulation.history import Recorder, caused_by
from simulation.scenario import tournament as scenario
from simulation.world.network.external import Lost
from simulation.world.provider import board
from simulation.world.provider.board import Moment
from simulation.world.provider.feed import Boards, Feed, FeedAnswer, PushedRequest
from simulation.world.provider.tournament import Card, play

FEED_PATH = "/golf/leaderboard/"
STATUS_PATH = "/status"
STATUS_PAGE = ""
"""The name that stands for the provider's own status page when the injector is asked for a fault."""
_SIGNED_HOLES = 12
_NO_QUERY: Mapping[str, str] = {}
PUSH_SECONDS = (5, 60, 300, 900, 3_600, 10_800, 21_600)
"""From a new board to its first delivery, and from each delivery that was not acknowledged to the next one."""
_SUCCESS = range(200, 300)
_SERVER_ERROR = 500
Send = Callable[[PushedRequest], int | None]
"""Sends a request to the platform; the status of its answer, or None when none came."""


@dataclass(frozen=True, kw_only=True)
class _Board:
    """The newest revision of one tournament."""

    revision: int
    state: str
    """The event's ``STATUS_…``."""
    body: str
    cards: tuple[Card, ...]

    @property
    def final(self) -> bool:
        return self.state == board.FINAL

    @cached_property
    def sha256(self) -> str:
        """Needed at every poll, hence computed once."""
        return board.sha256(self.body)


@dataclass(frozen=True, kw_only=True)
class _Asked:
    """One request to a feed in a dialect."""

    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]

    @property
    def known_etag(self) -> str | None:
        return {name.lower(): value for name, value in self.headers.items()}.get("if-none-match")

    def put_to(self, feed: Feed, boards: Mapping[str, _Board]) -> FeedAnswer:
        shown = Boards({key: current.body for key, current in boards.items()})
        return feed.answer(path=self.path, query=self.query, boards=shown)


class ScoreProvider:
    """One provider with many tournaments. A tournament's feed id is its key in the scenario.

    :param feed: answers in a dialect of its own; None for the documented one.
    """

    def __init__(
        self,
        *,
        kernel: Kernel,
        recorder: Recorder,
        injector: Injector,
        tournaments: Mapping[str, scenario.Tournament],
        seed: int,
        feed: Feed | None = None,
    ) -> None:
        self.kernel = kernel
        self._recorder = recorder
        self._injector = injector
        self._tournaments = dict(sorted(tournaments.items()))
        self._seed = seed
        self._feed = feed
        self._cards = {key: play(key=key, tournament=known, seed=seed) for key, known in self._tournaments.items()}
        self._boards: dict[str, _Board] = {}
        self._requests = 0
        self.served: dict[str, dict[str, datetime]] = {}
        """Tournament → sha256 of each of its boards → when that was last served (200 or 304)."""
        self._send: Send | None = None

    def attach(self, send: Send) -> None:
        """Say how the platform is reached by a provider that tells by itself."""
        self._send = send

    def start(self) -> None:
        """Publish every tournament's field at once, and each further state of its board when it is reached."""
        for key, tournament in self._tournaments.items():
            with caused_by(f"provider:{key}"):
                field = Moment(at=self.kernel.now, rounds=0, holes=0)
                self._publish(key, field)
            self.kernel.spawn(self._follow(key, tournament))

    def player_ids(self, tournament: str) -> Sequence[str]:
        """The field as it is published, ordered by id."""
        return [card.player_id for card in self._cards[tournament] if not card.is_alternate]

    def last_round(self, tournament: str, player_id: str) -> int | None:
        """Index of the last round that a player finished; None for one who finished none."""
        return _last_round(self._card(tournament, player_id))

    def correct(self, tournament: str, player_id: str) -> None:
        """Publish a correction after the end: one stroke more for a player on the last hole of their last finished
        round."""
        card = self._card(tournament, player_id)
        last = _last_round(card)
        assert last is not None, f"{player_id} finished no round of {tournament}"
        assert self._boards[tournament].final, f"{tournament} is still being played"
        *before, hole = card.holes[last]
        holes = (*card.holes[:last], (*before, hole + 1), *card.holes[last + 1 :])
        corrected = replace(card, holes=holes)
        self._cards[tournament] = tuple(corrected if one is card else one for one in self._cards[tournament])
        self._publish(tournament, board.moments(self._tournaments[tournament])[-1])

    def _card(self, tournament: str, player_id: str) -> Card:
        return next(card for card in self._cards[tournament] if card.player_id == player_id)

    def handle(self, *, path: str, headers: Mapping[str, str], query: Mapping[str, str] = _NO_QUERY) -> Response:
        """Answer ``GET path?query``. ``If-None-Match`` with the board's ETag gives 304.

        :raises Lost: a fault keeps the answer back.
        """
        self._requests += 1
        if self._feed is not None:
            return self._in_dialect(self._feed, _Asked(path=path, query=query, headers=headers))
        if path == STATUS_PATH:
            return self._status_page()
        key = path.removeprefix(FEED_PATH)
        if not path.startswith(FEED_PATH) or key not in self._boards:
            return _json(404, '{"error":"not_found"}')
        current = self._boards[key]
        effect = self._injector.on_provider_request(tournament=key, final=current.final)
        if effect is None:
            return self._answer(key, current, headers)
        with caused_by(f"fault:{effect.fault_id}"):
            return self._faulty(key, current, headers, effect)

    def record_final_state(self) -> None:
        """Record how many requests reached the provider."""
        self._recorder.record(WitnessSummary(witness="provider", records=self._requests))

    # --- publication --------------------------------------------------------------------------------------------

    def _follow(self, key: str, tournament: scenario.Tournament) -> SimProcess:
        for moment in board.moments(tournament):
            yield self.kernel.until(moment.at)
            with caused_by(f"provider:{key}"):
                self._publish(key, moment)

    def _publish(self, key: str, moment: Moment) -> None:
        cards, state = board.at_moment(self._cards[key], moment), moment.state
        body = self._body(key, cards, state)
        revision = self._boards[key].revision + 1 if key in self._boards else 0
        self._boards[key] = _Board(revision=revision, state=state, body=body, cards=cards)
        self._recorder.record(
            ProviderPublication(
                tournament=key,
                revision=revision,
                payload_sha256=board.sha256(body),
                final=moment.final,
                rounds={card.player_id: card.rounds for card in cards},
                player_status={card.player_id: card.status for card in cards},
            )
        )
        if self._feed is not None and self._feed.pushes:
            self.kernel.spawn(self._pushed(self._feed, key, revision))

    def _pushed(self, feed: Feed, key: str, revision: int) -> SimProcess:
        """The platform is told until it acknowledges, or a newer board has taken this one's place."""
        for wait_seconds in PUSH_SECONDS:
            yield self.kernel.sleep(wait_seconds)
            if self._boards[key].revision != revision or self._push(feed, key):
                return

    def _push(self, feed: Feed, key: str) -> bool:
        """Tell the platform once, unless a fault keeps it back; whether it has acknowledged all of it."""
        current = self._boards[key]
        effect = self._injector.on_provider_request(tournament=key, final=current.final)
        with caused_by(f"provider:{key}" if effect is None else f"fault:{effect.fault_id}"):
            if effect is not None and effect.mode == "slow":
                self.kernel.clock.advance(effect.sim_seconds)
            elif effect is not None and effect.mode == "incomplete_final":
                current = self._incomplete(key, current)
            elif effect is not None and effect.mode != "malformed":
                return False  # it does not reach the platform, which so cannot know of it
            shown = Boards({name: one.body for name, one in {**self._boards, key: current}.items()})
            torn = effect is not None and effect.mode == "malformed"
            taken = [
                self._told_by_itself(one, key, current, torn=torn, fault_id=None if effect is None else effect.fault_id)
                for one in feed.push(tournament=key, boards=shown)
            ]
        return all(taken) and not torn

    def _told_by_itself(
        self, request: PushedRequest, key: str, current: _Board, *, torn: bool, fault_id: str | None
    ) -> bool:
        """Whether the platform has acknowledged one request. What it answered at all is what was handed out."""
        assert self._send is not None, "attached before time begins"
        self._requests += 1
        sent = replace(request, body=request.body[: len(request.body) * 2 // 3]) if torn else request
        status = self._send(sent)
        if status is None or status >= _SERVER_ERROR:
            return False
        if not torn:
            self.served.setdefault(key, {})[current.sha256] = self.kernel.now
        digest = hashlib.sha256(sent.body).hexdigest()
        self._record(key, current, status=200, sha256=digest, valid=not torn, fault_id=fault_id)
        return status in _SUCCESS

    # --- answers ------------------------------------------------------------------------------------------------

    def _answer(self, key: str, current: _Board, headers: Mapping[str, str], fault_id: str | None = None) -> Response:
        self.served.setdefault(key, {})[current.sha256] = self.kernel.now
        etag = f'"{current.sha256[:32]}"'
        known = {name.lower(): value for name, value in headers.items()}.get("if-none-match")
        if known == etag:
            return Response(status=304, headers={"ETag": etag})
        self._record(key, current, status=200, sha256=current.sha256, valid=True, fault_id=fault_id)
        answer = _json(200, current.body)
        answer.headers["ETag"] = etag
        return answer

    def _in_dialect(self, feed: Feed, asked: _Asked) -> Response:
        """The feed's own answer. A fault of any tournament that it looks at strikes it; the first one counts."""
        plain = asked.put_to(feed, self._boards)
        for key in plain.boards:
            effect = self._injector.on_provider_request(tournament=key, final=self._boards[key].final)
            if effect is not None:
                with caused_by(f"fault:{effect.fault_id}"):
                    return self._faulty_dialect(feed, asked, plain, effect, struck=key)
        return self._told(plain, asked, self._boards)

    def _faulty_dialect(
        self, feed: Feed, asked: _Asked, plain: FeedAnswer, effect: ProviderEffect, *, struck: str
    ) -> Response:
        if effect.mode == "slow":
            return self._late(self._told(plain, asked, self._boards), effect)
        if effect.mode == "incomplete_final":
            boards = {**self._boards, struck: self._incomplete(struck, self._boards[struck])}
            return self._told(asked.put_to(feed, boards), asked, boards, fault_id=effect.fault_id)
        if effect.mode == "malformed":
            torn = replace(plain, body=plain.body[: len(plain.body) * 2 // 3])
            return self._told(torn, asked, self._boards, torn=True, fault_id=effect.fault_id)
        status = None if effect.mode == "timeout" else effect.status
        for key in plain.boards:
            self._record(key, None, status=status, sha256=None, valid=False, fault_id=effect.fault_id)
        return _failure(effect)

    def _told(
        self,
        answer: FeedAnswer,
        asked: _Asked,
        boards: Mapping[str, _Board],
        *,
        torn: bool = False,
        fault_id: str | None = None,
    ) -> Response:
        """What was handed out is what is recorded of each tournament: the sha256 of the body."""
        digest = hashlib.sha256(answer.body).hexdigest()
        etag = f'"{digest[:32]}"'
        good = answer.status == 200 and not torn
        if good:
            for key in answer.boards:
                self.served.setdefault(key, {})[boards[key].sha256] = self.kernel.now
        if good and asked.known_etag == etag:
            return Response(status=304, headers={"ETag": etag})
        for key in answer.boards:
            self._record(key, boards[key], status=answer.status, sha256=digest, valid=good, fault_id=fault_id)
        said = Response(answer.body, status=answer.status, headers=dict(answer.headers))
        said.headers.setdefault("ETag", etag)
        return said

    def _faulty(self, key: str, current: _Board, headers: Mapping[str, str], effect: ProviderEffect) -> Response:
        if effect.mode == "slow":
            return self._late(self._answer(key, current, headers), effect)
        if effect.mode == "incomplete_final":
            return self._answer(key, self._incomplete(key, current), headers, effect.fault_id)
        if effect.mode == "malformed":
            torn = current.body[: len(current.body) * 2 // 3]
            self._record(key, current, status=200, sha256=board.sha256(torn), valid=False, fault_id=effect.fault_id)
            return _json(200, torn)
        status = None if effect.mode == "timeout" else effect.status
        self._record(key, None, status=status, sha256=None, valid=False, fault_id=effect.fault_id)
        return _failure(effect)

    def _late(self, answer: Response, effect: ProviderEffect) -> Response:
        """The right answer, after its time."""
        self.kernel.clock.advance(effect.sim_seconds)
        return answer

    def _incomplete(self, key: str, current: _Board) -> _Board:
        """The board without the last holes of one player who finished; which one is drawn from the seed."""
        last = self._tournaments[key].rounds[-1]
        finishers = [card for card in current.cards if card.rounds[last - 1] is not None]
        if not finishers:
            return current
        late = chance(self._seed, "incomplete_final", key).choice(finishers)
        signed = late.holes[last - 1][:_SIGNED_HOLES]
        unsigned = replace(late, holes=(*late.holes[: last - 1], signed, *late.holes[last:]))
        cards = tuple(unsigned if card is late else card for card in current.cards)
        return replace(current, body=self._body(key, cards, current.state), cards=cards)

    def _body(self, key: str, cards: Sequence[Card], state: str) -> str:
        tournament, now = self._tournaments[key], self.kernel.now
        return board.payload(key=key, tournament=tournament, cards=cards, state=state, at=now)

    def _status_page(self) -> Response:
        effect = self._injector.on_provider_request(tournament=STATUS_PAGE, final=False)
        return _json(200, '{"status":"ok"}') if effect is None else _failure(effect)

    def _record(
        self,
        key: str,
        current: _Board | None,
        *,
        status: int | None,
        sha256: str | None,
        valid: bool,
        fault_id: str | None,
    ) -> None:
        self._recorder.record(
            ProviderAnswer(
                tournament=key,
                status=status,
                revision=None if current is None else current.revision,
                payload_sha256=sha256,
                valid=valid,
                fault_id=fault_id,
            )
        )


def _last_round(card: Card) -> int | None:
    return max((index for index, strokes in enumerate(card.rounds) if strokes is not None), default=None)


def _failure(effect: ProviderEffect) -> Response:
    if effect.mode == "timeout":
        message = f"the provider did not answer within {effect.sim_seconds} simulated seconds"
        raise Lost(message, sim_seconds=effect.sim_seconds, how="timeout")
    return _json(effect.status or 503, '{"error":"unavailable"}')


def _json(status: int, body: str) -> Response:
    return Response(body, status=status, content_type="application/json")


def provider_app(provider: ScoreProvider) -> WSGIApplication:
    """The provider's HTTP API; 405 for everything but GET."""

    @Request.application
    def answer(request: Request) -> Response:
        if request.method != "GET":
            return Response(status=405)
        return provider.handle(path=request.path, headers=dict(request.headers), query=request.args.to_dict())

    return answer
