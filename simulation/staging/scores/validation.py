"""Whether a payload is a valid leaderboard. Every deviation becomes an error with an enumerated code.

Errors are gathered, not raised, so that all that is wrong with a payload is reported at once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from simulation.staging.scores.board import HOLES, ROUNDS, Board, Player

EVENT_STATUSES = ("STATUS_SCHEDULED", "STATUS_IN_PROGRESS", "STATUS_SUSPENDED", "STATUS_FINAL", "STATUS_CANCELED")
PLAYER_STATUSES = ("STATUS_ACTIVE", "STATUS_CUT", "STATUS_WITHDRAWN", "STATUS_DISQUALIFIED")
MAX_STROKES = 20


@dataclass(frozen=True, kw_only=True)
class FeedError:
    """One deviation: enumerated code, where in the payload, what was there."""

    code: str
    path: str
    detail: str


@dataclass(kw_only=True)
class _Reader:
    """Walks a payload and gathers what is wrong."""

    errors: list[FeedError] = field(default_factory=list)

    def error(self, code: str, path: str, detail: object) -> None:
        self.errors.append(FeedError(code=code, path=path, detail=str(detail)[:200]))

    def member(self, owner: object, key: str, kind: type, path: str) -> object | None:
        """The member `key`, if it is there and of the kind."""
        where = f"{path}.{key}"
        if not isinstance(owner, dict):
            self.error("INVALID_DATA_TYPE", path, f"expected an object, found {type(owner).__name__}")
            return None
        if key not in owner:
            self.error("MISSING_REQUIRED_FIELD", where, "absent")
            return None
        value: object = owner[key]
        if kind is int and isinstance(value, str) and value.strip().lstrip("-").isdigit():
            self.error("NUMERIC_STRING_NOT_ALLOWED", where, value)
            return None
        if not isinstance(value, kind) or (kind is int and isinstance(value, bool)):
            self.error("INVALID_DATA_TYPE", where, f"expected {kind.__name__}, found {value!r}")
            return None
        return value

    def items(self, owner: object, key: str, path: str) -> list[object]:
        value = self.member(owner, key, list, path)
        return value if isinstance(value, list) else []

    def status_name(self, owner: object, allowed: tuple[str, ...], path: str) -> str:
        kind = self.member(self.member(owner, "status", dict, path), "type", dict, f"{path}.status") if owner else None
        name = self.member(kind, "name", str, f"{path}.status.type") if kind is not None else None
        if name is not None and name not in allowed:
            self.error("INVALID_STATUS", f"{path}.status.type.name", name)
        return str(name or "")


def validate(payload: object, provider_event_id: str) -> tuple[Board | None, list[FeedError]]:
    """The board, or the errors that keep it from being one; exactly one of the two is there."""
    reader = _Reader()
    event = _event(reader, payload, provider_event_id)
    if event is None:
        return None, reader.errors
    is_final = _is_final(reader, event)
    held = _rounds_held(reader, event)
    players = _players(reader, event)
    if reader.errors:
        return None, reader.errors
    board = Board(provider_event_id=provider_event_id, is_final=is_final, players=players, rounds_held=held)
    return board, []


def _event(reader: _Reader, payload: object, provider_event_id: str) -> Mapping[str, object] | None:
    if not isinstance(payload, dict):
        reader.error("SCHEMA_MISMATCH", "$", f"expected an object, found {type(payload).__name__}")
        return None
    if "events" in payload and payload["events"] in (None, []):
        reader.error("SCHEMA_MISMATCH", "$.events", "the board is empty")
        return None
    events = reader.items(payload, "events", "$")
    if not events:
        return None
    event = events[0]
    if not isinstance(event, Mapping):
        reader.error("INVALID_DATA_TYPE", "$.events[0]", type(event).__name__)
        return None
    found = reader.member(event, "id", str, "$.events[0]")
    if found is not None and found != provider_event_id:
        reader.error("SCHEMA_MISMATCH", "$.events[0].id", f"asked for {provider_event_id}, found {found}")
    return event


def _is_final(reader: _Reader, event: Mapping[str, object]) -> bool:
    path = "$.events[0]"
    name = reader.status_name(event, EVENT_STATUSES, path)
    if name not in EVENT_STATUSES:
        return False
    status = event["status"]
    kind = status["type"] if isinstance(status, Mapping) else None
    completed = reader.member(kind, "completed", bool, f"{path}.status.type")
    if completed is not None and completed != (name == "STATUS_FINAL"):
        reader.error("INVALID_STATUS", f"{path}.status.type", f"{name} with completed {completed}")
    return name == "STATUS_FINAL" and completed is True


def _rounds_held(reader: _Reader, event: Mapping[str, object]) -> int:
    """Four, unless the provider says that the rest was called off."""
    if "tournament" not in event:
        return ROUNDS[-1]
    path = "$.events[0].tournament"
    number = reader.member(event["tournament"], "numberOfRounds", int, path)
    if isinstance(number, int) and number not in ROUNDS[1:]:
        reader.error("INVALID_ROUND_NUMBER", f"{path}.numberOfRounds", number)
    return number if isinstance(number, int) else ROUNDS[-1]


def _players(reader: _Reader, event: Mapping[str, object]) -> dict[str, Player]:
    competitions = reader.items(event, "competitions", "$.events[0]")
    path = "$.events[0].competitions[0]"
    competitors = reader.items(competitions[0], "competitors", path) if competitions else []
    if not competitors:
        reader.error("SCHEMA_MISMATCH", path, "no competitors")
    players: dict[str, Player] = {}
    for index, competitor in enumerate(competitors):
        player = _player(reader, competitor, f"{path}.competitors[{index}]")
        if player is not None and player.id in players:
            reader.error("INVALID_PLAYER_ID", f"{path}.competitors[{index}].id", f"{player.id} occurs twice")
        elif player is not None:
            players[player.id] = player
    return players


def _player(reader: _Reader, competitor: object, path: str) -> Player | None:
    if not isinstance(competitor, Mapping):
        reader.error("INVALID_DATA_TYPE", path, type(competitor).__name__)
        return None
    player_id = competitor.get("id")
    if not isinstance(player_id, str) or not player_id.strip():
        reader.error("INVALID_PLAYER_ID", f"{path}.id", repr(player_id))
        return None
    name = reader.member(competitor, "displayName", str, path)
    status = reader.status_name(competitor, PLAYER_STATUSES, path)
    strokes: dict[int, int] = {}
    seen: set[int] = set()
    for index, line in enumerate(reader.items(competitor, "linescores", path)):
        _read_round(reader, line, f"{path}.linescores[{index}]", seen, strokes)
    return Player(id=player_id, name=str(name or ""), status=status, strokes_by_round=strokes)


def _read_round(reader: _Reader, line: object, path: str, seen: set[int], strokes: dict[int, int]) -> None:
    period = reader.member(line, "period", int, path)
    if not isinstance(period, int):
        return
    if period > ROUNDS[-1]:
        return  # a play-off decides who wins the tournament; its holes count for no score
    if period not in ROUNDS:
        reader.error("INVALID_ROUND_NUMBER", f"{path}.period", period)
        return
    if period in seen:
        reader.error("DUPLICATE_ROUND_FOR_PLAYER", f"{path}.period", period)
        return
    seen.add(period)
    holes = _holes(reader, line, path)
    if len(holes) == HOLES:
        strokes[period] = sum(holes.values())


def _holes(reader: _Reader, line: object, path: str) -> dict[int, int]:
    holes: dict[int, int] = {}
    for index, hole in enumerate(reader.items(line, "linescores", path)):
        where = f"{path}.linescores[{index}]"
        number, value = reader.member(hole, "period", int, where), reader.member(hole, "value", int, where)
        if not isinstance(number, int) or not isinstance(value, int):
            continue
        if not 1 <= number <= HOLES or number in holes:
            reader.error("SCHEMA_MISMATCH", f"{where}.period", f"hole {number} is not one of 18 or occurs twice")
        elif not 1 <= value <= MAX_STROKES:
            reader.error("OUT_OF_RANGE_SCORE", f"{where}.value", value)
        else:
            holes[number] = value
    return holes


def validate_progress(earlier: Board, later: Board) -> list[FeedError]:
    """How a board contradicts the one before it in a live contest: players or rounds lost, players gained, reopened.

    Strokes may change: that is a correction. Until somebody has finished a round an alternate may come into the field.
    """
    reader = _Reader()
    may_join = not any(player.strokes_by_round for player in earlier.players.values())
    for player_id in sorted(() if may_join else later.players.keys() - earlier.players.keys()):
        reader.error("UNKNOWN_PLAYER", "$.events[0].competitions[0]", f"{player_id} was not in the field")
    for player_id in sorted(earlier.players.keys() - later.players.keys()):
        reader.error("MISSING_REQUIRED_FIELD", "$.events[0].competitions[0]", f"{player_id} of the field is missing")
    for player_id in sorted(earlier.players.keys() & later.players.keys()):
        lost = earlier.players[player_id].strokes_by_round.keys() - later.players[player_id].strokes_by_round.keys()
        if lost:
            reader.error(
                "INCONSISTENT_LEADERBOARD_ORDER",
                "$.events[0].competitions[0]",
                f"rounds {sorted(lost)} of {player_id} were complete before",
            )
    if earlier.is_final and not later.is_final:
        reader.error("INCONSISTENT_LEADERBOARD_ORDER", "$.events[0].status", "the tournament was final before")
    return reader.errors
