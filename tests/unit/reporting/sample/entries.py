"""Everybody of the sample signs up, joins and pays."""

from __future__ import annotations

from datetime import timedelta

from simulation.events import EntrantAction, Exchange, StripeMovement, StripeObject, WebhookAttempt
from tests.unit.reporting.sample.book import SYSTEM, Book, day, make_id
from tests.unit.reporting.sample.plans import NAMES, Plan, fee_of, roster, user_id


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
                roster=roster(plan, number),
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
        roster=list(roster(plan, number)),
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
