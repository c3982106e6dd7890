"""Organizers and entrants: creating, joining, paying, and what they may not do."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any

import pytest

StagingPlatform = Any


def test_a_full_contest_and_a_locked_one_take_no_entries(stage: StagingPlatform) -> None:
    contest_id = stage.contest(max_entries=1)
    stage.join(contest_id, stage.user(), "1")
    late = stage.user()
    path = f"/api/custom-contests/{contest_id}/join"
    assert stage.post(path, {"roster": ["2"]}, user=late).json["error"] == "contest_full"
    stage.pass_time(hours=1)
    assert stage.post(path, {"roster": ["2"]}, user=late).json["error"] == "contest_not_open"


def test_joining_again_with_the_same_roster_is_the_same_entry(stage: StagingPlatform) -> None:
    contest_id, user = stage.contest(), stage.user()
    stage.join(contest_id, user, "1")
    stage.join(contest_id, user, "1")
    answer = stage.post(f"/api/custom-contests/{contest_id}/join", {"roster": ["2"]}, user=user)
    assert (answer.status_code, answer.json["error"]) == (409, "already_joined")


@pytest.mark.parametrize("roster", [None, [], ["1", "2"], [1], [""], "1"])
def test_a_roster_that_does_not_fit_is_refused(stage: StagingPlatform, roster: object) -> None:
    contest_id = stage.contest()
    answer = stage.post(f"/api/custom-contests/{contest_id}/join", {"roster": roster}, user=stage.user())
    assert (answer.status_code, answer.json["error"]) == (400, "invalid_roster")


def test_the_same_idempotency_key_gives_the_same_intent(stage: StagingPlatform) -> None:
    contest_id, user = stage.contest(), stage.user()
    stage.join(contest_id, user, "1")
    body = {"contest_instance_id": contest_id, "amount_cents": 1000}
    answers = [stage.post("/api/payments/intents", body, user=user, Idempotency_Key="k").json for _ in range(2)]
    assert answers[0] == answers[1]
    assert len(stage.stripe.objects["payment_intents"]) == 1


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"key": ""}, 400, "IDEMPOTENCY_KEY_REQUIRED"),
        ({"amount_cents": 999}, 400, "amount_mismatch"),
        ({"amount_cents": "1000"}, 400, "invalid_field"),
        ({"amount_cents": None}, 400, "missing_required_fields"),
        ({"contest_instance_id": "x"}, 400, "invalid_field"),
        ({"contest_instance_id": "00000000-0000-0000-0000-00000000dead"}, 404, "contest_not_found"),
        ({"user": "stranger"}, 403, "not_a_participant"),
        ({"user": "nobody"}, 401, "unauthorized"),
    ],
)
def test_an_intent_that_does_not_fit_is_refused(
    stage: StagingPlatform, change: dict[str, Any], status: int, code: str
) -> None:
    contest_id, user = stage.contest(), stage.user()
    stage.join(contest_id, user, "1")
    users = {"stranger": stage.user(), "nobody": "nobody", "entrant": user}
    body = {"contest_instance_id": contest_id, "amount_cents": 1000} | change
    key, who = body.pop("key", "k"), users[body.pop("user", "entrant")]
    answer = stage.post("/api/payments/intents", body, user=who, Idempotency_Key=key)
    assert (answer.status_code, answer.json["error"]) == (status, code)
    assert stage.sql("SELECT id FROM payment_intents") == []


def test_who_has_paid_cannot_pay_again(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    user = stage.entrant(contest_id, "1")
    body = {"contest_instance_id": contest_id, "amount_cents": 1000}
    answer = stage.post("/api/payments/intents", body, user=user, Idempotency_Key="again")
    assert (answer.status_code, answer.json["error"]) == (409, "PAYMENT_ALREADY_PROCESSED")


def test_somebody_elses_idempotency_key_is_refused(stage: StagingPlatform) -> None:
    contest_id = stage.contest()
    for expected in (200, 409):
        user = stage.user()
        stage.join(contest_id, user, "1")
        body = {"contest_instance_id": contest_id, "amount_cents": 1000}
        assert stage.post("/api/payments/intents", body, user=user, Idempotency_Key="k").status_code == expected


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"payout_structure": {"1": 80, "2": 30}}, "invalid_payout_structure"),
        ({"entry_fee_cents": -1}, "invalid_field"),
        ({"lock_time": "2026-13-01"}, "invalid_field"),
        ({"lock_time": "2020-01-01T00:00:00Z"}, "invalid_schedule"),
        ({"scoring": {"roster_size": 0, "missed_round_strokes": 80}}, "invalid_field"),
        ({"provider_event_id": ""}, "missing_required_fields"),
    ],
)
def test_impossible_terms_are_refused(stage: StagingPlatform, change: dict[str, object], code: str) -> None:
    start = stage.clock.now + timedelta(hours=2)
    body = {
        "contest_name": "Open", "entry_fee_cents": 1, "payout_structure": {"1": 100}, "max_entries": 2,
        "lock_time": start.isoformat(), "start_time": start.isoformat(), "end_time": (start + timedelta(1)).isoformat(),
        "provider_event_id": "E1", "scoring": {"roster_size": 1, "missed_round_strokes": 80},
    } | change  # fmt: skip
    answer = stage.post("/api/custom-contests", body, user=stage.user())
    assert (answer.status_code, answer.json["error"]) == (400, code)


def test_only_the_organizer_may_publish_lock_or_cancel(stage: StagingPlatform) -> None:
    contest_id, other = stage.contest(), stage.user()
    for action in ("publish", "lock", "cancel"):
        answer = stage.post(f"/api/custom-contests/{contest_id}/{action}", {"reason": "mine"}, user=other)
        assert (answer.status_code, answer.json["error"]) == (403, "forbidden")


def test_a_deleted_user_can_do_nothing_more(stage: StagingPlatform) -> None:
    user = stage.user()
    assert stage.client.delete(f"/api/users/{user}", headers={"X-User-Id": user}).status_code == 200
    assert stage.client.delete(f"/api/users/{user}", headers={"X-User-Id": user}).status_code == 401


def test_an_address_is_used_once_while_its_owner_is_here(stage: StagingPlatform) -> None:
    for name, expected in (("A", 201), ("B", 409)):
        assert stage.post("/api/users", {"name": name, "email": "a@x.test"}).status_code == expected


def test_who_got_no_answer_and_signs_up_again_is_the_same_person(stage: StagingPlatform) -> None:
    body = {"name": "A", "email": "a@x.test"}
    first = stage.post("/api/users", body)
    stage.clock.advance(9 * 60)
    again = stage.post("/api/users", body | {"email": "A@X.test"})
    assert (again.status_code, again.json) == (201, first.json)
    stage.clock.advance(2 * 60)
    assert stage.post("/api/users", body).status_code == 409
    assert len(stage.sql("SELECT id FROM users WHERE name = 'A'")) == 1


def test_terms_that_come_again_are_the_same_contest_until_it_is_published(stage: StagingPlatform) -> None:
    start, organizer = stage.clock.now + timedelta(hours=2), stage.user()
    body = {
        "contest_name": "Open", "entry_fee_cents": 1, "payout_structure": {"1": 100}, "max_entries": 2,
        "lock_time": start.isoformat(), "start_time": start.isoformat(), "end_time": (start + timedelta(1)).isoformat(),
        "provider_event_id": "E1", "scoring": {"roster_size": 1, "missed_round_strokes": 80},
    }  # fmt: skip

    def create(**change: object) -> str:
        answer = stage.post("/api/custom-contests", body | change, user=organizer)
        assert answer.status_code == 201
        return str(answer.json["contest_instance_id"])

    with ThreadPoolExecutor(4) as at_once:
        (first,) = set(at_once.map(lambda _: create(), range(8)))
    assert create() == first
    assert create(max_entries=3) != first
    assert stage.post(f"/api/custom-contests/{first}/publish", {}, user=organizer).status_code == 200
    assert create() != first
