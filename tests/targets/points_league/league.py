"""Pools from their first pick to their prizes: phases by the clock, boards from the feed, money through wallets."""

from __future__ import annotations

import hashlib
import json
import os
from itertools import groupby
from typing import Any

import psycopg
import requests
import stripe

from db import change, read

DOORS, SCORES, BANK = "cron/doors", "cron/scores", "cron/bank"
"""The three who act when nobody does."""
RAKE_PERCENT = 8
PAYS_OUT = os.environ.get("PAYS_OUT", "wallet")
"""``wallet``: a prize is a credit in the winner's wallet; ``transfer``: it goes on to their account at Stripe."""
SCORES_COME = os.environ.get("SCORES_COME", "fetched")
"""``fetched``: the feed is asked; ``told``: it tells of each board by itself."""
_MOST_TRIES = 5


# --- money ----------------------------------------------------------------------------------------------------------


def write_line(
    connection: psycopg.Connection[Any], *, member: str | None, pool: str, kind: str, cents: int, about: str
) -> None:
    """A line in a wallet, once for each thing that it is about; `member` None is the house."""
    wallet = "house" if member is None else f"wallet/{member}"
    connection.execute(
        "INSERT INTO wallet_lines (wallet, member_id, pool_id, kind, cents, about, once)"
        " VALUES (%s, %s, %s, %s, %s, %s, %s)",
        (wallet, member, pool, kind, cents, about, f"{kind}:{about}:{wallet}"),
    )


def receive(event: dict[str, Any]) -> None:
    """A payment has succeeded: into the wallet with it, and out again for the entry that waits for it."""
    intent = event["data"]["object"]
    if read("SELECT FROM stripe_events WHERE id = %s", event["id"]):
        return
    with change(f"stripe/{event['id']}", "payment received", f"Stripe event {event['type']}") as connection:
        connection.execute("INSERT INTO stripe_events (id, kind) VALUES (%s, %s)", (event["id"], event["type"]))
        if event["type"] != "payment_intent.succeeded":
            return
        topup = connection.execute("SELECT * FROM topups WHERE stripe_intent = %s", (intent["id"],)).fetchone()
        if topup is None or topup["state"] == "received":
            return
        connection.execute("UPDATE topups SET state = 'received' WHERE id = %s", (topup["id"],))
        member, pool, cents = topup["member_id"], topup["pool_id"], intent["amount_received"]
        write_line(connection, member=member, pool=pool, kind="topup", cents=cents, about=topup["id"])
        enter(connection, member=member, pool=pool)


def enter(connection: psycopg.Connection[Any], *, member: str, pool: str) -> None:
    """Debits the entry, once, where there are picks and the pool is not settled."""
    waiting = connection.execute(
        "SELECT k.id, p.entry_cents FROM picks k JOIN pools p ON p.id = k.pool_id"
        " WHERE k.pool_id = %s AND k.member_id = %s AND p.settled_at IS NULL"
        " AND NOT EXISTS (SELECT FROM wallet_lines w WHERE w.about = k.id AND w.kind = 'entry')",
        (pool, member),
    ).fetchone()
    if waiting is not None:
        cents = -waiting["entry_cents"]
        write_line(connection, member=member, pool=pool, kind="entry", cents=cents, about=waiting["id"])


# --- phases ---------------------------------------------------------------------------------------------------------


def move(connection: psycopg.Connection[Any], pool: str, before: str | None, after: str, *, who: str, why: str) -> None:
    connection.execute("UPDATE pools SET phase = %s WHERE id = %s", (after, pool))
    connection.execute(
        "INSERT INTO pool_moves (pool_id, who, what, why, from_phase, to_phase) VALUES (%s, %s, %s, %s, %s, %s)",
        (pool, who, f"to {after}", why, before, after),
    )


def doors() -> None:
    """Closes pools in time and lets them begin once their field is known."""
    for pool in read("SELECT id FROM pools WHERE phase = 'open' AND closes_at <= now()"):
        with change(DOORS, "pool closed", "its time had come") as connection:
            move(connection, pool["id"], "open", "closed", who=DOORS, why="its time had come")
    for pool in read(
        "SELECT id FROM pools WHERE phase = 'closed' AND begins_at <= now()"
        " AND EXISTS (SELECT FROM boards b WHERE b.pool_id = pools.id)"
    ):
        with change(DOORS, "pool begun", "the field is known") as connection:
            move(connection, pool["id"], "closed", "playing", who=DOORS, why="the field is known")


