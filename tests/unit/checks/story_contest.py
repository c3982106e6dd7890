"""The story's contest: made, entered, played and moved from stage to stage."""

from __future__ import annotations

from typing import Any

from simulation.events import EntrantAction, Exchange, FaultInjected, ProviderAnswer, ProviderPublication
from tests.unit.checks.builder import START, Book, day
from tests.unit.checks.story_money import charge, pay_in

DAYS = 6
FEE = 1_000
SCENARIO: dict[str, Any] = {
    "name": "one_cup",
    "description": "one contest",
    "start": START.isoformat(),
    "days": DAYS,
    "tournaments": {"open": {"first_round": day(1, 10).isoformat()}},
    "contests": [
        {
            "key": "cup",
            "name": "The Cup",
            "tournament": "open",
            "entry_fee_cents": FEE,
            "payout_percent": {"1": 60, "2": 30},
            "entrants": 4,
            "roster_size": 1,
            "created": day(0, 8).isoformat(),
            "lock": day(1, 8).isoformat(),
            "start": day(1, 9).isoformat(),
            "end": day(4, 23).isoformat(),
            "double_payers": 1,
            "non_payers": 1,
        }
    ],
    "faults": [
        {"id": "slow", "kind": "transfer_timeout_before", "contest": "cup", "nth": 2, "expect": {"runbook": "stuck"}},
        {
            "id": "torn",
            "kind": "provider_malformed",
            "tournament": "open",
            "at": day(2).isoformat(),
            "expect": {"self_heals": True},
        },
    ],
}
ENTRANTS = {"ann": "golfer1", "bob": "golfer2", "cat": "golfer3", "dan": "golfer1"}
STROKES = {"golfer1": (70, 70, 70, 70), "golfer2": (71, 70, 72, 70), "golfer3": (75, 76, None, None)}
STATUS = {"golfer1": "active", "golfer2": "active", "golfer3": "cut"}


def found_contest(book: Book) -> None:
    plan = SCENARIO["contests"][0]
    terms = {"entry_fee_cents": FEE, "lock_time": plan["lock"], "start_time": plan["start"], "end_time": plan["end"]}
    book.write(
        day(0, 8),
        ("users", {"user_id": "olga", "stripe_account_id": None}),
        ("contests", {"contest_id": "C1", "name": "The Cup", "status": "SCHEDULED", **terms}),
        ("contest_audit", moved(None, "SCHEDULED", day(0, 8))),
        actor="olga",
        request_id="entrant:olga:cup#1",
    )
    act(book, "olga", "created_contest", day(0, 8))
    for status, previous, at in (
        ("LOCKED", "SCHEDULED", day(1, 8, 5)),
        ("LIVE", "LOCKED", day(1, 9, 5)),
        ("COMPLETE", "LIVE", day(5, 9, 10)),
    ):
        book.write(at, ("contests", {"id": "C1", "status": status}), ("contest_audit", moved(previous, status, at)))


def moved(previous: str | None, status: str, at: Any) -> dict[str, Any]:
    """A contest's audit row."""
    actor = "olga" if previous is None else "system"
    trail = {"actor": actor, "action": "status_changed", "reason": "its time has come"}
    return {"contest_id": "C1", "from_status": previous, "to_status": status, "created_at": at, **trail}


def act(book: Book, person: str, action: Any, at: Any, **details: Any) -> None:
    book.add(EntrantAction(person=person, user_id=person, contest="cup", contest_id="C1", action=action, **details), at)


def asked(book: Book, person: str, path: str, status: int, at: Any, **facts: Any) -> None:
    """A request of an entrant, and the platform's answer."""
    facts = {"actor": "entrant", "method": "POST", "request_id": f"entrant:{person}:cup#{path}", **facts}
    book.add(Exchange(path=path, status=status, token_subject=person, **facts), at, cause=f"entrant:{person}:cup")


def enter(book: Book, person: str) -> None:
    """Join on the first morning; pay within the hour."""
    roster = ENTRANTS[person]
    user = {"user_id": person, "stripe_account_id": f"acct_{person}"}
    entry = {"entry_id": f"e-{person}", "contest_id": "C1", "user_id": person, "roster": [roster]}
    book.write(day(0, 9), ("users", user), ("entries", entry), actor=person, request_id=f"entrant:{person}:cup#1")
    asked(book, person, "/api/custom-contests/C1/join", 200, day(0, 9))
    act(book, person, "joined", day(0, 9), roster=(roster,))
    intents = {"cat": ("pi_cat", "pi_cat2")}.get(person, (f"pi_{person}",))
    for number, intent in enumerate(intents):
        act(book, person, "opened_intent", day(0, 9, 1), payment_intent_id=intent)
        if person == "dan":
            act(book, person, "never_paid", day(1, 8), payment_intent_id=intent)
            continue
        charge(book, person, intent, day(0, 10))
        act(book, person, "paid_twice" if number else "paid", day(0, 10), amount_cents=FEE, payment_intent_id=intent)
        pay_in(book, person, intent, refund=bool(number))


def play(book: Book) -> None:
    """Field, one board in the middle, the final board; one answer torn."""
    for revision, at, rounds in ((0, day(0), 0), (1, day(2, 18), 2), (2, day(5, 9), 4)):
        board = {player: (*strokes[:rounds], *(None,) * (4 - rounds)) for player, strokes in STROKES.items()}
        facts: dict[str, Any] = {"tournament": "open", "revision": revision, "payload_sha256": f"sha{revision}"}
        book.add(ProviderPublication(**facts, final=revision == 2, rounds=board, player_status=STATUS), at)
        fetched = max(at, day(1, 8, 5)) + (day(0, 0, 5) - day(0))
        book.add(ProviderAnswer(**facts, status=200, valid=True), fetched)
        ingested = {"contest_id": "C1", "received_at": fetched, "payload_sha256": f"sha{revision}"}
        book.write(
            fetched, ("ingestion_events", {"event_id": f"i{revision}", "validation_status": "VALID", **ingested})
        )
    torn = day(2, 0, 5)
    book.add(
        FaultInjected(fault_id="torn", fault_kind="provider_malformed", keys={"tournament": "open"}, detail="torn"),
        torn,
    )
    answer: dict[str, Any] = {"tournament": "open", "status": 200, "revision": 0, "payload_sha256": "shaX"}
    book.add(ProviderAnswer(**answer, valid=False, fault_id="torn"), torn)
    book.write(
        torn,
        (
            "ingestion_errors",
            {"error_id": "x1", "contest_id": "C1", "error_code": "MALFORMED_JSON", "created_at": torn},
        ),
    )
