"""The story's money: entry fees in, one refund, prizes out, and Stripe's own record of it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

from simulation.events import (
    AlertEvaluation,
    EntrantAction,
    RequestShape,
    ShapeAnswer,
    StripeBalance,
    StripeCall,
    StripeContract,
    StripeMovement,
    StripeObject,
    TableCatalogue,
)
from tests.unit.checks.builder import Book, day

FEE = 1_000
STRIPE_FEE = 59
"""2.9 % of a fee and 30 cents."""
POOL = "contest_pool:C1"


def charge(book: Book, person: str, intent: str, at: datetime) -> None:
    """The entrant's card is charged at Stripe."""
    movement(book, "charge", f"ch_{intent}", FEE, at, fee=STRIPE_FEE, payment_intent_id=intent, user_id=person)


def movement(book: Book, kind: Any, source: str, cents: int, at: datetime, *, fee: int = 0, **facts: Any) -> None:
    book.add(
        StripeMovement(
            balance_transaction_id=f"txn_{source}",
            movement=kind,
            amount_cents=cents,
            fee_cents=fee,
            net_cents=cents - fee,
            currency=facts.pop("currency", "usd"),
            available_at=at + timedelta(days=2 if kind == "charge" else 0),
            source_id=source,
            contest_id="C1",
            **facts,
        ),
        at,
    )


def post(
    key: str,
    entry_type: str,
    debit: str,
    credit: str,
    cents: int,
    reference: tuple[str, str],
    at: datetime,
    currency: str = "USD",
) -> Iterator[tuple[str, dict[str, Any]]]:
    """One business event: a debit and a credit."""
    for direction, account in (("DEBIT", debit), ("CREDIT", credit)):
        yield (
            "postings",
            {
                "posting_id": f"{key}:{direction.lower()}",
                "transaction_id": key,
                "contest_id": "C1",
                "account": account,
                "entry_type": entry_type,
                "direction": direction,
                "amount_cents": cents,
                "currency": currency,
                "reference_type": reference[0],
                "reference_id": reference[1],
                "idempotency_key": f"{key}:{direction.lower()}",
                "stripe_event_id": f"evt_{key}" if direction == "DEBIT" and entry_type == "ENTRY_FEE" else None,
                "created_at": at,
            },
        )


def pay_in(book: Book, person: str, intent: str, *, refund: bool) -> None:
    """Stripe's webhook arrives; a second payment goes back at the next tick."""
    at, payment = day(0, 10, 0, 2), {"payment_id": f"p-{intent}", "contest_id": "C1", "user_id": person}
    paid = {**payment, "stripe_payment_intent_id": intent, "status": "SUCCEEDED", "amount_cents": FEE}
    reference = ("payment_intent", f"p-{intent}")
    event = {
        "stripe_event_id": f"evt_{intent}",
        "event_type": "payment_intent.succeeded",
        "processing_status": "PROCESSED",
    }
    book.write(
        at,
        ("stripe_events", event),
        ("payments", paid),
        *post(f"fee-{intent}", "ENTRY_FEE", "stripe", POOL, FEE, reference, at),
        request_id=f"stripe:evt_{intent}#1",
    )
    if refund:
        pay_back(book, person, intent, day(0, 10, 5))


def pay_back(book: Book, person: str, intent: str, at: datetime) -> None:
    row = {"refund_id": f"r-{intent}", "payment_id": f"p-{intent}", "contest_id": "C1", "user_id": person}
    done = {
        **row,
        "amount_cents": FEE,
        "status": "completed",
        "stripe_refund_id": f"re_{intent}",
        "reason": "duplicate",
    }
    book.write(
        at,
        ("refunds", done),
        *post(f"refund-{intent}", "ENTRY_FEE_REFUND", POOL, "stripe", FEE, ("refund", f"r-{intent}"), at),
    )
    movement(book, "refund", f"re_{intent}", -FEE, at, payment_intent_id=intent, user_id=person)


RANKINGS = (("ann", 1, 280, 1_800), ("bob", 2, 283, 900), ("cat", 3, 311, 0))