def scores() -> None:
    """Fetches the board of every pool that waits for one, unless the feed tells by itself."""
    if SCORES_COME == "told":
        return
    for pool in read("SELECT id, tournament, phase FROM pools WHERE phase IN ('closed', 'playing') ORDER BY made_at"):
        _take(pool, *_fetch(pool["tournament"]))


def hear(tournament: str, body: str) -> bool:
    """The feed tells of a board; whether it is one."""
    code, body = _read_board(body)
    waiting = "SELECT id, tournament, phase FROM pools WHERE phase IN ('closed', 'playing') AND tournament = %s"
    for pool in read(f"{waiting} ORDER BY made_at", tournament):
        _take(pool, code, body)
    return code is None


def _take(pool: dict[str, Any], code: str | None, body: str) -> None:
    if code is None:
        _keep(pool, body)
        return
    with change(SCORES, "no board", code) as connection:
        connection.execute("INSERT INTO board_errors (pool_id, code) VALUES (%s, %s)", (pool["id"], code))


def _fetch(tournament: str) -> tuple[str | None, str]:
    try:
        answer = requests.get(f"{os.environ['FEED_URL']}/golf/leaderboard/{tournament}", timeout=5)
        if answer.status_code != 200:
            return f"HTTP_{answer.status_code}", ""
    except requests.RequestException as error:
        return type(error).__name__.upper(), ""
    return _read_board(answer.text)


def _read_board(body: str) -> tuple[str | None, str]:
    try:
        rounds_of(json.loads(body))
    except (LookupError, TypeError, ValueError, AttributeError) as error:
        return f"NOT_A_BOARD: {error}"[:100], ""
    return None, body


def _keep(pool: dict[str, Any], body: str) -> None:
    sha256 = hashlib.sha256(body.encode()).hexdigest()
    if read("SELECT FROM boards WHERE pool_id = %s AND sha256 = %s", pool["id"], sha256):
        return
    final = json.loads(body)["events"][0]["status"]["type"]["completed"]
    with change(SCORES, "board kept", "the feed has news") as connection:
        connection.execute(
            "INSERT INTO boards (pool_id, sha256, body, final) VALUES (%s, %s, %s, %s)",
            (pool["id"], sha256, body, final),
        )
        if final and pool["phase"] == "playing":
            move(connection, pool["id"], "playing", "finished", who=SCORES, why="the board is final")


def rounds_of(board: dict[str, Any]) -> dict[str, list[int]]:
    """Golfer to the strokes of each round that they completed."""
    return {
        golfer["id"]: [line["value"] for line in golfer["linescores"] if "value" in line]
        for golfer in board["events"][0]["competitions"][0]["competitors"]
    }


# --- settlement -----------------------------------------------------------------------------------------------------


def points(golfers: list[str], rounds: dict[str, list[int]]) -> int:
    """A point for each stroke below 90, of every completed round. More is better."""
    return sum(max(0, 90 - strokes) for golfer in golfers for strokes in rounds[golfer])


def standings_of(scored: list[tuple[int, str]], split: dict[str, int], pot_cents: int) -> dict[str, Any]:
    """Prizes of what the rake leaves, in whole cents; those with equal points share their places' parts."""
    rake_cents = (pot_cents * RAKE_PERCENT + 50) // 100
    rankings: list[dict[str, Any]] = []
    for score, group in groupby(sorted(scored, key=lambda item: (-item[0], item[1])), key=lambda item: item[0]):
        tied = [member for _, member in group]
        rank = len(rankings) + 1
        percent = sum(split.get(str(rank + place), 0) for place in range(len(tied)))
        prize_cents = (pot_cents - rake_cents) * percent // (100 * len(tied))
        rankings += [{"user_id": one, "rank": rank, "score": score, "payout_cents": prize_cents} for one in tied]
    return {"rankings": rankings, "platform_cents": pot_cents - sum(one["payout_cents"] for one in rankings)}


