"""A whole platform over a real database, with Stripe and the score provider faked at the network's edge."""

from __future__ import annotations

import hashlib
import hmac
import itertools
import json
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit
from uuid import UUID

import psycopg
import pytest
import requests
import responses
from psycopg.rows import dict_row
from werkzeug.test import TestResponse

from simulation.clock import SimulationClock
from simulation.environment.protocol import Database
from simulation.paths import RUNBOOKS_FOLDER
from simulation.staging.admin_token import mint
from simulation.staging.platform import Platform
from simulation.staging.settings import Settings
from tests.integration.staging.declared import watch

SECRET = "whsec_test"
STANDBY_SECRET = "whsec_standby"
JWT_SECRET = "j" * 32
PREFIXES = {"payment_intents": "pi", "accounts": "acct", "transfers": "tr", "refunds": "re", "disputes": "dp"}
Reply = tuple[int, dict[str, str], str]


class FakeStripe:
    """Objects by kind, idempotency keys, and failures in the order given: `before`, `after` (of effect) or a status."""

    def __init__(self, clock: SimulationClock) -> None:
        self.clock = clock
        self.objects: dict[str, dict[str, dict[str, Any]]] = {kind: {} for kind in (*PREFIXES, "events")}
        self.keys: dict[str, dict[str, Any]] = {}
        self.failures: defaultdict[str, list[str]] = defaultdict(list)
        """By kind of object created, or `GET <kind>` for listings."""
        self.requests: list[tuple[str, str]] = []
        self.objects["webhook_endpoints"] = {
            f"we_{role}": {
                "id": f"we_{role}",
                "object": "webhook_endpoint",
                "created": 0,
                "metadata": {"role": role},
                "status": status,
                "url": f"https://platform.test/{role}",
            }
            for role, status in (("primary", "enabled"), ("standby", "disabled"))
        }
        self.available_cents, self.pending_cents = 1_000_000, 0

    def __call__(self, request: requests.PreparedRequest) -> Reply:
        kind, _, item = urlsplit(str(request.url)).path.removeprefix("/v1/").partition("/")
        self.requests.append((str(request.method), kind))
        waiting = [] if item else self.failures[kind if request.method == "POST" else f"GET {kind}"]
        failure = waiting.pop(0) if waiting else None
        if failure == "before":
            raise requests.ReadTimeout("no answer")
        if failure and failure.isdigit():
            code = "account_invalid" if failure == "400" else None
            return int(failure), {}, json.dumps({"error": {"type": "api_error", "code": code, "message": "refused"}})
        if request.method == "GET":
            return self._get(kind, item, parse_qs(urlsplit(str(request.url)).query))
        if kind == "webhook_endpoints":
            disabled = parse_qs(str(request.body))["disabled"] == ["true"]
            self.objects[kind][item]["status"] = "disabled" if disabled else "enabled"
            return 200, {}, json.dumps(self.objects[kind][item])
        created = self._create(kind, request)
        if failure == "after":
            raise requests.ReadTimeout("no answer")
        return 200, {}, json.dumps(created)

    def _create(self, kind: str, request: requests.PreparedRequest) -> dict[str, Any]:
        key = str(request.headers["Idempotency-Key"])
        if key not in self.keys:
            body = {name: values[0] for name, values in parse_qs(str(request.body)).items()}
            metadata = {name[9:-1]: value for name, value in body.items() if name.startswith("metadata[")}
            new: dict[str, Any] = {name: value for name, value in body.items() if "[" not in name}
            new |= {"id": f"{PREFIXES[kind]}_{len(self.objects[kind]) + 1}", "object": kind[:-1], "metadata": metadata}
            new |= {"amount": int(body.get("amount", 0)), "created": int(self.clock.now.timestamp())}
            new |= {"status": "requires_payment_method", "client_secret": "secret"} if kind == "payment_intents" else {}
            new |= {"status": "succeeded"} if kind == "refunds" else {}
            self.objects[kind][new["id"]] = self.keys[key] = new
        return self.keys[key]

    def _get(self, kind: str, item: str, query: Mapping[str, list[str]]) -> Reply:
        if kind == "balance":
            money = {"available": self.available_cents, "pending": self.pending_cents}
            return 200, {}, json.dumps({name: [{"amount": cents, "currency": "usd"}] for name, cents in money.items()})
        if item:
            return 200, {}, json.dumps(self.objects[kind][item])
        rows = [
            row
            for row in self.objects[kind].values()
            if row["created"] >= int(query.get("created[gte]", ["0"])[0])
            and all(
                row.get(name) == query[name][0]
                for name in ("transfer_group", "payment_intent", "type")
                if name in query
            )
        ]
        return 200, {}, json.dumps({"object": "list", "data": rows, "has_more": False, "url": f"/v1/{kind}"})

    def event(self, type_: str, subject: Mapping[str, Any], *, id_: str | None = None) -> dict[str, Any]:
        """A new event about an object, also listed."""
        event = {
            "id": id_ or f"evt_{len(self.objects['events']) + 1}",
            "object": "event",
            "type": type_,
            "created": int(self.clock.now.timestamp()),
            "data": {"object": dict(subject)},
        }
        self.objects["events"][event["id"]] = event
        return event

    def succeed(self, intent_id: str) -> dict[str, Any]:
        """The entrant paid: the event of it."""
        intent = self.objects["payment_intents"][intent_id]
        intent |= {"status": "succeeded", "amount_received": intent["amount"]}
        return self.event("payment_intent.succeeded", intent)