def settle(book: Book, at: datetime) -> None:
    """Pool 3000: 60 % to Ann, 30 % to Bob, the rest to the platform."""
    ranked = [dict(zip(("user_id", "rank", "score", "payout_cents"), row, strict=True)) for row in RANKINGS]
    results = {"rankings": ranked, "pool_cents": 3_000, "platform_cents": 300}
    record = {"settlement_id": "s1", "contest_id": "C1", "settled_at": at, "participant_count": 3}
    postings = [
        *post("prize-ann", "PRIZE_PAYOUT", POOL, "winnings_payable:C1:ann", 1_800, ("settlement", "s1"), at),
        *post("prize-bob", "PRIZE_PAYOUT", POOL, "winnings_payable:C1:bob", 900, ("settlement", "s1"), at),
        *post("rest", "ADJUSTMENT", POOL, "platform", 300, ("settlement", "s1"), at),
    ]
    book.write(
        at,
        ("settlements", {**record, "total_pool_cents": 3_000, "results": results}),
        ("settlement_runs", {"run_id": "run1", "contest_id": "C1", "status": "COMPLETE"}),
        ("contests", {"id": "C1", "settled_at": at}),
        *postings,
        ("payout_jobs", job("pending", 0)),
        ("transfers", transfer("ann", 1_800, at)),
        ("transfers", transfer("bob", 900, at)),
    )


def job(status: str, completed: int) -> dict[str, Any]:
    ids = {"job_id": "j1", "contest_id": "C1", "settlement_id": "s1", "status": status}
    return {**ids, "total_payouts": 2, "completed_count": completed, "failed_count": 0}


def transfer(person: str, cents: int, at: datetime) -> dict[str, Any]:
    ids = {"transfer_id": f"tr-{person}", "contest_id": "C1", "user_id": person, "amount_cents": cents}
    state = {"status": "pending", "attempt_count": 0, "max_attempts": 3, "stripe_transfer_id": None}
    return {**ids, **state, "idempotency_key": f"payout:tr-{person}", "failure_reason": None, "created_at": at}


def claim(book: Book, person: str, attempt: int, at: datetime, **write: Any) -> None:
    update = {"id": f"tr-{person}", "status": "processing", "attempt_count": attempt}
    book.write(at, ("transfers", update), **write)


def call(book: Book, person: str, status: int | None, at: datetime, *, cause: str = "job:payouts") -> None:
    """One attempt at Stripe."""
    facts: dict[str, Any] = {"request_id": f"req_{person}_{at:%H%M}", "origin": "platform", "method": "POST"}
    key = f"payout:tr-{person}"
    made = status == 200
    book.add(
        StripeCall(**facts, path="/v1/transfers", idempotency_key=key, status=status, executed=made), at, cause=cause
    )


def pay_out(
    book: Book, person: str, cents: int, at: datetime, *, attempt: int = 1, cause: str = "job:payouts", **write: Any
) -> None:
    """A transfer that goes through."""
    claim(book, person, attempt, at, **write)
    call(book, person, 200, at, cause=cause)
    made = f"tr_{person}"
    movement(book, "transfer", made, -cents, at, destination=f"acct_{person}", user_id=person)
    reference = ("payout_transfer", f"tr-{person}")
    payable = f"winnings_payable:C1:{person}"
    book.write(
        at,
        ("transfers", {"id": f"tr-{person}", "status": "completed", "stripe_transfer_id": made}),
        *post(f"payout-{person}", "PAYOUT_ATTEMPT_COMPLETED", payable, "stripe", cents, reference, at),
        **write,
    )


def record_stripe(book: Book) -> None:
    """The twin's last word: 4 charges − fees − 1 refund − prizes = 64 cents."""
    for person, cents in (("ann", 1_800), ("bob", 900)):
        made: dict[str, Any] = {"object_type": "transfer", "object_id": f"tr_{person}", "status": "paid"}
        book.add(StripeObject(**made, amount_cents=cents), day(6))
    closing = 4 * (FEE - STRIPE_FEE) - FEE - 2_700
    book.add(StripeBalance(opening_cents=0, available_cents=closing, pending_cents=0), day(6))
    shape = RequestShape(method="POST", path="/v1/transfers", parameters=("amount: integer",), example_seq=1)
    rules = ("rules.yml",)
    evaluation = AlertEvaluation(
        scrapes=864, interval_seconds=600, series=9, firing=1, rules=rules, judge="promtool 2.42.0"
    )
    book.add(evaluation, day(6))
    book.add(TableCatalogue(tables=("contests", "postings")), day(6))
    book.add(StripeContract(shapes=(shape,), judge="stripe-mock v1", answers=(ShapeAnswer(status=200),)), day(6))


# --- ways to break it -------------------------------------------------------------------------------------------


def twice(book: Book) -> None:
    """Ann's prize is transferred a second time."""
    movement(book, "transfer", "tr_again", -1_800, day(5, 11), destination="acct_ann", user_id="ann")


