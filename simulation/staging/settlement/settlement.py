"""Settlement: from the final scores to prizes, in one transaction, once for each contest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.contests import contests
from simulation.staging.context import Context
from simulation.staging.database import PASSING
from simulation.staging.errors import ApiError, SettlementRefused
from simulation.staging.money.currencies import step
from simulation.staging.money.ledger import balance_cents, contest_pool
from simulation.staging.money.refunds import GIVEN_BACK
from simulation.staging.runtime import Runtime
from simulation.staging.scores import scoring
from simulation.staging.scores.board import Board
from simulation.staging.scores.validation import validate
from simulation.staging.settlement import prizes, records
from simulation.staging.unit_of_work import UnitOfWork

# A run that failed is not repeated automatically: its cause is in the data, and a runbook decides.
DUE = text("""
    SELECT c.id FROM contest_instances c
    LEFT JOIN LATERAL (SELECT status FROM settlement_audit s WHERE s.contest_instance_id = c.id
                       ORDER BY s.sequence_number DESC LIMIT 1) latest ON true
    WHERE c.status = 'COMPLETE' AND c.settle_time IS NULL AND c.end_time <= now() AND latest.status IS DISTINCT FROM
        'FAILED'
    ORDER BY c.end_time, c.contest_name, c.id
""")
_LATEST_REFUSED = text("""
    SELECT FROM (SELECT status FROM settlement_audit WHERE contest_instance_id = :contest_id
                 ORDER BY sequence_number DESC LIMIT 1) latest
    WHERE latest.status = 'FAILED'
""")
_LATEST_VALID_EVENT = text("""
    SELECT id, provider_data_json, is_terminal FROM ingestion_events
    WHERE contest_instance_id = :contest_id AND validation_status = 'VALID' ORDER BY sequence_number DESC LIMIT 1
""")
_PAID_ENTRANTS = text(f"""
    SELECT e.user_id, e.roster FROM contest_participants e
    WHERE e.contest_instance_id = :contest_id AND NOT {contests.HAS_LEFT} AND (:entry_fee_cents = 0 OR EXISTS (
        SELECT FROM payment_intents p
        WHERE p.contest_instance_id = e.contest_instance_id AND p.user_id = e.user_id AND p.status = 'SUCCEEDED'
          AND NOT {GIVEN_BACK}))
    ORDER BY e.user_id
""")  # noqa: S608 - every part is ours
_REFUNDS_UNDER_WAY = text("""
    SELECT coalesce(sum(amount_cents), 0)::bigint AS cents FROM refunds
    WHERE contest_instance_id = :contest_id AND currency = :currency AND status NOT IN ('completed', 'returned', 'owed')