def leaderboard(
    *, rounds: int, final: bool = False, cancelled: bool = False, strokes: Mapping[str, int] | None = None
) -> str:
    """Ten players `1` to `10`; the first hole of every round takes what `strokes` says, else four."""
    competitors = []
    for number in range(1, 11):
        first = (strokes or {}).get(str(number), 4)
        holes = [{"period": hole, "value": first if hole == 1 else 4} for hole in range(1, 19)]
        competitors.append(
            {
                "id": str(number),
                "displayName": f"Player {number}",
                "status": {"type": {"name": "STATUS_ACTIVE"}},
                "linescores": [{"period": period, "linescores": holes} for period in range(1, rounds + 1)],
            }
        )
    name = "STATUS_CANCELED" if cancelled else "STATUS_FINAL" if final else "STATUS_IN_PROGRESS"
    event = {"id": "E1", "label": "Open", "status": {"type": {"name": name, "completed": final}}}
    return json.dumps({"events": [event | {"competitions": [{"competitors": competitors}]}]})


class FakeProvider:
    """Serves one board with its entity tag, or raises what it is told to."""

    def __init__(self) -> None:
        self.body = leaderboard(rounds=0)
        self.status = 200
        self.error: Exception | None = None
        self.requests = 0

    def __call__(self, request: requests.PreparedRequest) -> Reply:
        self.requests += 1
        if self.error is not None:
            raise self.error
        tag = f'"{hashlib.sha256(self.body.encode()).hexdigest()[:16]}"'
        if self.status == 200 and request.headers.get("If-None-Match") == tag:
            return 304, {"ETag": tag}, ""
        return self.status, {"ETag": tag}, self.body


