"""What a scoreboard shows at one moment of a tournament, and the feed's JSON for it (fixtures/spec/platform.md)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from simulation.scenario import tournament as scenario
from simulation.scenario.tournament import ROUNDS
from simulation.world.provider.tournament import CUT_AFTER, HOLES, Card, Status

FINAL, CANCELED, SCHEDULED = "STATUS_FINAL", "STATUS_CANCELED", "STATUS_SCHEDULED"
"""The terminal signal; nobody plays; before the first tee."""
_IN_PROGRESS, _SUSPENDED = "STATUS_IN_PROGRESS", "STATUS_SUSPENDED"
_BLOCK_HOLES = 6
_BLOCK_HOURS = 2
_BLOCKS = HOLES // _BLOCK_HOLES
_STATUS_NAMES: dict[Status, str] = {
    "active": "STATUS_ACTIVE",
    "cut": "STATUS_CUT",
    "withdrawn": "STATUS_WITHDRAWN",
    "disqualified": "STATUS_DISQUALIFIED",
}


@dataclass(frozen=True, kw_only=True)
class Moment:
    """A state of the board: from ``at`` on it shows ``rounds`` whole rounds and ``holes`` of the next."""

    at: datetime
    rounds: int
    holes: int
    final: bool = False
    suspended: bool = False
    """Play goes on later."""
    cancelled: bool = False
    """Nobody plays."""

    @property
    def state(self) -> str:
        """The event's ``STATUS_…``."""
        if self.final:
            return FINAL
        if self.cancelled:
            return CANCELED
        if not self.rounds and not self.holes:
            return SCHEDULED
        return _SUSPENDED if self.suspended else _IN_PROGRESS


def moments(tournament: scenario.Tournament) -> tuple[Moment, ...]:
    """Every change of the board after the field is known: that it is moved, three a round, and the terminal signal; or
    that it is cancelled."""
    if tournament.cancelled:
        return (Moment(at=tournament.first_round, rounds=0, holes=0, cancelled=True),)
    moved = [Moment(at=tournament.first_round, rounds=0, holes=0)] if tournament.moved_days else []
    blocks = [
        Moment(
            at=_played_at(tournament, round_number, block),
            rounds=round_number - 1 + block * _BLOCK_HOLES // HOLES,
            holes=block * _BLOCK_HOLES % HOLES,
            suspended=round_number == tournament.suspended_round and block == _BLOCKS - 1,
        )
        for round_number in tournament.rounds
        for block in range(1, _BLOCKS + 1)
    ]
    return (*moved, *blocks, Moment(at=tournament.final_board_at, rounds=len(tournament.rounds), holes=0, final=True))


def _played_at(tournament: scenario.Tournament, round_number: int, block: int) -> datetime:
    """When a round's six holes are in: the last ones of a round that was suspended, an hour before the next round."""
    if round_number == tournament.suspended_round and block == _BLOCKS:
        return tournament.tee(round_number + 1) - timedelta(hours=1)
    return tournament.tee(round_number) + timedelta(hours=_BLOCK_HOURS * block)


def at_moment(cards: Sequence[Card], moment: Moment) -> tuple[Card, ...]:
    """The score cards as known at that moment: later holes are left out, and so is a later cut or withdrawal."""
    begun = moment.rounds > 0 or moment.holes > 0
    return tuple(_known(card, moment) for card in cards if begun or not card.is_alternate)


def _known(card: Card, moment: Moment) -> Card:
    seen = [HOLES] * moment.rounds + [moment.holes] + [0] * ROUNDS
    holes = tuple(played[:limit] for played, limit in zip(card.holes, seen, strict=False))
    due = sum(seen[:ROUNDS])
    short = sum(map(len, holes)) < due
    at_cut = card.status == "cut" and moment.rounds >= sum(len(played) == HOLES for played in card.holes)
    is_out = card.status in ("withdrawn", "disqualified") and short
    status: Status = card.status if at_cut or is_out else "active"
    playoff = card.playoff if moment.final else ()
    name = card.name_after_cut if card.name_after_cut and moment.rounds >= CUT_AFTER else card.name
    return Card(player_id=card.player_id, name=name, holes=holes, status=status, playoff=playoff)


def payload(*, key: str, tournament: scenario.Tournament, cards: Sequence[Card], state: str, at: datetime) -> str:
    """Canonical JSON (sorted keys, no spaces) of a board as it is told at a moment; ``state`` is the event's
    ``STATUS_…``."""
    event: dict[str, Any] = {
        "id": key,
        "label": key.replace("_", " ").title(),
        "startDate": f"{tournament.begins(as_told=at):%Y-%m-%dT%H:%M:%SZ}",
        "status": {"type": {"name": state, "completed": state == FINAL}},
        "competitions": [{"competitors": [_competitor(card) for card in cards]}],
    }
    if state == FINAL and len(tournament.rounds) < ROUNDS:
        event["tournament"] = {"numberOfRounds": len(tournament.rounds)}
    return json.dumps({"events": [event]}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)


def _competitor(card: Card) -> dict[str, Any]:
    return {
        "id": card.player_id,
        "displayName": card.name,
        "status": {"type": {"name": _STATUS_NAMES[card.status]}},
        "linescores": [
            _linescore(period, holes) for period, holes in enumerate((*card.holes, card.playoff), start=1) if holes
        ],
    }


def _linescore(period: int, holes: Sequence[int]) -> dict[str, Any]:
    """``value`` is the round's total, present once the round is complete."""
    total = {"value": sum(holes)} if len(holes) == HOLES else {}
    played = [{"period": number, "value": strokes} for number, strokes in enumerate(holes, start=1)]
    return {"period": period, **total, "linescores": played}


def sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
