"""Answers and metrics against what their contract says of them: right at the instant, and wrong in each way."""

from __future__ import annotations

import json
from typing import Any

import pytest

from simulation.checks.conformance.metrics import metrics, metrics_of
from simulation.checks.conformance.report import contract_report
from simulation.checks.conformance.statements import Statements, answers, answers_of
from simulation.checks.conformance.statements import answered as answered_by
from simulation.checks.evidence.case import Case
from simulation.contract.document import Contract
from simulation.events import Event, HostingAction, MetricChange, RunStarted, Transaction
from tests.unit.checks.builder import GOVERNANCE
from tests.unit.checks.conformance.seen import Seen, contract, delete, insert, minute, update
from tests.unit.checks.story import passing

CONTRACT = contract(
    """
    tables:
      prizes:
        what: What people won
      owners: {what: People}
    answers:
      - to: "GET /prizes"
        query: {open: "yes"}
        looks: {found: {rows: prizes, where: {paid_at: {constant: null}}, order: [-cents]}}
        body: {document: {prizes: {list: found, called: prize, each: {given: prize.id}}}}
      - to: "GET /prizes"
        looks: {found: {rows: prizes, given: {owner: request.query.owner}, order: [id]}}
        body:
          document:
            prizes:
              list: found
              called: prize
              each:
                document:
                  id: {given: prize.id}
                  paid_at: {given: prize.paid_at}
                  name: {found: owners.name, where: {id: prize.owner}}
            cents: {derived: sum_of, of: [found, {constant: cents}]}
      - to: "GET /prizes/{id}"
        looks:
          found: {rows: prizes, where: {id: request.path.id}}
          first: {derived: first_of, of: [found]}
          alone: {given: first.paid_at}
        body:
          document:
            state: {when: alone, then: {constant: paid}, otherwise: {constant: owed}}
            at: {given: now}
      - {to: "GET /secret", not_judged: it is a secret of the platform}
    metrics:
      prizes:
        labels: {state: [owed, paid]}
        each: {rows: prizes}
        by: {state: {when: item.paid_at, then: {constant: paid}, otherwise: {constant: owed}}}
      refused: {value: {constant: 1}, at_most: true}
      paid_lately: {value: {constant: 2}, memory_seconds: 1200}
      owed_long: {each: {rows: prizes, where: {paid_at: {constant: null}}, past: {made_at: 600}}}
      owed_cents:
        each: {rows: prizes, where: {paid_at: {constant: null}}}
        by: {owner: item.owner}
        value: {derived: sum_of, of: [group, {constant: cents}]}
      secret: {not_judged: it is a secret of the platform}
""".replace("complete: true\n", "what: What people won\n")
)
STARTED = next(event for event in passing().history().events if isinstance(event, RunStarted))
ANNA, BEN = (
    {"id": "1", "owner": "anna", "cents": 70, "paid_at": None},
    {"id": "2", "owner": "ben", "cents": 30, "paid_at": None},
)


def seen() -> Seen:
    return Seen().write(insert("prizes", **ANNA), insert("prizes", **BEN), insert("owners", id="anna", name="Anna A."))


def answered(route: str, answer: Any, *, query: str = "", of: Seen | None = None) -> Statements:
    history = (of or seen()).request(route, answer=answer, query=query).history()
    return answers(Case(history, GOVERNANCE, contract=CONTRACT))


ALL = {
    "prizes": [{"id": "1", "paid_at": None, "name": "Anna A."}, {"id": "2", "paid_at": None, "name": None}],
    "cents": 100,
}
OF_BEN = {"prizes": [{"id": "2", "paid_at": None, "name": None}], "cents": 30}


@pytest.mark.parametrize(("query", "right"), [("", ALL), ("owner=ben", OF_BEN), ("open=yes", {"prizes": ["1", "2"]})])
def test_an_answer_that_says_what_the_rows_are_is_right(query: str, right: Any) -> None:
    found = answered("GET /prizes", right, query=query)
    assert not found.wrong
    assert found.judged["answers"] == 1


@pytest.mark.parametrize(
    ("wrong", "expected"),
    [
        ({**ALL, "cents": 101}, "cents: 100"),
        ({**ALL, "prizes": ALL["prizes"][:1]}, "prizes: a list of 2"),  # type: ignore[index]
        ({**ALL, "prizes": [*reversed(ALL["prizes"])]}, "prizes: 0: id: 1"),  # type: ignore[call-overload]
        ({"prizes": ALL["prizes"]}, "an object with prizes, cents"),
        ({**ALL, "more": 1}, "an object with prizes, cents"),
        ("none", "an object with prizes, cents"),
    ],
)
def test_an_answer_that_says_anything_else_is_found_with_what_it_should_have_said(wrong: Any, expected: str) -> None:
    (one,) = answered("GET /prizes", wrong).wrong
    assert (one.about, one.expected, one.request_id) == ("GET /prizes", expected, "r1")


