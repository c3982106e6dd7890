"""The facts that a contract's writes answer, as the jury finds them in what witnesses saw."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from simulation.checks.conformance.facts import DERIVED, facts_for
from simulation.checks.evidence.case import CannotTell, Case
from simulation.contract.facts import DERIVED_FACTS, Board, Fact
from simulation.contract.facts_named import Facts
from simulation.events import (
    AccessProbe,
    AdminAppointed,
    Exchange,
    JobFailed,
    ProviderPublication,
    RunStarted,
    StripeAccountChange,
    StripeCall,
    StripeEndpointChange,
    StripeEventMade,
    StripeMovement,
    StripeObject,
    WebhookAttempt,
)
from tests.unit.checks.builder import GOVERNANCE, Book, day
from tests.unit.checks.conformance.seen import Seen, minute
from tests.unit.checks.story import passing
from tests.unit.checks.story_contest import SCENARIO


def facts(of: Book | Seen, **wanted: Any) -> list[Any]:
    return list(facts_for(Case(of.history(), GOVERNANCE), Facts(**wanted)))


def fields(found: list[Any], *names: str) -> list[tuple[Any, ...]]:
    return [tuple(getattr(fact, name) for name in names) for fact in found]


# --- requests, calls, events ------------------------------------------------------------------------------------------


def test_a_request_has_the_segments_of_its_route() -> None:
    seen = Seen().request("POST /a/1/b/x-y", body={"n": 1}, answer={"id": 2}, token_subject="u1", idempotency_key="k")
    (request,) = facts(seen, request="POST /a/{number}/b/{word}")
    assert request.path == {"number": "1", "word": "x-y"}
    assert (request.id, request.body, request.answer, request.subject) == ("r1", {"n": 1}, {"id": 2}, "u1")
    assert (request.status, request.actor, request.idempotency_key, request.at) == (200, "entrant", "k", minute(0))


@pytest.mark.parametrize("route", ["GET /a/{n}", "POST /a", "POST /a/{n}/b", "POST /b/{n}", "POST /a/2"])
def test_a_request_of_another_route_is_another_fact(route: str) -> None:
    assert facts(Seen().request("POST /a/1"), request=route) == []


def test_dots_in_a_route_are_dots() -> None:
    assert facts(Seen().request("GET /v1xa"), request="GET /v1.a") == []


def test_whose_request_it_was_is_known_by_token_header_or_the_world() -> None:
    seen = Seen().request("GET /a", token_subject="u1", user_id="u2").request("GET /a", user_id="u2").request("GET /a")
    assert fields(facts(seen, request="GET /a"), "subject") == [("u1",), ("u2",), (None,)]
    book = passing()
    request = Seen().request("GET /a").events[0].model_copy(update={"cause": "entrant:ann:cup#1"})
    book.add(request, day(3))
    assert fields(facts(book, request="GET /a"), "subject") == [("ann",)]


def test_only_answers_of_2xx_count_and_must_leave_a_row() -> None:
    seen = Seen()
    for status in (200, 201, 302, 409, 500):
        seen.request("POST /a", status=status)
    assert fields(facts(seen, request="POST /a"), "status", "required") == [(200, True), (201, True)]
    assert fields(facts(seen, request="POST /a", status=(302, 500)), "status", "required") == [
        (302, False),
        (500, False),
    ]


def call(status: int | None, origin: Any = "platform", path: str = "/v1/transfers") -> StripeCall:
    return StripeCall(request_id="req", origin=origin, method="POST", path=path, status=status, executed=True)


@pytest.mark.parametrize(("outcome", "statuses"), [("ok", [200]), ("refused", [402, 500]), ("lost", [None])])
def test_calls_to_stripe_are_told_apart_by_their_outcome(outcome: str, statuses: list[Any]) -> None:
    seen = Seen()
    for status in (200, 402, 500, None):
        seen.add(call(status)).add(call(status, origin="entrant")).add(call(status, path="/v1/refunds"))
    found = facts(seen, call="POST /v1/transfers", outcome=outcome)
    assert len(found) == len(statuses)
    assert {fact.outcome for fact in found} == {outcome}


def made(event_id: str, event_type: str = "charge.refunded") -> StripeEventMade:
    return StripeEventMade(event_id=event_id, event_type=event_type, object_id="o", payload_sha256=("s",))


def delivered(event_id: str, status: int | None) -> WebhookAttempt:
    return WebhookAttempt(
        event_id=event_id, event_type="charge.refunded", object_id="o", attempt=1, status=status, next_attempt_at=None
    )


def test_an_event_that_the_platform_took_must_leave_its_row() -> None:
    seen = Seen().add(made("never")).add(made("failed")).add(made("taken")).add(made("other", "payout.paid"))
    seen.add(delivered("failed", 500)).add(delivered("taken", None)).add(delivered("taken", 200))
    seen.add(delivered("taken", 200))

    found = facts(seen, event="charge.refunded")

    assert fields(found, "id", "required", "at") == [
        ("taken", True, minute(6)),
        ("never", False, minute(0)),
        ("failed", False, minute(1)),
    ]
    assert fields(facts(seen, event="*"), "id") == [("taken",), ("never",), ("failed",), ("other",)]


def test_a_delivery_names_the_endpoint_whose_url_it_came_to() -> None:
    seen = Seen()
    for query in ("endpoint=standby", "", "endpoint=standby"):
        event = {"id": "evt_1", "type": "charge.refunded"}
        push = Exchange(
            request_id="r", actor="stripe", method="POST", path="/hooks", query=query, status=200, request_body=event
        )
        seen.add(push)
    assert fields(facts(seen, fact="delivery"), "endpoint", "repeated") == [
        ("standby", False),
        ("primary", True),
        ("standby", True),
    ]


# --- what follows from what witnesses saw -----------------------------------------------------------------------------


def test_each_derived_fact_is_found_as_the_class_that_contracts_are_checked_by() -> None:
    book = passing()
    book.add(AdminAppointed(user_id="adm", name="Ada", email="ada@example.com", role="founder"), day(0))
    book.add(StripeObject(object_type="account", object_id="acct_1", status="enabled", user_id="adm"), day(0))
    book.add(made("evt_1", "charge.dispute.created"), day(0))
    refused = Exchange(request_id="r-no", actor="entrant", method="GET", path="/admin", status=401)
    book.add(refused, day(0))
    probe = AccessProbe(subject="founder_admin_token", moment="start", refused=True, detail="answered 403")
    book.add(probe, day(0))
    book.add(JobFailed(job="settlement", error="ValueError()"), day(0))
    back = StripeMovement(
        balance_transaction_id="txn_back", movement="refund_failure", amount_cents=500, fee_cents=0, net_cents=500,
        currency="usd", available_at=minute(0), source_id="re_1", payment_intent_id="pi_1",
    )  # fmt: skip
    book.add(back, day(0))
    book.add(back.model_copy(update={"movement": "transfer_reversal", "source_id": "trr_1"}), day(0))
    book.add(StripeObject(object_type="payout", object_id="po_1", status="failed", amount_cents=500), day(0))
    book.add(made("evt_2", "payout.created").model_copy(update={"object_id": "po_1"}), day(0))
    for can_be_paid in (False, True):
        book.add(StripeAccountChange(account_id="acct_1", can_be_paid=can_be_paid), day(0))
        book.add(StripeEndpointChange(endpoint_id="we_1", role="standby", enabled=can_be_paid), day(0))
    for cents in (-500, 500):
        dispute = {"movement": "adjustment", "balance_transaction_id": f"txn_{cents}", "source_id": "dp_1"}
        book.add(back.model_copy(update={**dispute, "amount_cents": cents, "net_cents": cents}), day(0))
    guaranteed = {**SCENARIO["contests"][0], "guaranteed_pool_cents": 50_000}
    book.edit(RunStarted, {}, scenario_document={**SCENARIO, "contests": [guaranteed]})
    assert DERIVED.keys() == DERIVED_FACTS.keys()
    for name, kind in DERIVED_FACTS.items():
        found = facts(book, fact=name)
        assert found, name
        assert {type(fact) for fact in found} == {kind}, name


def test_an_event_about_a_dispute_tells_the_payment_by_the_money_that_stripe_took_back() -> None:
    taken = StripeMovement(
        balance_transaction_id="txn_1", movement="adjustment", amount_cents=-1_000, fee_cents=1_500, net_cents=-2_500,
        currency="usd", available_at=minute(0), source_id="o", payment_intent_id="pi_1",
    )  # fmt: skip
    seen = Seen().add(taken).add(made("evt_1", "charge.dispute.created")).add(made("evt_2"))
    assert fields(facts(seen, fact="dispute_told"), "id", "payment_intent_id") == [("evt_1", "pi_1")]


def test_an_event_about_a_dispute_that_asks_only_tells_the_payment_by_the_dispute_at_stripe() -> None:
    asked = StripeObject(
        object_type="dispute", object_id="o", status="warning_needs_response", payment_intent_id="pi_2"
    )
    seen = Seen().add(made("evt_1", "charge.dispute.created")).add(asked)
    assert fields(facts(seen, fact="dispute_told"), "id", "payment_intent_id") == [("evt_1", "pi_2")]


def test_prizes_and_what_is_left_over_follow_from_the_final_board() -> None:
    book = passing()
    assert fields(facts(book, fact="prize"), "contest_id", "user_id", "rank", "score", "amount_cents") == [
        ("C1", "ann", 1, 280, 1_800),
        ("C1", "bob", 2, 283, 900),
    ]
    (left,) = facts(book, fact="remainder")
    assert (left.pool_cents, left.platform_cents, left.participants, left.payload_sha256) == (3_000, 300, 3, "sha2")


def test_no_remainder_is_no_fact() -> None:
    book = passing()
    scenario = book.entries[0].scenario_document  # type: ignore[attr-defined]
    percent = {**scenario["contests"][0], "payout_percent": {"1": 60, "2": 40}}
    book.entries[0] = book.entries[0].model_copy(update={"scenario_document": {**scenario, "contests": [percent]}})
    assert facts(book, fact="remainder") == []
    assert len(facts(book, fact="settlement")) == 1


def test_a_settlement_tells_every_player_of_every_entrant() -> None:
    (settlement,) = facts(passing(), fact="settlement")
    assert [entrant.user_id for entrant in settlement.entrants] == ["ann", "bob", "cat"]
    (cut,) = settlement.entrants[2].players
    assert (cut.id, cut.status, list(cut.rounds)) == ("golfer3", "cut", [75, 76, None, None])
    assert cut.strokes == settlement.entrants[2].score


def test_a_board_that_does_not_say_who_was_cut_decides_nothing() -> None:
    book = passing()
    book.edit(ProviderPublication, {"final": True}, player_status={})
    with pytest.raises(CannotTell, match="does not say whether golfer1 was cut"):
        facts(book, fact="settlement")


def test_each_answer_of_the_provider_is_a_board_of_each_contest_that_plays_by_it() -> None:
    boards: list[Board] = facts(passing(), fact="board")
    assert fields(boards, "contest_id", "payload_sha256", "valid", "final") == [
        ("C1", "sha0", True, (False,)),
        ("C1", "shaX", False, (True, False)),
        ("C1", "sha1", True, (False,)),
        ("C1", "sha2", True, (True,)),
    ]
    assert not any(board.required for board in boards), "nobody can tell whether the platform took an answer"


def test_money_that_moved_at_stripe_is_a_fact() -> None:
    book = passing()
    assert fields(facts(book, fact="transfer_made"), "user_id", "amount_cents") == [("ann", 1_800), ("bob", 900)]
    assert fields(facts(book, fact="refund_made"), "user_id", "amount_cents") == [("cat", 1_000)]


def test_a_contest_is_a_fact_when_it_was_created() -> None:
    (contest,) = facts(passing(), fact="contest")
    assert (contest.id, contest.key, contest.organizer, contest.at) == ("C1", "cup", "olga", day(0, 8))
    assert contest.lock_time - contest.at == timedelta(days=1)


def test_a_fact_that_this_version_does_not_know_decides_nothing() -> None:
    with pytest.raises(CannotTell, match="speaks of a fact windfall"):
        facts(passing(), fact="windfall")


def test_only_facts_with_these_fields_are_wanted() -> None:
    found: list[Fact] = facts(passing(), fact="board", where={"valid": False})
    assert fields(found, "payload_sha256") == [("shaX",)]