def charge_back(book: Book, *, fee: int = 1_500, booked: int = FEE + 1_500) -> None:
    """Bob's bank takes his entry fee back, with Stripe's fee; the platform books both as its loss."""
    at = day(2, 12)
    facts: dict[str, Any] = {"contest": "open", "contest_id": "C1", "action": "charged_back"}
    book.add(EntrantAction(person="bob", user_id="bob", amount_cents=FEE, payment_intent_id="pi_bob", **facts), at)
    movement(book, "adjustment", "dp_bob", -FEE, at, fee=fee, payment_intent_id="pi_bob", user_id="bob")
    row = {"dispute_id": "d1", "stripe_dispute_id": "dp_bob", "payment_id": "p-pi_bob", "contest_id": "C1"}
    book.write(
        at,
        ("disputes", {**row, "user_id": "bob", "amount_cents": FEE, "fee_cents": fee}),
        *post("chargeback", "ADJUSTMENT", "platform", "stripe", booked, ("dispute", "d1"), at),
    )
    closing = next(event for event in book.entries if isinstance(event, StripeBalance))
    book.edit(
        StripeBalance,
        {},
        opening_cents=closing.opening_cents + 5_000,
        available_cents=closing.available_cents + 5_000 - FEE - fee,
    )


def chargeback_won(book: Book) -> None:
    """Bob's bank gives the amount back to the platform, after :func:`charge_back`; Stripe keeps its fee."""
    at = day(3, 12)
    facts: dict[str, Any] = {"contest": "open", "contest_id": "C1", "action": "chargeback_reversed"}
    book.add(EntrantAction(person="bob", user_id="bob", amount_cents=FEE, payment_intent_id="pi_bob", **facts), at)
    movement(book, "adjustment", "dp_bob", FEE, at, payment_intent_id="pi_bob", user_id="bob")
    book.write(at, *post("chargeback-won", "ADJUSTMENT", "stripe", "platform", FEE, ("dispute", "d1"), at))
    closing = next(event for event in book.entries if isinstance(event, StripeBalance))
    book.edit(StripeBalance, {}, available_cents=closing.available_cents + FEE)


def refund_comes_back(book: Book) -> None:
    """Cat's second payment went back, and her bank sends it to Stripe again: she is owed it."""
    at = day(3, 12)
    movement(book, "refund_failure", "re_pi_cat2", FEE, at, payment_intent_id="pi_cat2", user_id="cat")
    book.write(
        at,
        ("refunds", {"id": "r-pi_cat2", "status": "owed", "failure_reason": "LOST_OR_STOLEN_CARD"}),
        *post(
            "refund-pi_cat2-returned",
            "ENTRY_FEE_REFUND_RETURNED",
            "stripe",
            "refunds_payable:C1:cat",
            FEE,
            ("refund", "r-pi_cat2"),
            at,
        ),
    )
    closing = next(event for event in book.entries if isinstance(event, StripeBalance))
    book.edit(StripeBalance, {}, available_cents=closing.available_cents + FEE)


def part_given_by_stripe(book: Book) -> None:
    """Stripe gives 2 dollars of Bob's payment back by itself: the platform bears it, and the entry stands."""
    at, cents = day(2, 12), 200
    facts: dict[str, Any] = {"contest": "open", "contest_id": "C1", "action": "got_part_back"}
    book.add(EntrantAction(person="bob", user_id="bob", amount_cents=cents, payment_intent_id="pi_bob", **facts), at)
    facts = {"payment_intent_id": "pi_bob", "user_id": "bob", "origin": "harness"}
    movement(book, "refund", "re_part", -cents, at, **facts)
    row = {"refund_id": "r-part", "payment_id": "p-pi_bob", "contest_id": "C1", "user_id": "bob"}
    book.write(
        at,
        ("refunds", {**row, "amount_cents": cents, "status": "completed", "stripe_refund_id": "re_part"}),
        *post("refund-part", "ENTRY_FEE_REFUND", "platform", "stripe", cents, ("refund", "r-part"), at),
    )
    closing = next(event for event in book.entries if isinstance(event, StripeBalance))
    book.edit(
        StripeBalance,
        {},
        opening_cents=closing.opening_cents + 1_000,
        available_cents=closing.available_cents + 1_000 - cents,
    )


def wrong_amount_paid(book: Book) -> None:
    """Dan pays 4 dollars where 10 are owed: they are booked, no entry counts for them, and they go back."""
    at, cents, intent = day(0, 10), 400, "pi_dan"
    facts: dict[str, Any] = {"contest": "open", "contest_id": "C1", "action": "paid_wrong_amount"}
    book.add(EntrantAction(person="dan", user_id="dan", amount_cents=cents, payment_intent_id=intent, **facts), at)
    of_dan = {"payment_intent_id": intent, "user_id": "dan"}
    movement(book, "charge", "ch_pi_dan", cents, at, fee=42, **of_dan)
    movement(book, "refund", "re_pi_dan", -cents, at, **of_dan)
    row = {"payment_id": "p-pi_dan", "contest_id": "C1", "user_id": "dan"}
    refund = {**row, "refund_id": "r-pi_dan", "amount_cents": cents, "status": "completed"}
    book.write(
        at,
        ("payments", {**row, "stripe_payment_intent_id": intent, "status": "SUCCEEDED", "amount_cents": FEE}),
        ("refunds", {**refund, "stripe_refund_id": "re_pi_dan", "reason": "wrong_amount"}),
        *post("fee-pi_dan", "ENTRY_FEE", "stripe", POOL, cents, ("payment_intent", "p-pi_dan"), at),
        *post("refund-pi_dan", "ENTRY_FEE_REFUND", POOL, "stripe", cents, ("refund", "r-pi_dan"), at),
    )
    closing = next(event for event in book.entries if isinstance(event, StripeBalance))
    book.edit(StripeBalance, {}, available_cents=closing.available_cents - 42)


