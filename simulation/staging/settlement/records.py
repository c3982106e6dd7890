"""What a settlement writes: audit, score history, record, ledger, payout job, transfers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text

from simulation.staging.canonical import canonical_json, sha256_of
from simulation.staging.errors import SettlementRefused
from simulation.staging.money import ledger
from simulation.staging.settlement.prizes import Ranking
from simulation.staging.unit_of_work import UnitOfWork

ENGINE_VERSION = "1.0.0"

_FIND = text("SELECT id, settlement_run_id FROM settlement_records WHERE contest_instance_id = :contest_id")
_START = text("""
    INSERT INTO settlement_audit (settlement_run_id, contest_instance_id, engine_version, event_ids_applied, status)
    VALUES (:run_id, :contest_id, :engine_version, :event_ids, 'STARTED')
""")
_COMPLETE = text("""
    UPDATE settlement_audit SET status = 'COMPLETE', completed_at = clock_timestamp(),
        final_scores_json = CAST(:scores AS jsonb)
    WHERE settlement_run_id = :run_id
""")
_FAIL = text("""
    UPDATE settlement_audit SET status = 'FAILED', completed_at = clock_timestamp(), error_json = CAST(:error AS jsonb)
    WHERE settlement_run_id = :run_id
""")
_SCORES = text("""
    INSERT INTO score_history (id, settlement_run_id, contest_instance_id, scores_json, scores_hash)
    VALUES (:id, :run_id, :contest_id, CAST(:scores AS jsonb), :scores_hash)
""")
_RECORD = text("""
    INSERT INTO settlement_records (id, contest_instance_id, settlement_run_id, results, results_sha256,
        participant_count,
                                    total_pool_cents, settlement_version)
    VALUES (:id, :contest_id, :run_id, CAST(:results AS jsonb), :results_sha256, :participant_count, :pool_cents,
        :version)
""")
_JOB = text("""
    INSERT INTO payout_jobs (id, settlement_id, contest_id, status, total_payouts)
    VALUES (:id, :settlement_id, :contest_id, 'pending', :total_payouts)
""")
_TRANSFER = text("""
    INSERT INTO payout_transfers (id, payout_job_id, contest_id, user_id, amount_cents, currency, status,
        idempotency_key)
    VALUES (:id, :job_id, :contest_id, :user_id, :amount_cents, :currency, 'pending', :idempotency_key)
""")
_SET_SETTLE_TIME = text("UPDATE contest_instances SET settle_time = now(), updated_at = now() WHERE id = :id")


@dataclass(frozen=True, kw_only=True)
class Settlement:
    """The computed outcome of a contest."""

    event_ids: tuple[UUID, ...]
    scores: dict[str, dict[str, object]]
    """By user id: the score, and the roster players it is made of."""
    rankings: tuple[Ranking, ...]
    currency: str
    """Of all amounts: the contest's."""
    pool_cents: int
    top_up_cents: int
    """What of the pool the platform adds, because a bigger one was guaranteed than the fees come to."""

    @property
    def platform_cents(self) -> int:
        """Rake and remainder: whatever the winners do not get."""
        return self.pool_cents - sum(ranking.payout_cents for ranking in self.rankings)

    def results(self) -> dict[str, object]:
        """The record's JSON."""
        return {
            "rankings": [
                {"user_id": str(r.user_id), "rank": r.rank, "score": r.score, "payout_cents": r.payout_cents}
                for r in self.rankings
            ],
            "pool_cents": self.pool_cents,
            "platform_cents": self.platform_cents,
        }


def find(work: UnitOfWork, contest_id: UUID) -> Row[Any] | None:
    """The settlement of a contest, if it has one."""
    rows = work.read(_FIND, contest_id=contest_id)
    return rows[0] if rows else None


def write(work: UnitOfWork, run_id: UUID, contest: Row[Any], settlement: Settlement, *, reason: str) -> UUID:
    """Write everything and set the settle time; the id of the settlement record."""
    settlement_id = work.new_id()
    _start(work, run_id, contest.id, list(settlement.event_ids))
    scores_hash = sha256_of(settlement.scores)
    scores = canonical_json(settlement.scores)
    work.write(_SCORES, id=work.new_id(), run_id=run_id, contest_id=contest.id, scores=scores, scores_hash=scores_hash)
    results = settlement.results()
    work.write(
        _RECORD,
        id=settlement_id,
        contest_id=contest.id,
        run_id=run_id,
        results=canonical_json(results),
        results_sha256=sha256_of(results),
        participant_count=len(settlement.rankings),
        pool_cents=settlement.pool_cents,
        version=ENGINE_VERSION,
    )
    _post_prizes(work, contest.id, settlement_id, settlement)
    _create_payouts(work, contest.id, settlement_id, settlement)
    work.write(_COMPLETE, run_id=run_id, scores=scores)
    work.write(_SET_SETTLE_TIME, id=contest.id)
    work.record_contest_action(
        contest.id,
        action="settled",
        reason=reason,
        from_status=contest.status,
        to_status=contest.status,
        payload={"settlement_id": str(settlement_id), "settlement_run_id": str(run_id)},
    )
    return settlement_id


