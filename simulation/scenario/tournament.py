"""A golf tournament of a scenario, and what is known of it before anybody plays."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, Literal

from pydantic import Field, SerializerFunctionWrapHandler, model_serializer

from simulation.documents.strict import Instant, ScenarioModel
from simulation.scenario.bounds import LONGEST_NAME, MOST_PARTS

ROUNDS = 4
_ROUND_HOURS = 6
_FINAL_BOARD_HOURS = 1

Rounds = tuple[int | None, int | None, int | None, int | None]


class PlayerResult(ScenarioModel):
    """One line of a results CSV: strokes of each round, None where none was played."""

    player: str = Field(min_length=1, max_length=LONGEST_NAME)
    rounds: Rounds
    given_up: tuple[int, int] | None = None
    """Strokes and holes of the round after these, in which the player left the course."""

    @property
    def begun(self) -> int:
        """How many rounds, one that was given up counted."""
        return sum(strokes is not None for strokes in self.rounds) + (self.given_up is not None)

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """As in a history of before there was such a thing."""
        return {name: value for name, value in handler(self).items() if name != "given_up" or value is not None}


class Tournament(ScenarioModel):
    """A golf tournament: drawn from the seed, or replayed from ``results`` (a CSV ``player,round_1,…,round_4``)."""

    first_round: Instant
    """Date and time of the first tee of the four rounds, as it is planned when the field is published."""
    round_interval_hours: int = Field(default=24, ge=_ROUND_HOURS, le=168)
    """From one round's first tee to the next one's."""
    players: int = Field(default=24, ge=4, le=200)
    """Golfers in the field."""
    cut_after_round_2: int = Field(default=16, ge=1, le=200)
    """Players who make the cut (ties at the line stay in)."""
    withdrawals: int = Field(default=1, ge=0, le=200)
    """Players who give up on the way."""
    disqualified: int = Field(default=0, ge=0)
    """Players who finished three rounds and are disqualified before the fourth: what they played stays on the board."""
    alternates: int = Field(default=0, ge=0)
    """Players who are not in the field when it is published: each takes the place of one who withdraws before the first
    tee, and is on the board from the first score on."""
    suspended_round: Literal[1, 2, 3] | None = None
    """Round whose last six holes are played the next morning: until then play is suspended."""
    playoff_holes: int = Field(default=0, ge=0, le=9)
    """Holes that the two best players play for the title after the last round: on the final board, and in no score."""
    rounds_held: Literal[2, 3, 4] = 4
    """Rounds that are played before the weather ends the tournament: the others are called off, and the final board
    says so. A round that is called off costs everybody the same."""
    second_cut: int | None = Field(default=None, ge=1, le=200)
    """Players who play round 4 (ties at the line play it, too): the others made the cut and are sent home after round
    3."""
    renamed: int = Field(default=0, ge=0, le=200)
    """Players who have another name on the board from the cut on."""
    namesakes: int = Field(default=0, ge=0, le=100)
    """Pairs of players who have one name: only their ids tell them apart."""
    moved_days: int = Field(default=0, ge=0, le=14)
    """Days by which the provider moves the tournament back: it is told when the first round should have begun."""
    cancelled: bool = False
    """The provider cancels the tournament when the first round should have begun: nobody plays, and its contests are
    called off."""
    results: Path | None = None
    """Path of the CSV, from the scenario file's folder."""
    played: tuple[PlayerResult, ...] = Field(default=(), max_length=MOST_PARTS)
    """What ``results`` says; the loader fills it in, so that a stored scenario needs no second file."""

    @model_serializer(mode="wrap")
    def _without_what_is_not_said(self, handler: SerializerFunctionWrapHandler) -> dict[str, Any]:
        """What few tournaments have is left out where it is not there: a history keeps the digest that it had."""
        told = handler(self)
        return {name: value for name, value in told.items() if name not in _RARE or value != _RARE[name]}

    @property
    def rounds(self) -> range:
        """Numbers of the rounds that are held, from 1. Of a replayed one: of those that somebody began; two at least,
        by which a tournament counts."""
        held: int = self.rounds_held
        if self.played:
            held = max(2, *(result.begun for result in self.played))
        return range(1, held + 1)

    def tee(self, round_number: int) -> datetime:
        """First tee of round 1 to 4; everybody is in six hours later."""
        hours = self.round_interval_hours * (round_number - 1)
        return self.first_round + timedelta(days=self.moved_days, hours=hours)

    def begins(self, *, as_told: datetime) -> datetime:
        """The first tee as the provider tells it at a moment."""
        return self.first_round if as_told < self.first_round else self.tee(1)

    def round_ends_at(self, round_number: int) -> datetime:
        return self.tee(round_number) + timedelta(hours=_ROUND_HOURS)

    @property
    def last_round_ends_at(self) -> datetime:
        return self.round_ends_at(ROUNDS)

    @property
    def final_board_at(self) -> datetime:
        """When the provider gives the terminal signal: an hour after the last round's end."""
        return self.last_round_ends_at + timedelta(hours=_FINAL_BOARD_HOURS)


_RARE: Mapping[str, Any] = {
    "disqualified": 0,
    "alternates": 0,
    "suspended_round": None,
    "playoff_holes": 0,
    "rounds_held": ROUNDS,
    "second_cut": None,
    "renamed": 0,
    "namesakes": 0,
    "moved_days": 0,
    "cancelled": False,
}
