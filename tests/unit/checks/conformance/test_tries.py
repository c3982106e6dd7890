"""Who asks again after an error of the server: the rows may be those of any try, but they must be there, and once."""

from __future__ import annotations

import pytest

from tests.unit.checks.conformance.seen import Seen, audited, contract, insert, told

CONTRACT = contract(
    """
    tables:
      users:
        what: People
        complete: true
        writes:
          - name: sign-up
            op: insert
            actions: [user_created]
            for_each: {request: "POST /users"}
            match: {id: request.answer.id}
            columns: {id: {identity: unique}, name: {given: request.body.name}}
      audit:
        writes:
          - name: sign-up
            op: insert
            when: {action: user_created}
            for_each: {request: "POST /users"}
            match: {request_id: request.id}
            columns: {request_id: {given: request.id}}
"""
)
NAMED, ANSWERED = {"name": "Ann"}, {"id": "u1"}


def signed_up(seen: Seen, by: str, name: str = "Ann") -> Seen:
    return seen.write(insert("users", id="u1", name=name), audited("user_created", request_id=by))


def asked(seen: Seen, *statuses: int) -> Seen:
    for status in statuses:
        seen.request("POST /users", body=NAMED, answer=ANSWERED if status < 300 else "upstream closed", status=status)
    return seen


def judged(seen: Seen) -> list[str]:
    return sorted({complaint.split(" ")[1] for complaint in told(seen.complaints(CONTRACT))})


def test_rows_may_be_those_of_the_try_whose_answer_was_lost() -> None:
    assert judged(asked(signed_up(Seen(), by="r1"), 502, 201)) == []


def test_or_those_of_the_last() -> None:
    assert judged(asked(signed_up(Seen(), by="r2"), 502, 201)) == []
    assert judged(asked(signed_up(Seen(), by="r3"), 502, 503, 201)) == []


def test_one_that_was_done_and_told_must_have_left_its_rows() -> None:
    assert judged(asked(Seen().write(insert("other", id="o1")), 502, 201)) == ["audit", "users"]


def test_what_the_rows_say_is_judged_as_ever() -> None:
    assert judged(asked(signed_up(Seen(), by="r1", name="Bob"), 502, 201)) == ["users.name"]


def test_two_rows_of_one_wish_are_one_too_many() -> None:
    seen = signed_up(Seen(), by="r1").write(insert("users", id="u2", name="Ann"))
    assert "users" in judged(asked(seen, 502, 201))


@pytest.mark.parametrize("statuses", [(201, 201), (400, 201)])
def test_only_an_error_of_the_server_makes_tries_of_two_requests(statuses: tuple[int, int]) -> None:
    assert "audit" in judged(asked(signed_up(Seen(), by="r1"), *statuses))
