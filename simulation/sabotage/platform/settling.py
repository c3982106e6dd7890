"""Defects of settlement: wrong scores, wrong entrants, or settled more than once."""

from __future__ import annotations

import dataclasses
from typing import Any

from sqlalchemy import text

from simulation.sabotage.patches import Patches
from simulation.sabotage.registry import DefectRegistry
from simulation.staging.canonical import canonical_json
from simulation.staging.errors import SettlementRefused
from simulation.staging.scores import scoring
from simulation.staging.scores.board import ROUNDS
from simulation.staging.scores.validation import validate
from simulation.staging.settlement import records, settlement

DEFECTS = DefectRegistry("scores")
COLLECTING = DefectRegistry("collecting")


@DEFECTS.sabotage(
    "expected_prizes",
    "scores_applied",
    origin="a retried event handler that adds to a running total",
    scenario="quiet",
)
def round_applied_twice(patches: Patches) -> None:
    """Round one counts twice."""

    def strokes(player: Any) -> int:
        first: int | None = player.rounds[0]
        return int(player.strokes) + (first or 0)

    _alter_scores(patches, strokes)


@DEFECTS.sabotage(
    "expected_prizes",
    "scores_applied",
    origin="rounds counted from zero in one place and from one in another",
    scenario="quiet",
)
def wrong_round_scored(patches: Patches) -> None:
    """Round three stands in for round four."""

    def strokes(player: Any) -> int:
        third, fourth = player.rounds[2], player.rounds[3]
        if third is None or fourth is None:
            return int(player.strokes)
        return int(player.strokes) - int(fourth) + int(third)

    _alter_scores(patches, strokes)


@DEFECTS.sabotage(
    "expected_prizes",
    "scores_applied",
    origin="missing values read as zero: who misses the cut leads the field",
)
def missed_rounds_cost_nothing(patches: Patches) -> None:
    """A round that was not played adds no strokes."""

    def strokes(player: Any) -> int:
        return sum(value or 0 for value in player.rounds)

    _alter_scores(patches, strokes)


@DEFECTS.sabotage(
    "contests_paid_out",
    origin="four rounds written into the code: nobody thought of rain",
    scenario="rain",
)
def waits_for_a_round_that_was_called_off(patches: Patches) -> None:
    """A tournament that the weather ended after three rounds is never settled."""

    def make(_: Any) -> Any:
        def lacking(board: Any) -> list[str]:
            found = sorted(player.id for player in board.players.values() if player.lacks_rounds(ROUNDS[-1]))
            if found:
                patches.trigger()
            return found

        return lacking

    patches.replace(scoring, "players_lacking_rounds", make)


@DEFECTS.sabotage(
    "scores_applied",
    origin="who finished is scored by the rounds that there were, who did not by those that should have been",
    scenario="rain",
)
def round_called_off_costs_only_some(patches: Patches) -> None:
    """The round that was called off costs nothing to those who played to the end, and strokes to all others."""

    def strokes(player: Any) -> int:
        finished = player.rounds[:-1]
        return int(player.strokes) if None in finished else sum(finished)

    _alter_scores(patches, strokes)


@DEFECTS.sabotage(
    "expected_prizes",
    "clearing_accounts_drained",
    origin="a page size: the query returns the first rows only",
    scenario="quiet",
)
def settlement_of_some_entrants(patches: Patches) -> None:
    """Only the first three entrants are settled."""
    patches.replace(settlement, "_PAID_ENTRANTS", lambda real: text(f"{real.text} LIMIT 3"))
    _skip_the_pool_check(patches)


@DEFECTS.sabotage(
    "transfers_final",
    "clearing_accounts_drained",
    "three_way_reconciliation",
    origin="a process that died between two commits which should have been one",
    scenario="quiet",
)
def settlement_without_the_last_transfer(patches: Patches) -> None:
    """The settlement stands, and its last winner has no transfer."""

    def make(real: Any) -> Any:
        def create(work: Any, contest_id: Any, settlement_id: Any, result: Any) -> None:
            winners = [ranking for ranking in result.rankings if ranking.payout_cents]
            patches.trigger()
            real(work, contest_id, settlement_id, dataclasses.replace(result, rankings=tuple(winners[:-1])))

        return create

    patches.replace(records, "_create_payouts", make)


@DEFECTS.sabotage(
    "scores_applied",
    origin="a replay tool that runs the engine again on a settled contest",
    scenario="quiet",
)
def settlement_repeated_with_another_result(patches: Patches) -> None:
    """A second run of a settled contest is recorded as complete, with other scores."""

    def make(real: Any) -> Any:
        def write(work: Any, run_id: Any, contest: Any, result: Any, **rest: Any) -> Any:
            settled = real(work, run_id, contest, result, **rest)
            again, scores = work.new_id(), canonical_json({"replayed": True})
            records._start(work, again, contest.id, list(result.event_ids))
            work.write(
                records._SCORES,
                id=work.new_id(), run_id=again, contest_id=contest.id, scores=scores, scores_hash="0" * 64,
            )  # fmt: skip
            work.write(records._COMPLETE, run_id=again, scores=scores)
            patches.trigger()
            return settled

        return write

    patches.replace(records, "write", make)


@DEFECTS.sabotage(
    "expected_prizes",
    "scores_applied",
    origin="a read replica that lags: the engine saw the board of hours ago",
    scenario="quiet",
)
def settlement_on_stale_scores(patches: Patches) -> None:
    """The settlement uses a board from the middle of the last round."""

    def make(_real: Any) -> Any:
        def final_board(work: Any, contest_id: Any) -> Any:
            latest = settlement._LATEST_VALID_EVENT.text
            stale = text(latest.replace("ORDER BY", "AND received_at < now() - interval '4 hours' ORDER BY"))
            event = work.read(stale, contest_id=contest_id)[0]
            board, _ = validate(event.provider_data_json, event.provider_data_json["events"][0]["id"])
            patches.trigger()
            return event.id, board

        return final_board

    patches.replace(settlement, "_final_board", make)


@COLLECTING.sabotage(
    "expected_prizes",
    "nothing_negative",
    origin="a LEFT JOIN where a JOIN was meant: entrants without a payment play along",
)
def unpaid_entrant_scored(patches: Patches) -> None:
    """Everybody who joined is settled, paid or not."""
    patches.replace(
        settlement,
        "_PAID_ENTRANTS",
        lambda _: text("""
            SELECT user_id, roster FROM contest_participants
            WHERE contest_instance_id = :contest_id AND :entry_fee_cents >= 0 ORDER BY user_id"""),
    )
    _skip_the_pool_check(patches)


def _skip_the_pool_check(patches: Patches) -> None:
    """Suppress the platform's own check of the pool, which would refuse the settlement, and note that as a trigger."""

    def make(real: Any) -> Any:
        def check_pool(work: Any, contest_id: Any, pool_cents: int) -> None:
            try:
                real(work, contest_id, pool_cents)
            except SettlementRefused:
                patches.trigger()

        return check_pool

    patches.replace(settlement, "_check_pool", make)


def _alter_scores(patches: Patches, strokes: Any) -> None:
    def make(real: Any) -> Any:
        def score_roster(*arguments: Any, **named: Any) -> list[Any]:
            scored: list[Any] = real(*arguments, **named)
            changed = [dataclasses.replace(player, strokes=strokes(player)) for player in scored]
            if changed != scored:
                patches.trigger()
            return changed

        return score_roster

    patches.replace(scoring, "score_roster", make)