class StagingPlatform:
    """The platform with everything around it, and the few actions that tests are made of."""

    def __init__(self, database: Database, clock: SimulationClock) -> None:
        self.clock = clock
        self.stripe = FakeStripe(clock)
        self.provider = FakeProvider()
        self.log: list[str] = []
        numbers = itertools.count(1)
        self.settings = Settings(
            environment="staging",
            database_url=database.url("platform", application="platform"),
            stripe_api_key="sk_test_x",
            stripe_webhook_secret=SECRET,
            stripe_standby_webhook_secret=STANDBY_SECRET,
            admin_jwt_secret=JWT_SECRET,
            provider_base_url="https://scores.provider.test",
            runbooks_folder=str(RUNBOOKS_FOLDER),
        )
        self.platform = Platform(
            self.settings,
            sleep=clock.advance,
            new_id=lambda: UUID(int=next(numbers), version=4),
            log=self.log.append,
        )
        self.undeclared = watch(self.platform.wsgi)
        self.client = self.platform.wsgi.test_client()
        self.jobs = {job.name: job for job in self.platform.jobs}
        self.admin_id = self.platform.create_admin(name="Ops", email="ops@x.test", role="admin")
        self._database = database
        self._people = itertools.count(1)

    def sql(self, statement: str, *parameters: object, role: str = "superuser") -> list[dict[str, Any]]:
        """Look at (or tamper with) the database from outside."""
        with psycopg.connect(self.conninfo(role), autocommit=True, row_factory=dict_row) as connection:
            cursor = connection.execute(statement.encode(), parameters or None)
            return cursor.fetchall() if cursor.description else []

    def conninfo(self, role: str) -> str:
        return self._database.conninfo(role, application="test")

    def pass_time(self, **time: float) -> None:
        self.clock.move_to(self.clock.now + timedelta(**time))

    def tick(self, times: int = 1) -> None:
        """Five minutes pass, then every job runs; nothing may break off."""
        for _ in range(times):
            self.pass_time(minutes=5)
            for name, job in self.jobs.items():
                if name != "financial_reconciliation":
                    assert job.run().error is None, self.log[-3:]

    def post(self, path: str, body: object = None, *, user: str | None = None, **headers: str) -> TestResponse:
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        return self.client.post(path, json=body, headers=given | ({"X-User-Id": user} if user else {}))

    @property
    def admin(self) -> dict[str, str]:
        token = mint(JWT_SECRET, self.admin_id, self.clock.now, 3600)
        return {"Authorization": f"Bearer {token}"}

    def admin_post(self, path: str, body: object = None) -> TestResponse:
        return self.client.post(f"/api/admin/{path}", json=body if body is not None else {}, headers=self.admin)

    def admin_get(self, path: str) -> TestResponse:
        return self.client.get(f"/api/admin/{path}", headers=self.admin)

    def user(self, *, account: bool = True) -> str:
        number = next(self._people)
        user_id: str = self.post("/api/users", {"name": f"User {number}", "email": f"u{number}@x.test"}).json["user_id"]
        if account:
            assert self.post(f"/api/users/{user_id}/connected-account", user=user_id).status_code == 200
        return user_id

    def contest(self, **terms: object) -> str:
        """A published contest: locks in 1 h, starts in 2 h, ends in 3 h; one player a roster, 10.00 to enter."""
        organizer = self.user(account=False)
        in_hours: Callable[[int], str] = lambda hours: (self.clock.now + timedelta(hours=hours)).isoformat()  # noqa: E731
        body = {
            "contest_name": "Open",
            "entry_fee_cents": 1000,
            "payout_structure": {"1": 70, "2": 20},
            "max_entries": 10,
            "lock_time": in_hours(1),
            "start_time": in_hours(2),
            "end_time": in_hours(3),
            "provider_event_id": "E1",
            "scoring": {"roster_size": 1, "missed_round_strokes": 80},
        } | terms
        answer = self.post("/api/custom-contests", body, user=organizer)
        assert answer.status_code == 201, answer.text
        contest_id: str = answer.json["contest_instance_id"]
        assert self.post(f"/api/custom-contests/{contest_id}/publish", user=organizer).status_code == 200
        return contest_id

    def join(self, contest_id: str, user: str, *players: str) -> None:
        answer = self.post(f"/api/custom-contests/{contest_id}/join", {"roster": list(players)}, user=user)
        assert answer.status_code == 200, answer.text

    def intend(self, contest_id: str, user: str, *, key: str) -> str:
        """Stripe's id of a new payment intent."""
        body = {"contest_instance_id": contest_id, "amount_cents": 1000}
        answer = self.post("/api/payments/intents", body, user=user, Idempotency_Key=key)
        assert answer.status_code == 200, answer.text
        return list(self.stripe.objects["payment_intents"])[-1]

    def deliver(self, event: Mapping[str, Any], *, secret: str = SECRET) -> TestResponse:
        body, moment = json.dumps(event).encode(), int(self.clock.now.timestamp())
        signature = hmac.new(secret.encode(), f"{moment}.".encode() + body, hashlib.sha256).hexdigest()
        return self.client.post(
            "/api/webhooks/stripe", data=body, headers={"Stripe-Signature": f"t={moment},v1={signature}"}
        )

    def entrant(self, contest_id: str, player: str, *, account: bool = True) -> str:
        """A user who joined and paid."""
        user = self.user(account=account)
        self.join(contest_id, user, player)
        assert self.deliver(self.stripe.succeed(self.intend(contest_id, user, key=f"first:{user}"))).status_code == 200
        return user

    def play(self, contest_id: str, *, strokes: Mapping[str, int] | None = None) -> None:
        """Until the contest is COMPLETE; the next tick settles it."""
        self.pass_time(hours=1)
        self.tick(2)
        self.pass_time(hours=1)
        self.tick()
        assert self.status(contest_id) == "LIVE"
        self.provider.body = leaderboard(rounds=4, final=True, strokes=strokes)
        self.tick()
        self.pass_time(hours=1)

    def status(self, contest_id: str) -> str:
        status: str = self.sql("SELECT status FROM contest_instances WHERE id = %s", contest_id)[0]["status"]
        return status

    def balances(self) -> dict[str, int]:
        rows = self.sql(
            "SELECT split_part(account, ':', 1) AS account, sum(CASE direction WHEN 'DEBIT' THEN amount_cents ELSE"
            " -amount_cents END)::bigint AS cents FROM ledger GROUP BY 1 ORDER BY 1"
        )
        return {row["account"]: row["cents"] for row in rows}


@contextmanager
def _network(stage: StagingPlatform) -> Iterator[None]:
    with responses.RequestsMock(assert_all_requests_are_fired=False) as mock:
        for method in ("GET", "POST"):
            mock.add_callback(method, re.compile(r"https://api\.stripe\.com/.*"), callback=stage.stripe)
        mock.add_callback("GET", re.compile(r"https://scores\.provider\.test/.*"), callback=stage.provider)
        yield


@pytest.fixture
def stage(database: Database) -> Iterator[StagingPlatform]:
    """A platform that lives in simulated time; the shared server's clock only goes forward."""
    with psycopg.connect(database.conninfo("superuser", application="test")) as connection:
        row = connection.execute("SELECT now()").fetchone()
    assert row is not None
    server_now: datetime = row[0]
    clock = SimulationClock(start=server_now + timedelta(days=1), files=(database.clock_file,))
    with clock.frozen():
        made = StagingPlatform(database, clock)
        with _network(made):
            yield made
        made.platform.close()
        assert made.undeclared == [], "answers that the OpenAPI document does not declare"
