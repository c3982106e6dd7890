"""A leaderboard that passed validation: the field, its rounds, and whether the tournament is over."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

ROUNDS = (1, 2, 3, 4)
HOLES = 18


@dataclass(frozen=True, kw_only=True)
class Player:
    """A competitor. `strokes_by_round` has the rounds with a complete 18-hole linescore only."""

    id: str
    name: str
    status: str
    """STATUS_ACTIVE, STATUS_CUT, STATUS_WITHDRAWN or STATUS_DISQUALIFIED."""
    strokes_by_round: Mapping[int, int]

    def lacks_rounds(self, held: int) -> bool:
        """Whether one of the rounds that were held is missing although the player was not cut or disqualified and did
        not withdraw."""
        return self.status == "STATUS_ACTIVE" and len(self.strokes_by_round) < held


@dataclass(frozen=True, kw_only=True)
class Board:
    """The state of one tournament at one moment."""

    provider_event_id: str
    is_final: bool
    players: Mapping[str, Player]
    rounds_held: int = len(ROUNDS)
    """Fewer where the rest of the tournament was called off."""
