"""What people were refused: explained by the world or by a rule, or a finding."""

from __future__ import annotations

from datetime import datetime
from types import SimpleNamespace
from typing import Any

import pytest

from simulation.checks.turned_away import nobody_turned_away, paid_already
from simulation.events import EntrantAction, FaultInjected, FaultScheduled, HostingAction, RunStarted, WitnessSummary
from simulation.events.people import PersonAct
from simulation.paths import SCENARIOS_FOLDER
from simulation.scenario.file import load_scenario
from tests.unit.checks.builder import Book, Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_contest import SCENARIO, asked

JOIN = "/api/custom-contests/C1/join"
LOCK = day(1, 8)
EVENING = day(0, 20)
"""Nothing in the story happens then."""


def turned_away(status: int | None, at: datetime = EVENING, *, what: PersonAct = "join", **facts: Any) -> Break:
    """Eve is told so, and tells it; ``status`` None: she got no answer of the platform's at all."""

    def spoil(book: Book) -> None:
        if status is not None:
            asked(book, "eve", JOIN, status, at, response_body={"error": "no"}, **facts)
        book.add(
            EntrantAction(
                person="eve", user_id="eve", contest="cup", contest_id="C1", action="refused", act=what, detail="no"
            ),
            at,
            cause="entrant:eve:cup",
        )

    return spoil


def fault(kind: str, at: datetime, ends_at: datetime | None, **keys: str) -> Break:
    facts: dict[str, Any] = {"fault_id": "f9", "fault_kind": kind, "keys": keys}

    def spoil(book: Book) -> None:
        scheduled = FaultScheduled(starts_at=at, ends_at=ends_at, expectation="self_heals", **facts)
        book.add(scheduled, day(0))
        book.add(FaultInjected(detail="it strikes", **facts), at)

    return spoil


def hosting(action: Any, at: datetime) -> Break:
    facts: dict[str, Any] = {"service": "platform", "detail": "", "reason": "", "actor": "operator"}
    return lambda book: book.add(HostingAction(action=action, execution_id="exec-1", **facts), at)


def both(*breaks: Break) -> Break:
    return lambda book: [spoil(book) for spoil in breaks]


