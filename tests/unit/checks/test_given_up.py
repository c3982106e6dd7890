"""A prize is given up for a cause in the world, or it is a finding, whatever reason the platform writes down."""

from __future__ import annotations

import pytest

from simulation.checks.given_up import given_up_for_cause
from simulation.events import EntrantAction, FaultInjected, StripeObject
from simulation.events.people import Action, PersonAct
from tests.unit.checks.builder import Book, assert_found, day, run
from tests.unit.checks.story import passing


def _give_up(book: Book, person: str, reason: str = "DESTINATION_ACCOUNT_MISSING") -> None:
    book.amend("transfers", f"tr-{person}", status="failed_terminal", failure_reason=reason)


def _account(book: Book, person: str, status: str, *, user_id: str | None) -> None:
    facts = {"object_id": f"acct_{person}", "status": status, "user_id": user_id}
    book.add(StripeObject(object_type="account", **facts), day(7))


@pytest.mark.parametrize("reason", ["DESTINATION_ACCOUNT_MISSING", "DESTINATION_ACCOUNT_INVALID", "STRIPE_TIMEOUT"])
@pytest.mark.parametrize("user_id", ["ann", None], ids=["account of the user", "account by its id"])
def test_a_prize_that_could_be_paid_is_not_given_up(reason: str, user_id: str | None):
    def spoil(book: Book) -> None:
        _give_up(book, "ann", reason)
        _account(book, "ann", "enabled", user_id=user_id)

    found = assert_found(given_up_for_cause, passing(), spoil, "although nothing stood in its way")
    assert found.findings[0].actual == f"failed_terminal: {reason}"


def _world(book: Book, action: Action, act: PersonAct | None = None) -> None:
    facts = {"person": "p1", "user_id": "ann", "contest": None, "contest_id": None}
    book.add(EntrantAction(action=action, act=act, **facts), day(5, 9))


def test_a_winner_whose_account_is_closed_may_be_given_up():
    book = passing()
    _give_up(book, "ann")
    _account(book, "ann", "closed", user_id="ann")
    assert run(given_up_for_cause, book).outcome == "pass"


@pytest.mark.parametrize(
    ("action", "act"),
    [("deleted_account", None), ("refused", "connect account")],
    ids=["the winner has left", "the winner asked in vain"],
)
def test_a_winner_whom_the_world_gave_no_account_may_be_given_up(action: Action, act: PersonAct | None):
    book = passing()
    _give_up(book, "ann")
    _world(book, action, act)
    assert run(given_up_for_cause, book).outcome == "pass"


@pytest.mark.parametrize("act", [None, "pay"], ids=["nothing happened", "something else was refused"])
def test_a_winner_whose_account_the_platform_never_made_is_not_given_up(act: PersonAct | None):
    def spoil(book: Book) -> None:
        _give_up(book, "ann")
        if act is not None:
            _world(book, "refused", act)

    assert_found(given_up_for_cause, passing(), spoil, "for want of an account that nothing in the world")


def test_what_a_fault_struck_may_be_given_up():
    book = passing()
    _give_up(book, "ann", "STRIPE_TIMEOUT")
    _account(book, "ann", "enabled", user_id="ann")
    book.edit(FaultInjected, {"fault_id": "slow"}, keys={"payout_transfer_id": "tr-ann"})
    assert run(given_up_for_cause, book).outcome == "pass"


def test_paid_prizes_are_looked_at():
    assert run(given_up_for_cause, passing()).examined >= 2