def settle() -> None:
    for pool in read("SELECT * FROM pools WHERE phase = 'finished' AND settled_at IS NULL ORDER BY made_at"):
        with change(BANK, "pool settled", "the board is final") as connection:
            (board,) = connection.execute(
                "SELECT body FROM boards WHERE pool_id = %s AND final ORDER BY got_at DESC LIMIT 1", (pool["id"],)
            ).fetchall()
            players = connection.execute(
                "SELECT k.member_id, k.golfers FROM picks k JOIN wallet_lines w ON w.about = k.id AND w.kind = 'entry'"
                " WHERE k.pool_id = %s",
                (pool["id"],),
            ).fetchall()
            rounds = rounds_of(board["body"])
            scored = [(points(player["golfers"], rounds), str(player["member_id"])) for player in players]
            pot_cents = pool["entry_cents"] * len(players)
            standings = standings_of(scored, pool["split"], pot_cents)
            connection.execute(
                "INSERT INTO settlements (pool_id, players, pot_cents, standings) VALUES (%s, %s, %s, %s)",
                (pool["id"], len(players), pot_cents, json.dumps(standings)),
            )
            connection.execute("UPDATE pools SET settled_at = now() WHERE id = %s", (pool["id"],))


def bank() -> None:
    """Credits prizes and books the rake; then, where prizes go on to Stripe, sends them."""
    for pool in read(
        "SELECT s.id, s.pool_id, s.standings FROM settlements s JOIN pools p ON p.id = s.pool_id"
        " WHERE p.paid_at IS NULL AND NOT EXISTS"
        " (SELECT FROM wallet_lines w WHERE w.about = s.id AND w.kind IN ('prize', 'rake')) ORDER BY s.settled_at"
    ):
        with change(BANK, "prizes credited", "the pool is settled") as connection:
            standings, place = pool["standings"], {"pool": pool["pool_id"], "about": pool["id"]}
            for one in standings["rankings"]:
                if one["payout_cents"]:
                    cents, winner = one["payout_cents"], one["user_id"]
                    write_line(connection, member=winner, kind="prize", cents=cents, **place)
                    _queue(connection, pool["pool_id"], winner, cents)
            write_line(connection, member=None, kind="rake", cents=standings["platform_cents"], **place)
            if PAYS_OUT == "wallet":
                connection.execute("UPDATE pools SET paid_at = now() WHERE id = %s", (pool["pool_id"],))
    for cashout in read(
        "SELECT c.*, m.stripe_account FROM cashouts c JOIN members m ON m.id = c.member_id"
        " WHERE c.state = 'queued' ORDER BY c.queued_at, c.id"
    ):
        _send(cashout)
    for pool in read(
        "SELECT id FROM pools WHERE paid_at IS NULL AND EXISTS (SELECT FROM cashouts c WHERE c.pool_id = pools.id)"
        " AND NOT EXISTS (SELECT FROM cashouts c WHERE c.pool_id = pools.id AND c.state = 'queued')"
    ):
        with change(BANK, "pool paid", "every prize is out") as connection:
            connection.execute("UPDATE pools SET paid_at = now() WHERE id = %s", (pool["id"],))


def _queue(connection: psycopg.Connection[Any], pool: str, member: str, cents: int) -> None:
    if PAYS_OUT == "transfer":
        insert = "INSERT INTO cashouts (pool_id, member_id, cents) VALUES (%s, %s, %s)"
        connection.execute(insert, (pool, member, cents))


def _send(cashout: dict[str, Any]) -> None:
    try:
        transfer = stripe.Transfer.create(
            amount=cashout["cents"],
            currency="usd",
            destination=cashout["stripe_account"],
            idempotency_key=f"cashout-{cashout['id']}",
        )
    except stripe.StripeError as error:
        dropped = isinstance(error, stripe.InvalidRequestError) or cashout["tries"] + 1 >= _MOST_TRIES
        with change(BANK, "cash-out failed", str(error)[:200]) as connection:
            connection.execute(
                "UPDATE cashouts SET tries = tries + 1, state = %s, dropped_because = %s WHERE id = %s",
                ("dropped" if dropped else "queued", str(error)[:200] if dropped else None, cashout["id"]),
            )
        return
    with change(BANK, "prize sent", transfer.id) as connection:
        connection.execute(
            "UPDATE cashouts SET tries = tries + 1, state = 'sent', stripe_transfer = %s WHERE id = %s",
            (transfer.id, cashout["id"]),
        )
        place = {"member": cashout["member_id"], "pool": cashout["pool_id"], "about": cashout["id"]}
        write_line(connection, kind="cashout", cents=-cashout["cents"], **place)
