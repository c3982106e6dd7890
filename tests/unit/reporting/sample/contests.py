"""The four contests of the sample, from sign-up to the last payout."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from simulation.history import (
    Change,
    EntrantAction,
    Exchange,
    ProviderPublication,
    StripeCall,
    StripeMovement,
    StripeObject,
    Transaction,
    WebhookAttempt,
)
from tests.unit.reporting.sample.book import SYSTEM, Book, day, make_id

NAMES = (
    "Ada Marsh",
    "Ben Okafor",
    "Carla Reyes",
    "Dmitri Volk",
    "Ella Thornton",
    "Farid Haddad",
    "Grace Lindqvist",
    "Hugo Baptiste",
    "Ines Carvalho",
    "Jonas Weber",
    "Keiko Tanaka",
    "Liam O'Connell",
    "Mona Farouk",
    "Nils Sørensen",
    "Olivia Brandt",
    "Pavel Novák",
    "Quinn Harper",
    "Rosa Delgado",
    "Samir Patel",
    "Tess Willoughby",
)


@dataclass(frozen=True, kw_only=True)
class Plan:
    key: str
    name: str
    tournament: str
    fee_cents: int
    entrants: int
    percent: dict[int, int]
    created: datetime
    lock: datetime
    start: datetime
    complete: datetime

    @property
    def contest_id(self) -> str:
        return make_id("contest", self.key)

    @property
    def pool_cents(self) -> int:
        return self.fee_cents * self.entrants

    def person(self, index: int) -> int:
        """The pool's person who is entrant ``index``: contests share people."""
        return (index + 3 * ["masters", "links", "duel", "club"].index(self.key)) % len(NAMES)


PLANS = (
    Plan(
        key="masters",
        name="Masters Warm-up",
        tournament="spring",
        fee_cents=2500,
        entrants=12,
        percent={1: 60, 2: 25, 3: 10},
        created=day(0, 9),
        lock=day(2, 7),
        start=day(2, 8),
        complete=day(5, 21),
    ),
    Plan(
        key="links",
        name="Links & Lads Invitational",
        tournament="spring",
        fee_cents=1000,
        entrants=20,
        percent={1: 45, 2: 30, 3: 15},
        created=day(0, 15),
        lock=day(1, 20),
        start=day(2, 8),
        complete=day(5, 21, 5),
    ),
    Plan(
        key="duel",
        name="High-Roller Duel",
        tournament="coast",
        fee_cents=10000,
        entrants=3,
        percent={1: 90},
        created=day(3, 10),
        lock=day(7, 6),
        start=day(7, 8),
        complete=day(10, 20),
    ),
    Plan(
        key="club",
        name="Club Night",
        tournament="coast",
        fee_cents=500,
        entrants=8,
        percent={1: 60, 2: 30},
        created=day(4, 12),
        lock=day(7, 7, 30),
        start=day(7, 8),
        complete=day(10, 20, 5),
    ),
)


def user_id(number: int) -> str:
    return make_id("user", number)


def people(book: Book) -> None:
    """Everybody signs up and connects a payout account."""
    for number, name in enumerate(NAMES):
        at = day(0, 1, number)
        cause = f"entrant:p{number:03d}:-"
        book.add(
            at,
            EntrantAction(
                person=f"p{number:03d}", user_id=user_id(number), contest=None, contest_id=None, action="signed_up"
            ),
            cause=cause,
        )
        book.add(
            at,
            Exchange(
                actor="entrant",
                request_id=f"signup-{number}",
                method="POST",
                path="/api/users",
                status=201,
                request_body={"name": name, "email": f"p{number}@example.test"},
                response_body={"user_id": user_id(number)},
            ),
            cause=cause,
        )
        book.row(
            "users", user_id=user_id(number), is_admin=False, stripe_account_id=f"acct_{number:06d}", deleted_at=None
        )
        book.audit(
            at,
            actor=user_id(number),
            action="user_created",
            reason="signed up",
            entity="users",
            entity_id=user_id(number),
        )


def _order(plan: Plan) -> list[int]:
    """The contest's people in the order of their final ranks."""
    winners = [winner(plan, rank) for rank in plan.percent]
    return winners + [plan.person(i) for i in range(plan.entrants) if plan.person(i) not in winners]


def _roster(plan: Plan, number: int) -> tuple[str, ...]:
    """Who came k-th had chosen golfer k."""
    return (f"g{_order(plan).index(number) + 1:02d}",)


def fee_of(amount_cents: int) -> int:
    return (amount_cents * 290 + 5000) // 10000 + 30


