"""The passing history: one contest, four entrants, six days, two faults, one runbook.

Ann wins, Bob is second, Cat pays twice and is refunded once, Dan never pays. Bob's transfer times out once and is
recovered by a runbook; the provider's board is malformed once.
"""

from __future__ import annotations

from typing import Any

from simulation.history import (
    AccessProbe,
    ClockProof,
    DatabaseAccess,
    EntrantAction,
    FaultInjected,
    FaultScheduled,
    Fingerprint,
    JobSummary,
    MetricChange,
    ProviderAnswer,
    ProviderPublication,
    RunEnded,
    RunStarted,
    Sample,
    WebhookAttempt,
    WitnessSummary,
)
from tests.unit.checks.builder import GOVERNANCE, START, Book, day
from tests.unit.checks.story_money import charge, pay_in, pay_out, record_stripe, settle
from tests.unit.checks.story_runbook import carry_out_runbook

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


def passing() -> Book:
    """A book whose history passes every check."""
    book = Book()
    set_up(book)
    found_contest(book)
    for person in ENTRANTS:
        enter(book, person)
    play(book)
    settle(book, day(5, 9, 15))
    pay_out(book, "ann", 1_800, day(5, 9, 20))
    book.add(
        FaultInjected(fault_id="slow", fault_kind="transfer_timeout_before", keys={"id": "tr-bob"}, detail="strike 1"),
        day(5, 9, 20),
    )
    carry_out_runbook(book)
    record_stripe(book)
    wind_down(book)
    return book


def set_up(book: Book) -> None:
    """Before day 0: the beginning, the faults, the clocks, the revoked access."""
    eve = day(0) - (day(0, 1) - day(0))
    book.add(
        RunStarted(
            scenario="one_cup",
            scenario_document=SCENARIO,
            seed=1,
            days=DAYS,
            window_start=eve,
            window_end=day(DAYS),
            absence_start=START,
            target="test",
            environment="test",
            governance=GOVERNANCE,
        ),
        eve,
    )
    for fault_id, kind, expectation, runbook in (
        ("slow", "transfer_timeout_before", "runbook", "stuck"),
        ("torn", "provider_malformed", "self_heals", None),
    ):
        scheduled: dict[str, Any] = {"expectation": expectation, "runbook": runbook, "ends_at": None, "keys": {}}
        book.add(FaultScheduled(fault_id=fault_id, fault_kind=kind, starts_at=day(1), **scheduled), eve)
    for clock in ("postgres", "python", "shell"):
        book.add(ClockProof(subject=clock, kernel_time=eve, subject_time=eve), eve)
    probe(book, "start")
    fingerprint(book, "start", 0)


def probe(book: Book, moment: Any) -> None:
    at = day(0) if moment == "start" else day(DAYS)
    for subject in ("founder_database", "founder_admin_token", "superuser_database", "operator_admin_token"):
        refused = subject != "operator_admin_token"
        book.add(AccessProbe(subject=subject, moment=moment, refused=refused, detail="tried"), at)


def fingerprint(book: Book, moment: Any, number: int) -> None:
    book.add(
        Fingerprint(
            moment=moment,
            code="c0",
            environment_variables="e0",
            database_configuration="d0",
            database_grants="g0",
            database_schema="s0",
            runbooks="r0",
        ),
        day(number),
    )


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


def enter(book: Book, person: str) -> None:
    """Join on the first morning; pay within the hour."""
    roster = ENTRANTS[person]
    user = {"user_id": person, "stripe_account_id": f"acct_{person}"}
    entry = {"entry_id": f"e-{person}", "contest_id": "C1", "user_id": person, "roster": [roster]}
    book.write(day(0, 9), ("users", user), ("entries", entry), actor=person, request_id=f"entrant:{person}:cup#1")
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
        book.add(ProviderPublication(**facts, final=revision == 2, rounds=board, player_status={}), at)
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


def wind_down(book: Book) -> None:
    """Everything a witness still has to say, and the end."""
    for number in range(1, DAYS):
        fingerprint(book, "during", number)
    fingerprint(book, "end", DAYS)
    probe(book, "end")
    book.add(DatabaseAccess(role="platform", application="app", access="connection", count=3), day(1))
    book.add(
        Sample(endpoint="/payouts", subject="by status", reported={"completed": 1}, observed={"completed": 1}), day(5)
    )
    book.add(MetricChange(changes={**dict.fromkeys(METRICS, 0.0), "up": 1.0}), day(0, 0, 10))
    book.add(
        WebhookAttempt(
            event_id="evt_1",
            event_type="payment_intent.succeeded",
            object_id="pi_ann",
            attempt=1,
            status=200,
            next_attempt_at=None,
        ),
        day(0, 10),
    )
    for job in ("lifecycle", "ingestion", "settlement", "payouts", "reconciliation"):
        interval = 86_400 if job == "reconciliation" else 300
        ran: dict[str, Any] = {"runs": 9, "busy_runs": 1, "first_at": day(0, 0, 5), "last_at": day(5, 23, 55)}
        book.add(JobSummary(job=job, interval_seconds=interval, largest_gap_seconds=interval, **ran), day(DAYS))
    for witness in ("wal", "access_log", "stripe_journal", "exchange", "provider"):
        book.add(WitnessSummary(witness=witness, records=9), day(DAYS))
    book.add(
        RunEnded(healthy_at=day(5, 9, 21), converged_at=day(5, 12), converge_deadline=day(5, 21), events_processed=9),
        day(DAYS),
    )


METRICS = (
    'ingestion_lag_seconds{provider_event_id="open"}',
    "settlement_duration_seconds",
    "contest_status_transitions_failed",
    "score_audit_mismatches",
    "database_connection_pool_available",
    "auth_service_error_rate",
    "error_budget_remaining",
)
