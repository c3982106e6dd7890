"""Strokes of an entrant: the sum over the roster, four rounds a player."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from simulation.staging.scores.board import ROUNDS, Board

NOT_IN_FIELD = "NOT_IN_FIELD"


@dataclass(frozen=True, kw_only=True)
class PlayerScore:
    """A roster player's part of the score; a round without a complete linescore is None and costs fixed strokes."""

    player_id: str
    status: str
    rounds: tuple[int | None, ...]
    strokes: int


def score_roster(board: Board, roster: Sequence[str], *, missed_round_strokes: int) -> list[PlayerScore]:
    """Scores in roster order. A player who never entered the field missed every round."""
    return [_score(board, player_id, missed_round_strokes) for player_id in roster]


def players_lacking_rounds(board: Board) -> list[str]:
    """Players who should have finished and did not: the board is not complete while there is one."""
    return sorted(player.id for player in board.players.values() if player.lacks_rounds(board.rounds_held))


def _score(board: Board, player_id: str, missed_round_strokes: int) -> PlayerScore:
    player = board.players.get(player_id)
    rounds = tuple(player.strokes_by_round.get(number) if player else None for number in ROUNDS)
    strokes = sum(missed_round_strokes if value is None else value for value in rounds)
    return PlayerScore(
        player_id=player_id, status=player.status if player else NOT_IN_FIELD, rounds=rounds, strokes=strokes
    )