def test_an_answer_is_about_the_rows_of_its_own_instant() -> None:
    paid = seen().write(update("prizes", id="1", paid_at=minute(1).isoformat()))
    right = {"state": "paid", "at": minute(2).isoformat()}
    assert not answered("GET /prizes/1", right, of=paid).wrong
    (late,) = answered("GET /prizes/1", {**right, "state": "owed"}, of=seen().write(*paid.events[1].changes)).wrong  # type: ignore[attr-defined]
    assert late.expected == "state: paid"


def test_an_answer_may_come_before_or_after_a_transaction_of_the_same_instant() -> None:
    for cents in (100, 30):
        story = seen().request(
            "GET /prizes", answer={"prizes": ALL["prizes"][-1:] if cents == 30 else ALL["prizes"], "cents": cents}
        )  # type: ignore[index]
        exchange = story.events[-1]
        story.write(delete("prizes", id="1"))
        story.events[-1] = story.events[-1].model_copy(update={"at": exchange.at})
        assert not answers(Case(story.history(), GOVERNANCE, contract=CONTRACT)).wrong, cents


COUNTING = contract(
    """
    answers:
      - to: "GET /told"
        body: {document: {events: {derived: length, of: [{happened: delivery}]}}}
    metrics:
      told: {value: {derived: length, of: [{happened: delivery}]}}
"""
)


def told_of_three(*, at: int, **event: Any) -> list[Event]:
    """Three deliveries of one instant, and a statement of the instant ``at`` minutes after them."""
    story = Seen()
    for number in range(3):
        story.request("POST /hook", body={"id": f"evt_{number}"}, actor="stripe")
    story.request("GET /told", **event)
    same = [event.model_copy(update={"at": minute(10)}) for event in story.events[:3]]
    return [*same, story.events[-1].model_copy(update={"at": minute(10 + at)})]


@pytest.mark.parametrize(
    ("events", "at", "right"),
    [(0, 0, True), (1, 0, True), (3, 0, True), (4, 0, False), (2, 1, False), (3, 1, True)],
)
def test_an_answer_may_come_before_or_after_what_happened_in_the_same_instant(
    events: int, at: int, *, right: bool
) -> None:
    case = Case(Seen(events=told_of_three(at=at, answer={"events": events})).history(), GOVERNANCE, contract=COUNTING)
    wrong = answers_of(case, answered_by(case), (), known=None).wrong
    assert (not wrong) is right


@pytest.mark.parametrize(("events", "at", "right"), [(0, 0, True), (2, 0, True), (4, 0, False), (2, 1, False)])
def test_a_scrape_may_come_before_or_after_what_happened_in_the_same_instant(
    events: int, at: int, *, right: bool
) -> None:
    *told, asked = told_of_three(at=at)
    scrape = MetricChange(scrape=1, changes={"up": 1.0, "told": float(events)}).model_copy(update={"at": asked.at})
    started = STARTED.model_copy(update={"at": minute(0)})
    ordered = [event.model_copy(update={"seq": place}) for place, event in enumerate([started, *told, scrape], start=1)]
    case = Case(Seen(events=ordered, whole=False).history(), GOVERNANCE, contract=COUNTING)
    assert (not metrics_of(case, ("told",), (), known=None).wrong) is right


def test_refusals_are_not_judged_and_what_no_rule_is_about_is_counted() -> None:
    story = seen().request("GET /other/7", answer=1).request("GET /prizes", answer="no", status=404)
    story.request("GET /secret", answer="x")
    found = answers(Case(story.history(), GOVERNANCE, contract=CONTRACT))
    assert not found.judged
    assert dict(found.not_judged) == {
        "GET /other/{id}: no rule is about it": 1,
        "GET /secret: it is a secret of the platform": 1,
    }


TRUE = {
    "up": 1.0,
    'prizes{state="owed"}': 2.0,
    'prizes{state="paid"}': 0.0,
    "owed_long": 0.0,
    "paid_lately": 2.0,
    "refused": 0.0,
    'owed_cents{owner="anna"}': 70.0,
    'owed_cents{owner="ben"}': 30.0,
    "other": 5.0,
}


def scraped(
    *scrapes: tuple[int, dict[str, float | None]], of: Contract = CONTRACT, more: Event | None = None, more_at: int = 4
) -> Statements:
    """Scrapes at multiples of the interval, ten minutes; Anna's prize, made at the start, is paid after 20 minutes."""
    made = minute(1).isoformat()
    story = seen()
    story.events[0] = story.events[0].model_copy(update={"at": STARTED.at})
    for number, changes in scrapes:
        story.add(MetricChange(scrape=number, changes=changes))
        story.events[-1] = story.events[-1].model_copy(update={"at": minute(10 * number + 5)})
    story.write(update("prizes", id="1", paid_at=made))
    story.events[-1] = story.events[-1].model_copy(update={"at": minute(20)})
    if more is not None:
        story.add(more)
        story.events[-1] = story.events[-1].model_copy(update={"at": minute(more_at)})
    ordered = sorted(story.events, key=lambda event: event.at)
    story.events[:] = [STARTED, *(event.model_copy(update={"seq": place + 2}) for place, event in enumerate(ordered))]
    story.whole = False
    return metrics(Case(story.history(), GOVERNANCE, contract=of))


