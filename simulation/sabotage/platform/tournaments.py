"""Defects that show where a tournament is moved or cancelled, or has two players of one name."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import text

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging import lifecycle
from simulation.staging.money import refunds
from simulation.staging.scores import poller, scoring
from simulation.staging.scores.validation import FeedError

DEFECTS = DefectRegistry("scores")
_SCENARIO = "moved"


@DEFECTS.sabotage(
    "expected_prizes",
    "scores_applied",
    origin="scores joined by the player's name, which was thought to be a key",
    scenario=_SCENARIO,
)
def players_known_by_their_names(patches: Patches) -> None:
    """Of two players of one name both have the rounds of the one who stands later on the board."""

    def make(real: Any) -> Any:
        def score_roster(board: Any, roster: Any, **named: Any) -> Any:
            by_name = {player.name: player for player in board.players.values()}
            mixed = {
                player_id: dataclasses.replace(by_name[player.name], id=player_id)
                for player_id, player in board.players.items()
            }
            scored = real(dataclasses.replace(board, players=mixed), roster, **named)
            if scored != real(board, roster, **named):
                patches.trigger()
            return scored

        return score_roster

    patches.replace(scoring, "score_roster", make)


@DEFECTS.sabotage(
    "contests_paid_out",
    origin="a unique index on tournament and name",
    scenario=_SCENARIO,
)
def board_with_namesakes_refused(patches: Patches) -> None:
    """A board on which a name stands twice is taken for a broken one, and nothing is ever settled by it."""

    def deviation(payload: Any) -> tuple[str, str] | None:
        names = [one["displayName"] for one in payload["events"][0]["competitions"][0]["competitors"]]
        twice = sorted({name for name in names if names.count(name) > 1})
        return ("INVALID_PLAYER_ID", twice[0]) if twice else None

    _refuse(patches, deviation)


@DEFECTS.sabotage(
    "contests_paid_out",
    origin="the date of the tournament as a part of its key",
    scenario=_SCENARIO,
)
def moved_tournament_is_another_one(patches: Patches) -> None:
    """A board that tells another start than the first one did is taken for another tournament's."""
    known: dict[str, str] = {}

    def deviation(payload: Any) -> tuple[str, str] | None:
        event = payload["events"][0]
        first = known.setdefault(event["id"], event["startDate"])
        return ("SCHEMA_MISMATCH", event["startDate"]) if event["startDate"] != first else None

    _refuse(patches, deviation)


@DEFECTS.sabotage(
    "lifecycle_automatic",
    origin="a contest that ends by its own calendar, whatever became of the tournament",
    scenario=_SCENARIO,
)
def contest_ends_when_it_was_planned_to(patches: Patches) -> None:
    """A contest is complete at its end although the tournament was moved and is not over."""
    over = "c.status = 'LIVE' AND latest.is_terminal"
    _alter_due(patches, over, "c.status = 'LIVE' AND (latest.is_terminal OR c.end_time <= now())", moves_to="COMPLETE")


@DEFECTS.sabotage(
    "contests_paid_out",
    "lifecycle_automatic",
    origin="a status of the provider's that nobody had seen before, and nobody reads",
    scenario=_SCENARIO,
)
def cancelled_tournament_waited_for(patches: Patches) -> None:
    """A contest whose tournament was cancelled waits for its final board."""
    _alter_due(patches, "= 'STATUS_CANCELED'", "= 'never'", moves_to="LIVE")


@DEFECTS.sabotage(
    "three_way_reconciliation",
    origin="refunds belonged to the organizer's button, and the rule came later",
    scenario=_SCENARIO,
)
def fees_of_a_cancelled_tournament_kept(patches: Patches) -> None:
    """A contest is cancelled with its tournament, and nobody gets the fee back."""

    def make(_: Any) -> Any:
        def request_for_contest(*_arguments: Any) -> int:
            patches.trigger()
            return 0

        return request_for_contest

    patches.replace(refunds, "request_for_contest", make)


def _alter_due(patches: Patches, old: str, new: str, *, moves_to: str) -> None:
    """Have the reconciler find other contests due; a move to that status shows it."""

    def make(real: Any) -> Any:
        assert old in real.text, f"the platform's statement has no {old!r} any more"
        return text(real.text.replace(old, new))

    def note(real: Any) -> Any:
        def move(runtime: Any, context: Any, due: Any) -> Any:
            if due.target == moves_to:
                patches.trigger()
            return real(runtime, context, due)

        return move

    patches.replace(lifecycle, "DUE", make)
    patches.replace(lifecycle, "_move", note)


def _refuse(patches: Patches, deviation: Any) -> None:
    """Find something wrong with each board of which `deviation` says so: a code, and what was there."""

    def make(real: Any) -> Any:
        def validate(payload: Any, provider_event_id: str) -> Any:
            board, errors = real(payload, provider_event_id)
            found = deviation(payload) if board is not None else None
            if found is None:
                return board, errors
            patches.trigger()
            return None, [FeedError(code=found[0], path="$.events[0]", detail=found[1])]

        return validate

    patches.replace(poller, "validate", make)