""")


@dataclass(frozen=True, kw_only=True)
class Settled:
    """A settlement that exists now; `already` if it existed before."""

    settlement_run_id: UUID
    settlement_id: UUID
    already: bool


@dataclass(frozen=True, kw_only=True)
class SettlementResult:
    """What one run of the settlement job did."""

    contests_settled: int = 0
    contests_failed: int = 0


def run(runtime: Runtime, context: Context) -> SettlementResult:
    """Settle every contest that is due; a refusal is recorded and keeps no other contest from being settled."""
    settled = failed = 0
    for due in runtime.database.read(DUE):
        try:
            settle(runtime, context, due.id, reason="the contest is complete", automatic=True)
            settled += 1
        except (SettlementRefused, ApiError):
            failed += 1
        except Exception as error:
            failed += 1
            runtime.log.error(
                "Settlement",
                "run broke off, to be repeated",
                contest_id=due.id,
                error=repr(error),
                request_id=context.request_id,
            )
    return SettlementResult(contests_settled=settled, contests_failed=failed)


def settle(runtime: Runtime, context: Context, contest_id: UUID, *, reason: str, automatic: bool = False) -> Settled:
    """Settle one contest, or say that it was settled before.

    :param automatic: by the job, whose refusals are recorded once, however many replicas run it.

    Raises ApiError 404 or 409 when it cannot be settled yet, SettlementRefused after recording a FAILED run, and
    database errors that may pass
    as they are.
    """
    run_id = runtime.new_id()
    try:
        with runtime.unit_of_work(
            context,
            action="contest_settled",
            reason=reason,
            entity=("contest", contest_id),
            payload={"settlement_run_id": str(run_id)},
        ) as work:
            contest = contests.locked(work, contest_id)
            earlier = records.find(work, contest_id)
            if earlier is not None:
                return Settled(settlement_run_id=earlier.settlement_run_id, settlement_id=earlier.id, already=True)
            _check_due(contest)
            settlement_id = records.write(work, run_id, contest, _compute(work, contest), reason=reason)
    except (ApiError, *PASSING):
        raise
    except Exception as error:
        refusal = (
            error
            if isinstance(error, SettlementRefused)
            else SettlementRefused("SETTLEMENT_INCONSISTENT_STATE", {"error": " ".join(repr(error).split())[:500]})
        )
        _record_failure(runtime, context, run_id, contest_id, refusal, once=automatic)
        raise refusal from error
    runtime.log.info(
        "Settlement", "contest settled", contest_id=contest_id, settlement_run_id=run_id, request_id=context.request_id
    )
    return Settled(settlement_run_id=run_id, settlement_id=settlement_id, already=False)


def _check_due(contest: Row[Any]) -> None:
    if contest.status != "COMPLETE":
        raise ApiError(409, "contest_not_complete", f"a contest in {contest.status} cannot be settled")
    if contest.end_time > datetime.now(UTC):
        raise ApiError(409, "contest_not_ended", "a contest is settled at its end time at the earliest")


def _compute(work: UnitOfWork, contest: Row[Any]) -> records.Settlement:
    event_id, board = _final_board(work, contest.id)
    entrants = work.read(_PAID_ENTRANTS, contest_id=contest.id, entry_fee_cents=contest.entry_fee_cents)
    _check_pool(work, contest, contest.entry_fee_cents * len(entrants))
    return outcome(contest, event_id, board, {e.user_id: e.roster for e in entrants})


def outcome(
    contest: Row[Any], event_id: UUID, board: Board, rosters: Mapping[UUID, Sequence[str]]
) -> records.Settlement:
    """Scores, places and prizes of these entrants by this board; the contest's terms are all it needs besides."""
    missed = int(contest.scoring["missed_round_strokes"])
    details = {
        user_id: scoring.score_roster(board, roster, missed_round_strokes=missed) for user_id, roster in rosters.items()
    }
    scores = {user_id: sum(player.strokes for player in players) for user_id, players in details.items()}
    fees_cents = contest.entry_fee_cents * len(rosters)
    pool_cents = max(fees_cents, contest.guaranteed_pool_cents if rosters else 0)
    return records.Settlement(
        event_ids=(event_id,),
        scores={
            str(user_id): {"score": scores[user_id], "players": [asdict(player) for player in players]}
            for user_id, players in details.items()
        },
        rankings=tuple(prizes.rankings(scores, contest.payout_structure, pool_cents, step=step(contest.currency))),
        currency=contest.currency,
        pool_cents=pool_cents,
        top_up_cents=pool_cents - fees_cents,
    )


def _final_board(work: UnitOfWork, contest_id: UUID) -> tuple[UUID, Board]:
    events = work.read(_LATEST_VALID_EVENT, contest_id=contest_id)
    if not events or not events[0].is_terminal:
        raise SettlementRefused("SETTLEMENT_INCOMPLETE_SCORES", {"problem": "no terminal signal from the provider"})
    event = events[0]
    found = event.provider_data_json["events"][0]["id"]
    board, errors = validate(event.provider_data_json, found)
    if board is None:
        raise SettlementRefused("SETTLEMENT_VALIDATION_FAILED", {"errors": [asdict(error) for error in errors]})
    lacking = scoring.players_lacking_rounds(board)
    if lacking:
        problem = {
            "problem": "players lack a completed round",
            "player_ids": lacking,
            "ingestion_event_id": str(event.id),
        }
        raise SettlementRefused("SETTLEMENT_INCOMPLETE_SCORES", dict(problem))
    return event.id, board


def _check_pool(work: UnitOfWork, contest: Row[Any], pool_cents: int) -> None:
    """The ledger must hold what the entrants paid, in the contest's currency, besides fees on their way back."""
    held_cents = balance_cents(work, contest_pool(contest.id), contest.currency)
    returning_cents = int(work.read(_REFUNDS_UNDER_WAY, contest_id=contest.id, currency=contest.currency)[0].cents)
    if held_cents - returning_cents != pool_cents:
        raise SettlementRefused(
            "SETTLEMENT_INCONSISTENT_STATE",
            {
                "problem": "the ledger does not hold the pool",
                "ledger_cents": held_cents,
                "refunds_under_way_cents": returning_cents,
                "expected_pool_cents": pool_cents,
            },
        )


def _record_failure(
    runtime: Runtime, context: Context, run_id: UUID, contest_id: UUID, refusal: SettlementRefused, *, once: bool
) -> None:
    """:param once: leave it out where the last run is recorded as refused: another replica did the same just now."""
    runtime.log.error(
        "Settlement",
        "settlement failed",
        contest_id=contest_id,
        settlement_run_id=run_id,
        error_code=refusal.code,
        detail=refusal.details,
        request_id=context.request_id,
    )
    with runtime.unit_of_work(
        context,
        action="settlement_failed",
        reason=refusal.code,
        entity=("contest", contest_id),
        payload={"settlement_run_id": str(run_id)},
    ) as work:
        if once:
            contests.locked(work, contest_id)
            if work.read(_LATEST_REFUSED, contest_id=contest_id):
                return
        records.write_failure(work, run_id, contest_id, refusal)