BREAKS: dict[str, tuple[Break, str]] = {
    "an error": (turned_away(500), "an error that nothing in the world explains"),
    "a refusal": (turned_away(409), "a refusal without a rule"),
    "no answer at all": (turned_away(None), "a refusal without a rule"),
    "an error after which one tries again": (
        lambda b: asked(b, "eve", JOIN, 503, EVENING),
        "an error that nothing in the world explains",
    ),
    "an error that an operator got": (
        lambda b: asked(b, "eve", JOIN, 500, EVENING, actor="operator"),
        "an error that nothing in the world explains",
    ),
    "an error after the lock": (turned_away(500, LOCK), "an error that nothing in the world explains"),
    "a sign-up after the lock": (turned_away(409, LOCK, what="sign up"), "a refusal without a rule"),
    "a refusal just before the lock": (turned_away(409, day(1, 7, 59)), "a refusal without a rule"),
    "an error after an outage": (
        both(turned_away(500), fault("stripe_outage", day(0, 18), day(0, 19))),
        "an error that nothing in the world explains",
    ),
    "an error before an outage": (
        both(turned_away(500), fault("stripe_outage", day(0, 21), day(0, 22))),
        "an error that nothing in the world explains",
    ),
    "an error during a fault that keeps nobody from anything": (
        both(turned_away(500), fault("provider_outage", day(0, 19), day(0, 22))),
        "an error that nothing in the world explains",
    ),
    "an error while another contest's row is held": (
        both(turned_away(500), fault("contest_row_held", day(0, 19), day(0, 22), contest="C2")),
        "an error that nothing in the world explains",
    ),
    "an error when the platform is back": (
        both(turned_away(502), hosting("stop", day(0, 19)), hosting("start", day(0, 19, 5))),
        "an error that nothing in the world explains",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    spoil, message = BREAKS[case]
    assert_found(nobody_turned_away, passing(), spoil, message)


def test_many_of_one_kind_are_one_finding_that_starts_much_with_the_log() -> None:
    def spoil(book: Book) -> None:
        turned_away(500, log=("one", "two", "three", "KeyError: 'roster'"))(book)
        turned_away(500, day(0, 21))(book)

    (finding,) = assert_found(nobody_turned_away, passing(), spoil, "2 times").findings

    assert (finding.subject, finding.cause, finding.at) == ("join", True, EVENING)
    assert finding.actual == "500 {'error': 'no'}; its log: two | three | KeyError: 'roster'"
    assert finding.keys.named() == {
        "contest": "cup", "contest_id": "C1", "user_id": "eve", "request_id": f"entrant:eve:cup#{JOIN}",
    }  # fmt: skip
    assert len(finding.seqs) == 2


EXCUSES: dict[str, Break] = {
    "an error while Stripe is out": both(turned_away(502), fault("stripe_outage", day(0, 19), day(0, 21))),
    "no answer of Stripe's in the meantime": both(
        turned_away(None, what="pay"), fault("stripe_outage", day(0, 19), day(0, 21))
    ),
    "an error right after the kill": both(turned_away(502), fault("webhook_then_killed", EVENING, None)),
    "an error while the contest's row is held": both(
        turned_away(503), fault("contest_row_held", day(0, 19), day(0, 22), contest="C1")
    ),
    "an error while the platform is stopped": both(
        turned_away(502), hosting("drain", day(0, 19)), hosting("start", day(0, 21))
    ),
    "an error while the database is made larger": both(turned_away(500), hosting("resize", EVENING)),
    "a join after the lock": turned_away(409, LOCK),
    "a refund asked for after the lock": turned_away(409, LOCK, what="ask for a refund"),
    "a join by somebody who has left": lambda b: (
        turned_away(404)(b),
        b.add(
            EntrantAction(person="eve", user_id="eve", contest=None, contest_id=None, action="deleted_account"), day(0)
        ),
    ),
    "a join of a contest that was never made": lambda b: b.add(
        EntrantAction(
            person="eve", user_id="eve", contest="cup", contest_id=None, action="refused", act="join", detail="none"
        ),
        EVENING,
    ),
    "a request that failed for another reason and was no person's": lambda b: asked(
        b, "eve", JOIN, 500, EVENING, actor="stripe"
    ),
}


@pytest.mark.parametrize("case", EXCUSES)
def test_what_is_explained_is_no_finding(case: str) -> None:
    book = passing()
    EXCUSES[case](book)

    assert run(nobody_turned_away, book).outcome == "pass"


def test_a_full_contest_takes_nobody_else() -> None:
    book = passing()
    (contest,) = SCENARIO["contests"]
    book.edit(RunStarted, {}, scenario_document={**SCENARIO, "contests": [{**contest, "max_entries": 4}]})
    turned_away(409)(book)

    assert run(nobody_turned_away, book).outcome == "pass"


def test_without_the_witness_of_requests_nobody_can_tell() -> None:
    assert_unknown(
        nobody_turned_away, passing(), lambda b: b.drop(WitnessSummary, witness="exchange"), "witness exchange"
    )


def _of_a_shop(*acts: tuple[str, str, str | None]) -> Any:
    """Acts of Ann and Bob (person, action, what was refused) about the orders ``spring_sale``, as a case shows them."""
    told = [
        EntrantAction(person=who, user_id=who, contest="spring_sale", contest_id=f"o-{who}", action=action, act=act)  # type: ignore[arg-type]
        for who, action, act in acts
    ]
    return SimpleNamespace(scenario=load_scenario(SCENARIOS_FOLDER / "shop_6d.yaml"), events=lambda _: told)


def test_a_shop_may_refuse_the_money_of_who_paid_the_order_already() -> None:
    case = _of_a_shop(
        ("ann", "refused", "pay"), ("ann", "paid", None), ("ann", "refused", "pay"), ("bob", "refused", "pay"),
        ("ann", "refused", "ask for a refund"),
    )  # fmt: skip
    assert [(one.person, one.act) for one in paid_already(case)] == [("ann", "pay")]


def test_a_contest_may_not() -> None:
    case = _of_a_shop(("ann", "paid", None), ("ann", "refused", "pay"))
    case.scenario = load_scenario(SCENARIOS_FOLDER / "smoke_2d.yaml")
    assert not paid_already(case)
