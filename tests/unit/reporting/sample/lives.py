"""A contest of the sample by itself: boards, transitions, settlement, transfers."""

from __future__ import annotations

from datetime import datetime, timedelta

from simulation.events import Change, ProviderPublication, StripeCall, StripeMovement, Transaction
from tests.unit.reporting.sample.book import SYSTEM, Book, make_id
from tests.unit.reporting.sample.plans import Plan, prize, ranking, transfer_id, user_id, winner


def play(book: Book, tournament: str, first: datetime) -> None:
    """Boards of four rounds."""
    for round_number in range(1, 5):
        final = round_number == 4
        at = first + timedelta(days=round_number - 1, hours=12)
        book.add(
            at,
            ProviderPublication(
                tournament=tournament,
                revision=round_number * 3,
                payload_sha256="ab" * 32,
                final=final,
                rounds={f"g{k:02d}": (60 + k, 70, 70, 70) for k in range(1, 21)},
                player_status={},
            ),
            cause="provider",
        )


def live(book: Book, plan: Plan, *, unpaid_rank: int | None = None, slow_rank: int | None = None) -> None:
    """The contest's life by itself: transitions, settlement, transfers."""
    settled, paid_out = plan.complete + timedelta(minutes=5), plan.complete + timedelta(minutes=10)
    if slow_rank is not None or unpaid_rank is not None:
        paid_out = plan.complete + timedelta(hours=1, minutes=3)
    moments = (
        (plan.created, "create", None, "SCHEDULED"),
        (plan.lock + timedelta(minutes=2), "lock", "SCHEDULED", "LOCKED"),
        (plan.start + timedelta(minutes=2), "go_live", "LOCKED", "LIVE"),
        (plan.complete, "complete", "LIVE", "COMPLETE"),
        (settled, "settle", "COMPLETE", "COMPLETE"),
    )
    for at, action, before, after in moments:
        actor = user_id(0) if action == "create" else SYSTEM
        book.row(
            "contest_audit",
            audit_id=make_id(plan.key, action),
            contest_id=plan.contest_id,
            actor=actor,
            action=action,
            reason=f"{action.replace('_', ' ')}: its time had come",
            from_status=before,
            to_status=after,
            created_at=at,
        )
        _commit(book, at, table="contest_instances", new={"id": plan.contest_id, "status": after}, first=before is None)
        book.audit(
            at,
            actor=actor,
            action=action,
            reason=f"{action.replace('_', ' ')}: its time had come",
            entity="contest_instances",
            entity_id=plan.contest_id,
        )
    book.row(
        "contests",
        contest_id=plan.contest_id,
        name=plan.name,
        status="COMPLETE",
        organizer_id=user_id(0),
        entry_fee_cents=plan.fee_cents,
        payout_structure={str(k): v for k, v in plan.percent.items()},
        scoring={},
        tournament=plan.tournament,
        created_at=plan.created,
        lock_time=plan.lock,
        start_time=plan.start,
        end_time=plan.complete,
        completed_at=plan.complete,
        settled_at=settled,
        paid_out_at=paid_out,
    )
    _settle(book, plan, settled)
    for rank in plan.percent:
        if rank != unpaid_rank:
            _pay(book, plan, rank, at=paid_out if rank == slow_rank else plan.complete + timedelta(minutes=10))


def _commit(book: Book, at: datetime, *, table: str, new: dict[str, str], first: bool) -> None:
    """A change as the write-ahead log has it; order of commit is order of time."""
    change = Change(table=table, op="insert" if first else "update", new=dict(new))
    book.add(at, Transaction(xid=int(at.timestamp()), changes=(change,)), cause="wal")


def _settle(book: Book, plan: Plan, at: datetime) -> None:
    rankings = [
        {
            "user_id": user_id(number),
            "rank": rank,
            "score": 270 + rank,
            "payout_cents": prize(plan, rank) if rank in plan.percent else 0,
        }
        for rank, number in enumerate(ranking(plan), start=1)
    ]
    rake = plan.pool_cents - sum(prize(plan, rank) for rank in plan.percent)
    settlement = make_id("settlement", plan.key)
    _commit(book, at, table="settlement_records", new={"id": settlement}, first=True)
    book.row(
        "settlements",
        settlement_id=settlement,
        contest_id=plan.contest_id,
        settled_at=at,
        participant_count=plan.entrants,
        total_pool_cents=plan.pool_cents,
        results={"rankings": rankings, "platform_cents": rake, "pool_cents": plan.pool_cents},
        created_at=at,
    )
    for rank in plan.percent:
        user = user_id(winner(plan, rank))
        book.post(
            at,
            contest=plan.contest_id,
            user=user,
            entry="PRIZE_PAYOUT",
            debit=f"contest_pool:{plan.contest_id}",
            credit=f"winnings_payable:{plan.contest_id}:{user}",
            cents=prize(plan, rank),
            reference=("settlement", settlement),
        )
    book.post(
        at,
        contest=plan.contest_id,
        user=None,
        entry="ADJUSTMENT",
        debit=f"contest_pool:{plan.contest_id}",
        credit="platform",
        cents=rake,
        reference=("settlement", settlement),
    )


def _pay(book: Book, plan: Plan, rank: int, *, at: datetime) -> None:
    user, transfer = user_id(winner(plan, rank)), transfer_id(plan, rank)
    key = f"payout:{transfer}"
    book.add(
        at,
        StripeCall(
            request_id=f"req_{plan.key}_{rank}",
            origin="platform",
            method="POST",
            path="/v1/transfers",
            idempotency_key=key,
            status=200,
            error_code=None,
            object_id=f"tr_{plan.key}_{rank}",
            executed=True,
        ),
        cause=f"job:payout:{at:%Y-%m-%dT%H:%M}",
    )
    book.add(
        at,
        StripeMovement(
            balance_transaction_id=f"txn_tr_{plan.key}_{rank}",
            movement="transfer",
            amount_cents=-prize(plan, rank),
            fee_cents=0,
            net_cents=-prize(plan, rank),
            currency="usd",
            available_at=at,
            source_id=f"tr_{plan.key}_{rank}",
            destination=f"acct_{winner(plan, rank):06d}",
            contest_id=plan.contest_id,
            user_id=user,
            idempotency_key=key,
        ),
    )
    book.row(
        "transfers",
        transfer_id=transfer,
        contest_id=plan.contest_id,
        user_id=user,
        amount_cents=prize(plan, rank),
        status="completed",
        attempt_count=1,
        max_attempts=3,
        stripe_transfer_id=f"tr_{plan.key}_{rank}",
        idempotency_key=key,
        failure_reason=None,
        created_at=at,
        completed_at=at,
    )
    book.post(
        at,
        contest=plan.contest_id,
        user=user,
        entry="PAYOUT_ATTEMPT_COMPLETED",
        debit=f"winnings_payable:{plan.contest_id}:{user}",
        credit="stripe",
        cents=prize(plan, rank),
        reference=("payout_transfer", transfer),
    )
    book.audit(
        at,
        actor=SYSTEM,
        action="payout_completed",
        reason=f"Stripe made transfer tr_{plan.key}_{rank}",
        entity="payout_transfers",
        entity_id=transfer,
    )
