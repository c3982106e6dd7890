"""Points League over HTTP, and the timer that does its work: one program."""

from __future__ import annotations

import json
import os
import re
import threading
import time
import traceback
from collections.abc import Callable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import stripe

import league
from db import change, read

stripe.api_key = os.environ["STRIPE_SECRET_KEY"]
stripe.ca_bundle_path = os.environ["CA_FILE"]
stripe.max_network_retries = 0
_EVERY_SECONDS = 900


class Refused(Exception):
    def __init__(self, status: int, why: str) -> None:
        super().__init__(why)
        self.status = status


# --- what people may ask --------------------------------------------------------------------------------------------


def sign_up(body: dict[str, Any], **_: str) -> dict[str, Any]:
    with change("guest", "member signed up", "asked on the web", "web") as connection:
        row = connection.execute(
            "INSERT INTO members (handle, email) VALUES (%s, %s) RETURNING id", (body["handle"], body["email"])
        ).fetchone()
    return {"member": row["id"]}


def open_account(body: dict[str, Any], *, member: str) -> dict[str, Any]:
    account = stripe.Account.create(type="express", country="US", capabilities={"transfers": {"requested": True}})
    with change(member, "account opened", "asked on the web", "web") as connection:
        connection.execute("UPDATE members SET stripe_account = %s WHERE id = %s", (account.id, member))
    return {"account": account.id}


def make_pool(body: dict[str, Any], *, member: str) -> dict[str, Any]:
    with change(member, "pool made", "asked on the web", "web") as connection:
        row = connection.execute(
            "INSERT INTO pools"
            " (title, captain, entry_cents, split, tournament, picks_each, closes_at, begins_at, ends_at)"
            " VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s) RETURNING id",
            (
                *(body["title"], member, body["entry_cents"], json.dumps(body["split"]), body["tournament"]),
                *(body["picks_each"], body["closes_at"], body["begins_at"], body["ends_at"]),
            ),
        ).fetchone()
        league.move(connection, row["id"], None, "draft", who=member, why="asked on the web")
    return {"pool": row["id"]}


def open_pool(body: dict[str, Any], *, member: str, pool: str) -> dict[str, Any]:
    with change(member, "pool opened", "asked on the web", "web") as connection:
        league.move(connection, pool, "draft", "open", who=member, why="asked on the web")
    return {}


def pick(body: dict[str, Any], *, member: str, pool: str) -> dict[str, Any]:
    with change(member, "golfers picked", "asked on the web", "web") as connection:
        is_open = connection.execute("SELECT FROM pools WHERE id = %s AND phase = 'open'", (pool,)).fetchone()
        if is_open is None:
            raise Refused(409, "the pool is not open")
        connection.execute(
            "INSERT INTO picks (pool_id, member_id, golfers) VALUES (%s, %s, %s)"
            " ON CONFLICT (pool_id, member_id) DO UPDATE SET golfers = excluded.golfers",
            (pool, member, json.dumps(body["golfers"])),
        )
    return {}


def top_up(body: dict[str, Any], *, member: str, pool: str) -> dict[str, Any]:
    """Begins to pay; the same key again gives the same payment."""
    with change(member, "payment begun", "asked on the web", "web") as connection:
        topup = connection.execute(
            "INSERT INTO topups (pool_id, member_id, request_key, cents) VALUES (%s, %s, %s, %s)"
            " ON CONFLICT (request_key) DO UPDATE SET cents = excluded.cents RETURNING id",
            (pool, member, body["key"], body["cents"]),
        ).fetchone()
    intent = stripe.PaymentIntent.create(
        amount=body["cents"],
        currency="usd",
        payment_method_types=["card"],
        metadata={"pool": pool, "member": member},
        idempotency_key=f"topup-{topup['id']}",
    )
    with change(member, "payment opened", intent.id, "web") as connection:
        connection.execute("UPDATE topups SET stripe_intent = %s WHERE id = %s", (intent.id, topup["id"]))
    return {"intent": intent.id, "client_secret": intent.client_secret}


ROUTES: dict[str, Callable[..., dict[str, Any]]] = {
    "/members": sign_up,
    "/account": open_account,
    "/pools": make_pool,
    "/pools/(?P<pool>[^/]+)/open": open_pool,
    "/pools/(?P<pool>[^/]+)/picks": pick,
    "/pools/(?P<pool>[^/]+)/topups": top_up,
}


class Door(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        read("SELECT 1 AS up")
        self._answer(200, {"up": True})

    def do_POST(self) -> None:
        raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            self._answer(200, self._heard(raw) or self._asked(json.loads(raw or b"{}")))
        except Refused as refused:
            self._answer(refused.status, {"why": str(refused)})
        except Exception:
            print(traceback.format_exc(), flush=True)
            self._answer(500, {"why": "we are sorry"})

    def _heard(self, raw: bytes) -> dict[str, Any]:
        """What Stripe and the feed tell by themselves; empty for whatever a person asks."""
        if self.path == "/stripe":
            return self._webhook(raw)
        if self.path.startswith("/boards/"):
            if self.headers["X-Feed-Key"] != os.environ.get("FEED_KEY"):
                raise Refused(403, "this is not our feed")
            if not league.hear(self.path.removeprefix("/boards/"), raw.decode(errors="replace")):
                raise Refused(400, "this is no board")
            return {"heard": True}
        return {}

    def _asked(self, body: dict[str, Any]) -> dict[str, Any]:
        for route, act in ROUTES.items():
            found = re.fullmatch(route, self.path)
            if found:
                who = {"member": self.headers["X-Member"]} if "X-Member" in self.headers else {}
                return act(body, **who, **found.groupdict())
        raise Refused(404, "no such page")

    def _webhook(self, raw: bytes) -> dict[str, Any]:
        secret = os.environ["STRIPE_WEBHOOK_SECRET"]
        try:
            stripe.Webhook.construct_event(raw, self.headers["Stripe-Signature"], secret)
        except (ValueError, stripe.SignatureVerificationError) as error:
            raise Refused(400, str(error)) from error
        league.receive(json.loads(raw))
        return {"heard": True}

    def _answer(self, status: int, document: dict[str, Any]) -> None:
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


def work() -> None:
    """Every quarter of an hour each job in turn; one that breaks off says so and keeps none of the others."""
    while True:
        time.sleep(_EVERY_SECONDS)
        for job in (league.doors, league.scores, league.settle, league.bank):
            try:
                job()
                print(f"cron: {job.__name__} done", flush=True)
            except Exception as error:
                print(f"cron: {job.__name__} broke off: {error!r}", flush=True)


threading.Thread(target=work, daemon=True).start()
ThreadingHTTPServer(("127.0.0.1", int(os.environ["PORT"])), Door).serve_forever()