def write_failure(work: UnitOfWork, run_id: UUID, contest_id: UUID, refusal: SettlementRefused) -> None:
    """Record a run that was refused, in a transaction of its own."""
    _start(work, run_id, contest_id, [])
    error = {"error_code": refusal.code, "details": refusal.details}
    work.write(_FAIL, run_id=run_id, error=canonical_json(error))
    work.record_contest_action(
        contest_id, action="settlement_failed", reason=refusal.code, payload={"settlement_run_id": str(run_id)}
    )


def _start(work: UnitOfWork, run_id: UUID, contest_id: UUID, event_ids: list[UUID]) -> None:
    work.write(_START, run_id=run_id, contest_id=contest_id, engine_version=ENGINE_VERSION, event_ids=event_ids)


def _post_prizes(work: UnitOfWork, contest_id: UUID, settlement_id: UUID, settlement: Settlement) -> None:
    """Fill the pool up to what was guaranteed, and empty it: prizes to the winners, the rest to the platform."""
    if settlement.top_up_cents:
        ledger.post(work, _top_up(contest_id, settlement_id, settlement))
    for ranking in settlement.rankings:
        if ranking.payout_cents:
            ledger.post(
                work,
                _posting(
                    contest_id,
                    settlement_id,
                    key=f"prize:{contest_id}:{ranking.user_id}",
                    entry_type="PRIZE_PAYOUT",
                    credit=ledger.winnings_payable(contest_id, ranking.user_id),
                    amount_cents=ranking.payout_cents,
                    currency=settlement.currency,
                    user_id=ranking.user_id,
                    metadata={"rank": ranking.rank},
                ),
            )
    if settlement.platform_cents:
        ledger.post(
            work,
            _posting(
                contest_id,
                settlement_id,
                key=f"rake_and_remainder:{contest_id}",
                entry_type="ADJUSTMENT",
                credit=ledger.PLATFORM,
                amount_cents=settlement.platform_cents,
                currency=settlement.currency,
                user_id=None,
                metadata={"reason": "rake_and_remainder"},
            ),
        )


def _top_up(contest_id: UUID, settlement_id: UUID, settlement: Settlement) -> ledger.Posting:
    return ledger.Posting(
        key=f"pool_top_up:{contest_id}",
        entry_type="POOL_TOP_UP",
        debit=ledger.PLATFORM,
        credit=ledger.contest_pool(contest_id),
        amount_cents=settlement.top_up_cents,
        currency=settlement.currency,
        contest_id=contest_id,
        user_id=None,
        reference_type="settlement",
        reference_id=settlement_id,
        metadata={"reason": "guaranteed_pool"},
    )


def _posting(
    contest_id: UUID,
    settlement_id: UUID,
    *,
    key: str,
    entry_type: str,
    credit: str,
    amount_cents: int,
    currency: str,
    user_id: UUID | None,
    metadata: dict[str, object],
) -> ledger.Posting:
    return ledger.Posting(
        key=key,
        entry_type=entry_type,
        debit=ledger.contest_pool(contest_id),
        credit=credit,
        amount_cents=amount_cents,
        currency=currency,
        contest_id=contest_id,
        user_id=user_id,
        reference_type="settlement",
        reference_id=settlement_id,
        metadata=metadata,
    )


def _create_payouts(work: UnitOfWork, contest_id: UUID, settlement_id: UUID, settlement: Settlement) -> None:
    winners = [ranking for ranking in settlement.rankings if ranking.payout_cents]
    job_id = work.new_id()
    work.write(_JOB, id=job_id, settlement_id=settlement_id, contest_id=contest_id, total_payouts=len(winners))
    for winner in winners:
        transfer_id = work.new_id()
        work.write(
            _TRANSFER,
            id=transfer_id,
            job_id=job_id,
            contest_id=contest_id,
            user_id=winner.user_id,
            amount_cents=winner.payout_cents,
            currency=settlement.currency,
            idempotency_key=f"payout:{transfer_id}",
        )
