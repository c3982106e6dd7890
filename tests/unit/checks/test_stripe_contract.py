"""stripe-mock's opinion of the platform's requests; without one the question stays open."""

from __future__ import annotations

import pytest

from simulation.checks import stripe_contract as subject
from simulation.checks.evidence.keys import Keys
from simulation.checks.stripe_contract import Skew, stripe_contract
from simulation.environment.compose_file import images
from simulation.events import RequestShape, ShapeAnswer, StripeCall, StripeContract
from simulation.world.stripe.api import API_VERSION
from tests.unit.checks.builder import Book, Break, assert_found, assert_unknown, run
from tests.unit.checks.story import passing

REFUSED = ShapeAnswer(status=400, complaint="additional properties are not allowed")


def _told(*answers: ShapeAnswer, judge: str = "stripe-mock v1", problem: str = "") -> Break:
    return lambda book: book.edit(StripeContract, {}, answers=answers, judge=judge, problem=problem)


def _judged(*answers: ShapeAnswer, **facts: str) -> Book:
    book = passing()
    _told(*answers, **facts)(book)
    return book


def test_a_refusal_is_a_finding_with_the_request_and_the_complaint() -> None:
    call = next(event for event in passing().history().events if isinstance(event, StripeCall))

    def refused(book: Book) -> None:
        _told(REFUSED)(book)
        (shape,) = next(event for event in book.entries if isinstance(event, StripeContract)).shapes
        book.edit(StripeContract, {}, shapes=(shape.model_copy(update={"example_seq": call.seq}),))

    result = assert_found(stripe_contract, passing(), refused, "additional properties")
    assert result.findings[0].keys == Keys(stripe_request_id=call.request_id)
    assert result.findings[0].subject == "POST /v1/transfers"
    assert "amount: integer" in result.findings[0].actual
    assert len(result.findings[0].seqs) == 2


def test_without_stripe_mock_it_is_not_verified_with_the_remedy() -> None:
    result = run(stripe_contract, _judged(judge="", problem="none here: make stripe-mock"))
    assert result.outcome == "not_verified"
    assert result.not_verified == "none here: make stripe-mock"


def test_a_history_from_before_it_was_recorded_is_not_verified() -> None:
    book = passing()
    book.drop(StripeContract)
    assert run(stripe_contract, book).outcome == "not_verified"


def test_a_shape_without_an_answer_is_unknown() -> None:
    assert_unknown(stripe_contract, passing(), _told(), "judged 0 of 1")


def test_a_known_skew_between_the_versions_is_no_finding(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(subject, "KNOWN_SKEW", (Skew(method="POST", path="/v1/transfers", parameter="amount"),))
    assert run(stripe_contract, _judged(REFUSED)).outcome == "pass"


def test_no_request_is_nothing_to_judge() -> None:
    book = passing()
    book.edit(StripeContract, {}, shapes=(), answers=())
    result = run(stripe_contract, book)
    assert (result.outcome, result.note) == ("pass", "the platform made no request to Stripe")


def test_what_stripe_mock_says_stands_outside_the_digest_and_what_was_asked_inside() -> None:
    plain, refused = passing().history(), _judged(REFUSED, judge="another").history()
    assert plain.digest() == refused.digest()
    other = passing()
    other.edit(StripeContract, {}, shapes=(RequestShape(method="GET", path="/v1/x", parameters=(), example_seq=1),))
    assert other.history().digest() != plain.digest()


def test_the_versions_it_speaks_of_are_the_pinned_ones() -> None:
    assert subject.SDK_API_VERSION == API_VERSION
    assert images().stripe_mock_version in subject.MOCK_API_VERSIONS
