"""A shop: people order, pay by Stripe, and get their money back. One program: its web page and its nightly timer."""

from __future__ import annotations

import json
import os
import re
import threading
import time
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import psycopg
import stripe
from psycopg.rows import dict_row

stripe.api_key = os.environ["STRIPE_SECRET_KEY"]
stripe.ca_bundle_path = os.environ["CA_FILE"]
stripe.max_network_retries = 0
BELIEVES = os.environ.get("BELIEVES", "signatures")
"""``signatures``: an event counts if Stripe signed it; ``stripe``: of an event its id counts, and Stripe is asked."""
CLERK = "system/clerk"
_EVERY_SECONDS = 3600
_LOOKS_BACK_SECONDS = 4 * 86_400
_LOCK = threading.RLock()
_open: list[psycopg.Connection[Any]] = []


class Refused(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


# --- database -------------------------------------------------------------------------------------------------------


@contextmanager
def change(who: str, what: str, why: str, request: str = "timer") -> Iterator[psycopg.Connection[Any]]:
    """A transaction that leaves a line in the journal if it changes anything."""
    with _LOCK, _connection().transaction():
        connection = _connection()
        yield connection
        if connection.execute("SELECT pg_current_xact_id_if_assigned() AS number").fetchone()["number"] is not None:
            values = (who, what, why, request)
            connection.execute("INSERT INTO journal (who, what, why, request) VALUES (%s, %s, %s, %s)", values)


def read(query: str, *values: object) -> list[dict[str, Any]]:
    with _LOCK, _connection().transaction():
        return list(_connection().execute(query.encode(), values))


def _connection() -> psycopg.Connection[Any]:
    if not _open or _open[0].closed:
        _open[:] = [psycopg.connect(os.environ["DATABASE_URL"], row_factory=dict_row, autocommit=True)]
    return _open[0]


def book(
    connection: psycopg.Connection[Any],
    payment: Mapping[str, Any],
    *,
    kind: str,
    debit: str,
    credit: str,
    cents: int,
    about: tuple[str, object],
    once: str,
) -> None:
    """A debit and a credit of one entry, once for each thing that it is about."""
    number = connection.execute("SELECT nextval('ledger_entries') AS n").fetchone()["n"]
    for side, account in (("DEBIT", debit), ("CREDIT", credit)):
        connection.execute(
            "INSERT INTO ledger (entry, account, side, kind, cents, order_id, customer_id, about_kind, about, once)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s) ON CONFLICT (once) DO NOTHING",
            (
                *(number, account, side, kind, cents, payment["order_id"], payment["customer_id"]),
                *(about[0], str(about[1]), f"{once}:{side}"),
            ),
        )


# --- what people may ask --------------------------------------------------------------------------------------------


def sign_up(body: dict[str, Any], **_: str) -> dict[str, Any]:
    with change("guest", "customer signed up", "asked on the web", "web") as connection:
        row = connection.execute(
            "INSERT INTO customers (name, email) VALUES (%s, %s) RETURNING id", (body["name"], body["email"])
        ).fetchone()
    return {"customer": row["id"]}


def place_order(body: dict[str, Any], *, customer: str) -> dict[str, Any]:
    with change(customer, "order placed", "asked on the web", "web") as connection:
        row = connection.execute(
            "INSERT INTO orders (customer_id, what, cents, request_key) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (request_key) DO UPDATE SET what = excluded.what RETURNING id",
            (customer, body["what"], body["cents"], body["key"]),
        ).fetchone()
    return {"order": row["id"]}


def begin_payment(body: dict[str, Any], *, customer: str, order: str) -> dict[str, Any]:
    """The same key again gives the same payment."""
    with change(customer, "payment begun", "asked on the web", "web") as connection:
        payment = connection.execute(
            "INSERT INTO payments (order_id, customer_id, cents, request_key)"
            " SELECT id, customer_id, cents, %s FROM orders WHERE id = %s AND customer_id = %s"
            " ON CONFLICT (request_key) DO UPDATE SET cents = excluded.cents RETURNING *",
            (body["key"], order, customer),
        ).fetchone()
    if payment is None:
        raise Refused(404, "no such order")
    intent = stripe.PaymentIntent.create(
        amount=payment["cents"],
        currency="usd",
        payment_method_types=["card", "us_bank_account"],
        metadata={"order": order, "customer": customer},
        idempotency_key=f"payment-{payment['id']}",
    )
    with change(customer, "payment opened", intent.id, "web") as connection:
        connection.execute("UPDATE payments SET intent = %s WHERE id = %s", (intent.id, payment["id"]))
    return {"intent": intent.id, "client_secret": intent.client_secret}


def ask_for_refund(body: dict[str, Any], *, customer: str, order: str) -> dict[str, Any]:
    """All that was paid goes back; a payment that comes later, too."""
    with change(customer, "refund asked for", body["why"], "web") as connection:
        update = "UPDATE orders SET refund_asked = true WHERE id = %s AND customer_id = %s RETURNING id"
        if connection.execute(update, (order, customer)).fetchone() is None:
            raise Refused(404, "no such order")
        give_back_what_is_due(connection, order)
    send_refunds()
    return {}


# --- what Stripe tells ----------------------------------------------------------------------------------------------


def receive(event: dict[str, Any]) -> None:
    """Takes an event once, with what follows from it, in one transaction."""
    about = event["data"]["object"]
    act = ACTS.get(event["type"])
    with change(f"stripe/{event['id']}", f"event {event['type']}", "Stripe told it") as connection:
        insert = "INSERT INTO stripe_events (id, kind) VALUES (%s, %s) ON CONFLICT DO NOTHING RETURNING id"
        if connection.execute(insert, (event["id"], event["type"])).fetchone() is not None and act is not None:
            act(connection, about)
    send_refunds()


def payment_of(connection: psycopg.Connection[Any], intent: str | None) -> dict[str, Any] | None:
    return connection.execute("SELECT * FROM payments WHERE intent = %s FOR UPDATE", (intent,)).fetchone()


def credit(connection: psycopg.Connection[Any], intent: Mapping[str, Any]) -> None:
    payment = payment_of(connection, intent["id"])
    if payment is None or payment["state"] == "paid":
        return
    cents = intent["amount_received"]
    connection.execute("UPDATE payments SET state = 'paid', cents = %s WHERE id = %s", (cents, payment["id"]))
    book(
        connection, payment, kind="sale", debit="cash", credit="sales", cents=cents,
        about=("payment_intent", payment["id"]), once=f"sale:{payment['id']}",
    )  # fmt: skip
    give_back_what_is_due(connection, payment["order_id"])


def give_back_what_is_due(connection: psycopg.Connection[Any], order: object) -> None:
    """Queues a refund of each payment but the one that pays the order, of which all is as it was agreed."""
    paid = connection.execute(
        "SELECT p.*, o.refund_asked, o.cents = p.cents AS fits FROM payments p JOIN orders o ON o.id = p.order_id"
        " WHERE p.order_id = %s AND p.state = 'paid' ORDER BY p.id FOR UPDATE OF p",
        (order,),
    ).fetchall()
    kept = next((payment["id"] for payment in paid if payment["fits"] and not payment["refund_asked"]), None)
    for payment in paid:
        if payment["id"] != kept:
            connection.execute(
                "INSERT INTO refunds (payment_id, order_id, customer_id, cents, state, why)"
                " VALUES (%s, %s, %s, %s, 'pending', 'due') ON CONFLICT DO NOTHING",
                (payment["id"], payment["order_id"], payment["customer_id"], payment["cents"]),
            )


def send_refunds() -> None:
    """Sends what is queued to Stripe, each under its own key; what fails is sent again by the timer."""
    waiting = read(
        "SELECT r.*, p.intent FROM refunds r JOIN payments p ON p.id = r.payment_id"
        " WHERE r.stripe_refund IS NULL AND r.why = 'due' ORDER BY r.id"
    )
    for refund in waiting:
        try:
            sent = stripe.Refund.create(
                payment_intent=refund["intent"], metadata={"refund": refund["id"]},
                idempotency_key=f"refund-{refund['id']}",
            )  # fmt: skip
        except stripe.StripeError as error:
            print(f"refund {refund['id']}: {error}", flush=True)
            continue
        with change(CLERK, "refund sent", sent.id) as connection:
            take_refund(connection, sent.to_dict())


def take_refund(connection: psycopg.Connection[Any], told: Mapping[str, Any]) -> None:
    """What Stripe says of a refund: ours, or one that it gave by itself."""
    payment = payment_of(connection, told["payment_intent"])
    if payment is None:
        return
    ours = (told.get("metadata") or {}).get("refund")
    if ours is None:
        connection.execute(
            "INSERT INTO refunds (payment_id, order_id, customer_id, stripe_refund, cents, state, why)"
            " VALUES (%s, %s, %s, %s, %s, 'pending', 'given by Stripe') ON CONFLICT DO NOTHING",
            (payment["id"], payment["order_id"], payment["customer_id"], told["id"], told["amount"]),
        )
    else:
        connection.execute("UPDATE refunds SET stripe_refund = %s WHERE id = %s", (told["id"], ours))
    refund = connection.execute("SELECT * FROM refunds WHERE stripe_refund = %s", (told["id"],)).fetchone()
    if refund["state"] == "owed":
        return
    book(
        connection, payment, kind="refund", debit="sales", credit="cash", cents=told["amount"],
        about=("refund", refund["id"]), once=f"refund:{refund['id']}",
    )  # fmt: skip
    owed = f"owed/{payment['order_id']}/{payment['customer_id']}"
    if told["status"] in ("failed", "canceled"):
        book(
            connection, payment, kind="refund_returned", debit="cash", credit=owed,
            cents=told["amount"], about=("refund", refund["id"]), once=f"refund-returned:{refund['id']}",
        )  # fmt: skip
        state, why = "owed", told.get("failure_reason") or told["status"]
    else:
        state, why = "completed", refund["why"]
    connection.execute("UPDATE refunds SET state = %s, why = %s WHERE id = %s", (state, why, refund["id"]))


def refunds_of_charge(connection: psycopg.Connection[Any], charge: Mapping[str, Any]) -> None:
    for refund in stripe.Refund.list(payment_intent=charge["payment_intent"], limit=100).auto_paging_iter():
        take_refund(connection, refund.to_dict())


def open_dispute(connection: psycopg.Connection[Any], told: Mapping[str, Any]) -> None:
    payment = payment_of(connection, told["payment_intent"])
    taken = [one for one in told["balance_transactions"] if one["amount"] < 0]
    if payment is None or not taken:
        return
    cents, fee_cents = -taken[0]["amount"], taken[0]["fee"]
    connection.execute(
        "INSERT INTO disputes (id, payment_id, cents, fee_cents) VALUES (%s, %s, %s, %s) ON CONFLICT DO NOTHING",
        (told["id"], payment["id"], cents, fee_cents),
    )
    book(
        connection, payment, kind="dispute", debit="losses", credit="cash", cents=cents + fee_cents,
        about=("dispute", told["id"]), once=f"dispute:{told['id']}",
    )  # fmt: skip


def close_dispute(connection: psycopg.Connection[Any], told: Mapping[str, Any]) -> None:
    payment = payment_of(connection, told["payment_intent"])
    returned = [one for one in told["balance_transactions"] if one["amount"] > 0]
    if payment is None or not returned:
        return
    open_dispute(connection, told)
    book(
        connection, payment, kind="dispute_won", debit="cash", credit="losses", cents=returned[0]["amount"],
        about=("dispute", told["id"]), once=f"dispute-won:{told['id']}",
    )  # fmt: skip


ACTS: dict[str, Callable[[psycopg.Connection[Any], Mapping[str, Any]], None]] = {
    "payment_intent.succeeded": credit,
    "charge.refunded": refunds_of_charge,
    "refund.updated": take_refund,
    "refund.failed": take_refund,
    "charge.dispute.created": open_dispute,
    "charge.dispute.funds_withdrawn": open_dispute,
    "charge.dispute.funds_reinstated": close_dispute,
    "charge.dispute.closed": close_dispute,
}


# --- the timer ------------------------------------------------------------------------------------------------------


def reconcile() -> None:
    """Takes from Stripe's list every event that never came, oldest first, and sends what waits to be sent."""
    since = int(time.time()) - _LOOKS_BACK_SECONDS
    known = {row["id"] for row in read("SELECT id FROM stripe_events")}
    events = stripe.Event.list(types=sorted(ACTS), created={"gte": since}, limit=100).auto_paging_iter()
    for event in reversed([event.to_dict() for event in events]):
        if event["id"] not in known:
            receive(event)
    send_refunds()


def work() -> None:
    while True:
        time.sleep(_EVERY_SECONDS)
        try:
            reconcile()
            print("timer: reconcile done", flush=True)
        except Exception as error:
            print(f"timer: reconcile broke off: {error!r}", flush=True)


# --- web ------------------------------------------------------------------------------------------------------------

ROUTES: dict[str, Callable[..., dict[str, Any]]] = {
    "/customers": sign_up,
    "/orders": place_order,
    "/orders/(?P<order>[0-9]+)/payments": begin_payment,
    "/orders/(?P<order>[0-9]+)/refund": ask_for_refund,
}


class Door(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        read("SELECT 1 AS up")
        self._answer(200, {"up": True})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._answer(200, self._webhook(raw) if self.path == "/stripe" else self._asked(json.loads(raw or b"{}")))
        except Refused as refused:
            self._answer(refused.status, {"why": str(refused)})
        except Exception:
            print(traceback.format_exc(), flush=True)
            self._answer(500, {"why": "we are sorry"})

    def _asked(self, body: dict[str, Any]) -> dict[str, Any]:
        for route, act in ROUTES.items():
            found = re.fullmatch(route, self.path)
            if found:
                who = {"customer": self.headers["X-Customer"]} if "X-Customer" in self.headers else {}
                return act(body, **who, **found.groupdict())
        raise Refused(404, "no such page")

    def _webhook(self, raw: bytes) -> dict[str, Any]:
        receive(self._by_signature(raw) if BELIEVES == "signatures" else self._by_asking(raw))
        return {}

    def _by_signature(self, raw: bytes) -> dict[str, Any]:
        try:
            stripe.Webhook.construct_event(raw, self.headers["Stripe-Signature"], os.environ["STRIPE_WEBHOOK_SECRET"])
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise Refused(400, str(error)) from error
        event: dict[str, Any] = json.loads(raw)
        return event

    def _by_asking(self, raw: bytes) -> dict[str, Any]:
        """Whoever sent it: what counts is what Stripe has under its id."""
        try:
            event: dict[str, Any] = stripe.Event.retrieve(str(json.loads(raw)["id"])).to_dict()
        except stripe.InvalidRequestError as error:
            raise Refused(400, str(error)) from error
        return event

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


threading.Thread(target=work, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Door).serve_forever()