def enter(book: Book, plan: Plan, *, delayed: int | None = None) -> None:
    """All entrants of one contest join and pay; ``delayed``'s payment is posted a day late, through a replay."""
    book.add(
        plan.created,
        EntrantAction(
            person="o000", user_id=user_id(0), contest=plan.key, contest_id=plan.contest_id, action="created_contest"
        ),
    )
    book.add(
        plan.created,
        EntrantAction(
            person="o000", user_id=user_id(0), contest=plan.key, contest_id=plan.contest_id, action="published_contest"
        ),
    )
    for index in range(plan.entrants):
        _one_entry(book, plan, index, late=index == delayed)


def _one_entry(book: Book, plan: Plan, index: int, *, late: bool) -> None:
    number = plan.person(index)
    user, intent = user_id(number), f"pi_{plan.key}_{index:02d}"
    at = plan.created + timedelta(hours=1, minutes=41 * index)
    posted = at + timedelta(hours=25, minutes=3) if late else at + timedelta(minutes=4, seconds=2)
    cause = f"entrant:p{number:03d}:{plan.key}"
    for action, moment in (
        ("joined", at),
        ("opened_intent", at + timedelta(minutes=3)),
        ("paid", at + timedelta(minutes=4)),
    ):
        book.add(
            moment,
            EntrantAction(
                person=f"p{number:03d}",
                user_id=user,
                contest=plan.key,
                contest_id=plan.contest_id,
                action=action,  # type: ignore[arg-type]
                amount_cents=plan.fee_cents if action == "paid" else 0,
                payment_intent_id=intent,
                roster=_roster(plan, number),
            ),
            cause=cause,
        )
    paid_at = at + timedelta(minutes=4)
    book.add(
        paid_at,
        StripeMovement(
            balance_transaction_id=f"txn_{intent}",
            movement="charge",
            amount_cents=plan.fee_cents,
            fee_cents=fee_of(plan.fee_cents),
            net_cents=plan.fee_cents - fee_of(plan.fee_cents),
            currency="usd",
            available_at=paid_at + timedelta(days=2),
            source_id=f"ch_{intent}",
            payment_intent_id=intent,
            contest_id=plan.contest_id,
            user_id=user,
            origin="entrant",
        ),
        cause=cause,
    )
    book.add(
        day(14),
        StripeObject(
            object_type="payment_intent",
            object_id=intent,
            status="succeeded",
            amount_cents=plan.fee_cents,
            contest_id=plan.contest_id,
            user_id=user,
        ),
    )
    if not late:
        book.add(
            posted,
            WebhookAttempt(
                event_id=f"evt_{intent}",
                event_type="payment_intent.succeeded",
                object_id=intent,
                attempt=1,
                status=200,
                next_attempt_at=None,
            ),
        )
    payment = make_id("payment", intent)
    book.row(
        "entries",
        contest_id=plan.contest_id,
        user_id=user,
        joined_at=at,
        roster=list(_roster(plan, number)),
        created_at=at,
    )
    book.row(
        "payments",
        payment_id=payment,
        contest_id=plan.contest_id,
        user_id=user,
        stripe_payment_intent_id=intent,
        status="SUCCEEDED",
        amount_cents=plan.fee_cents,
        created_at=at,
    )
    book.post(
        posted,
        contest=plan.contest_id,
        user=user,
        entry="ENTRY_FEE",
        debit="stripe",
        credit=f"contest_pool:{plan.contest_id}",
        cents=plan.fee_cents,
        reference=("payment_intent", payment),
    )
    book.audit(
        at,
        actor=user,
        action="join",
        reason="entrant joined the contest",
        entity="contest_participants",
        entity_id=plan.contest_id,
    )
    book.audit(
        posted,
        actor=SYSTEM,
        action="payment_succeeded",
        reason=f"Stripe event evt_{intent}",
        entity="payment_intents",
        entity_id=payment,
    )


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


def prize(plan: Plan, rank: int) -> int:
    return plan.pool_cents * plan.percent[rank] // 100


def winner(plan: Plan, rank: int) -> int:
    """Person number of the entrant who came ``rank``-th."""
    return plan.person((rank * 5) % plan.entrants)


def _settle(book: Book, plan: Plan, at: datetime) -> None:
    rankings = [
        {
            "user_id": user_id(number),
            "rank": rank,
            "score": 270 + rank,
            "payout_cents": prize(plan, rank) if rank in plan.percent else 0,
        }
        for rank, number in enumerate(_order(plan), start=1)
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


def transfer_id(plan: Plan, rank: int) -> str:
    return make_id("transfer", plan.key, rank)


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