def wrong_currency_paid(book: Book) -> None:
    """Dan pays 1,000 yen where 1,000 cents are owed: they are booked as yen, no entry counts for them, and they go
    back."""
    at, yen, intent = day(0, 10), FEE, "pi_dan"
    facts: dict[str, Any] = {"contest": "open", "contest_id": "C1", "action": "paid_wrong_currency"}
    paid: dict[str, Any] = {"amount_cents": yen, "currency": "jpy", "payment_intent_id": intent}
    book.add(EntrantAction(person="dan", user_id="dan", **paid, **facts), at)
    of_dan = {"payment_intent_id": intent, "user_id": "dan", "currency": "jpy"}
    movement(book, "charge", "ch_pi_dan", yen, at, fee=69, **of_dan)
    movement(book, "refund", "re_pi_dan", -yen, at, **of_dan)
    row = {"payment_id": "p-pi_dan", "contest_id": "C1", "user_id": "dan"}
    refund = {**row, "refund_id": "r-pi_dan", "amount_cents": yen, "currency": "JPY", "status": "completed"}
    book.write(
        at,
        ("payments", {**row, "stripe_payment_intent_id": intent, "status": "SUCCEEDED", "amount_cents": FEE}),
        ("refunds", {**refund, "stripe_refund_id": "re_pi_dan", "reason": "wrong_currency"}),
        *post("fee-pi_dan", "ENTRY_FEE", "stripe", POOL, yen, ("payment_intent", "p-pi_dan"), at, "JPY"),
        *post("refund-pi_dan", "ENTRY_FEE_REFUND", POOL, "stripe", yen, ("refund", "r-pi_dan"), at, "JPY"),
    )
    book.add(StripeBalance(currency="jpy", opening_cents=0, available_cents=-69, pending_cents=0), day(6))


def prize_taken_back(book: Book) -> None:
    """Stripe reverses 3 dollars of Ann's transfer by itself: she is owed them again."""
    at, cents = day(5, 14), 300
    facts: dict[str, Any] = {"contest": "open", "contest_id": "C1", "action": "lost_prize"}
    book.add(EntrantAction(person="ann", user_id="ann", amount_cents=cents, **facts), at)
    to_ann = {"destination": "acct_ann", "user_id": "ann", "origin": "harness"}
    movement(book, "transfer_reversal", "trr_ann", cents, at, **to_ann)
    payable, reference = "winnings_payable:C1:ann", ("payout_transfer", "tr-ann")
    book.write(at, *post("taken-back", "PRIZE_PAYOUT_REVERSAL", "stripe", payable, cents, reference, at))
    closing = next(event for event in book.entries if isinstance(event, StripeBalance))
    book.edit(StripeBalance, {}, available_cents=closing.available_cents + cents)


def post_again(
    book: Book, key: str, entry_type: str, debit: str, credit: str, cents: int, reference: tuple[str, str]
) -> None:
    """One more business event in the ledger."""
    book.write(day(5, 11), *post(key, entry_type, debit, credit, cents, reference, day(5, 11)))


def undo_both(book: Book, key: str) -> None:
    """As if a business event had never been posted."""
    for direction in ("debit", "credit"):
        book.undo("postings", f"{key}:{direction}")


def amend_both(book: Book, key: str, **updates: Any) -> None:
    """As if both rows of a business event had been posted otherwise."""
    for direction in ("debit", "credit"):
        book.amend("postings", f"{key}:{direction}", **updates)


def give_up(book: Book) -> None:
    """Bob's prize cannot be delivered: no money moved, the ledger still owes it."""
    given_up = {"status": "failed_terminal", "failure_reason": "account closed", "stripe_transfer_id": None}
    book.amend("transfers", "tr-bob", **given_up)
    book.amend("payout_jobs", "j1", completed_count=1, failed_count=1)
    undo_both(book, "payout-bob")
    book.drop(StripeMovement, source_id="tr_bob")
    book.edit(StripeBalance, {}, available_cents=964)