PAID = {'prizes{state="owed"}': 1.0, 'prizes{state="paid"}': 1.0, 'owed_cents{owner="anna"}': None}


def test_metrics_that_count_what_was_so_at_each_scrape_are_right() -> None:
    found = scraped((0, TRUE), (2, PAID))
    assert not found.wrong
    assert found.judged["metrics"] == 5 * 3
    assert set(found.not_judged) == {
        "metric other: no rule is about it",
        "metric secret: it is a secret of the platform",
    }


@pytest.mark.parametrize(
    ("first", "last", "about", "expected", "actual"),
    [
        ({'prizes{state="paid"}': 1.0}, {}, 'prizes{state="paid"}', "0", "1"),
        ({'prizes{state="paid"}': None}, {}, 'prizes{state="paid"}', "0", "no such series"),
        ({'prizes{state="lost"}': 1.0}, {}, 'prizes{state="lost"}', "no such series", "1"),
        ({'owed_cents{owner="anna"}': 71.0}, {}, 'owed_cents{owner="anna"}', "70", "71"),
        ({}, {'owed_cents{owner="anna"}': 70.0}, 'owed_cents{owner="anna"}', "no such series", "70"),
        ({"owed_long": 1.0}, {"owed_long": 0.0}, "owed_long", "0", "1"),
        ({"refused": 2.0}, {}, "refused", "1", "2"),
        ({"refused": None}, {}, "refused", "1", "no such series"),
    ],
)
def test_a_metric_that_counts_anything_else_is_found_once(
    first: dict[str, float | None], last: dict[str, float | None], about: str, expected: str, actual: str
) -> None:
    given = {series: value for series, value in {**TRUE, **first}.items() if value is not None}
    (one, *more) = scraped((0, given), (2, {**PAID, **last})).wrong
    assert (one.about, one.expected, one.actual) == (about, expected, actual)
    assert not [each for each in more if each.about == about and each.at <= one.at]


def test_a_change_that_a_metric_does_not_report_is_found_at_the_next_scrape() -> None:
    (owed, paid) = (one for one in scraped((0, TRUE), (2, {'owed_cents{owner="anna"}': None})).wrong)
    assert (owed.about, owed.at, paid.about) == ('prizes{state="owed"}', minute(25), 'prizes{state="paid"}')


def test_a_metric_that_is_wrong_hides_no_change_from_the_others() -> None:
    paid = Transaction(xid=9, changes=(update("prizes", id="2", paid_at=minute(1).isoformat()),))
    both = {'prizes{state="owed"}': 0.0, 'prizes{state="paid"}': 2.0, 'owed_cents{owner="ben"}': None}
    found = scraped((0, {**TRUE, "refused": 2.0}), (2, PAID), (4, both), more=paid, more_at=36)
    assert [one.about for one in found.wrong] == ["refused"]


def test_nothing_is_judged_while_the_page_cannot_be_read() -> None:
    found = scraped((0, {"up": 0.0}))
    assert not found.wrong
    assert not found.judged["metrics"]


def test_a_stored_contract_says_the_same_though_the_order_of_its_names_is_lost() -> None:
    stored = Contract.model_validate(json.loads(json.dumps(CONTRACT.model_dump(mode="json"), sort_keys=True)))
    story = seen().request("GET /prizes/1", answer={"state": "owed", "at": minute(1).isoformat()})
    found = answers(Case(story.history(), GOVERNANCE, contract=stored))
    assert (found.wrong, found.judged["answers"]) == ([], 1)


def test_the_report_for_authors_says_what_was_not_so_and_what_was_not_judged() -> None:
    story = seen().request("GET /prizes", answer={**ALL, "cents": 1}).request("GET /secret", answer="x")
    report = contract_report(story.history(), CONTRACT)
    text = report.text(most=5)
    assert report.exit_code == 1
    assert "1 answers, 0 readings of metrics and 0 lines of the log, 1 not so" in text
    assert "1 x GET /prizes" in text
    assert "expected cents: 100; actual {" in text
    assert "1 x not judged: GET /secret: it is a secret of the platform" in text
    story.whole = False
    assert contract_report(story.history(), CONTRACT).said is None


def test_what_is_counted_in_memory_may_be_less_after_a_restart_and_only_then() -> None:
    less = {**TRUE, "paid_lately": 1.0}
    assert [one.about for one in scraped((0, less), (2, PAID)).wrong] == ["paid_lately"]
    restart = HostingAction(
        service="platform", action="start", detail="", reason="a test", actor="operator", execution_id=None
    )
    assert not scraped((0, less), (2, PAID), more=restart).wrong
    assert [one.about for one in scraped((0, {**less, "paid_lately": 3.0}), (2, PAID), more=restart).wrong] == [
        "paid_lately"
    ]
