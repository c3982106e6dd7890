"""Every kind of rule: a value that it accepts, and values that it does not."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
import yaml

from simulation.contract.rules import kinds
from simulation.documents.canonical import canonical_sha256
from simulation.events import FaultInjected
from tests.unit.checks.conformance.seen import Seen, audited, contract, insert, minute, told, update

ITEMS = [{"id": "a", "n": 1}, {"id": "b", "n": 2}]
BODY = {
    "name": "Ann",
    "names": ["Ann", "Bob"],
    "cents": 500,
    "items": ITEMS,
    "from": "2026-03-01T08:00:00+00:00",
    "unix": 1772352000,  # the same instant in seconds
}
DOCUMENT = {"name": "Ann", "items": [1, 2], "note": "any"}
DOCUMENT_RULE = """{document: {name: {given: request.body.name}, note: {free: nobody can know what it says},
    items: {list: request.body.items, called: item, each: {given: item.n}}}}"""
COMMITTED = minute(1).isoformat()


def hashed(document: Any) -> dict[str, Any]:
    """How the witness of the write-ahead log keeps a large document."""
    return {"sha256": canonical_sha256(document), "characters": 100}


CASES: list[tuple[str, list[Any], list[Any]]] = [
    ("{given: request.body.name}", ["Ann"], ["Bob", "", None, 0, ["Ann"]]),
    ("{given: request.body.cents}", [500], [501, "500", True, None]),
    ("{given: request.body.items}", [ITEMS, hashed(ITEMS)], [ITEMS[:1], ITEMS[::-1], hashed(ITEMS[:1])]),
    ("{given: request.body.items.1.id}", ["b"], ["a", None]),
    ("{given: request.body.missing}", [], ["Ann", None]),
    ("{given: request.path.color}", ["red"], ["blue"]),
    ("{given: request.subject}", ["u1"], ["u2"]),
    ("{given: audit.actor}", ["system"], ["u1"]),
    ("{given: transaction.xid}", [2], [1, 3]),
    ("{given: with.parts.id}", ["p1"], ["p2"]),
    ("{given: owner.email}", ["ann@example.com"], ["bob@example.com"]),
    ("{derived: lower, of: [request.body.name]}", ["ann"], ["Ann", None]),
    ("{derived: lower, of: [request.body.cents]}", [], ["500", None]),
    ("{derived: plus, of: [request.body.cents, {constant: 1}]}", [501], [500, 502]),
    ("{derived: first_set, of: [request.body.missing, row.id]}", ["t1"], [None]),
    ("{derived: column_of, of: [all.parts, {constant: cents}]}", [[2, 3]], [[3, 2], [2], None]),
    ("{text: 'thing:{row.id}:{request.body.name}'}", ["thing:t1:Ann"], ["thing:t1:ann", "thing:t1:Ann ", None]),
    ("{text: 'thing:{request.body.missing}'}", [], ["thing:", "thing:nothing to be found", "thing:None"]),
    ("{count: parts, where: {thing: row.id}}", [2], [1, 3, "2", None]),
    ("{count: parts, where: {thing: row.id, cents: {constant: 3}}}", [1], [2]),
    ("{count: parts, where: {thing: {constant: none}}}", [0], [2]),
    ("{sum: parts.cents, where: {thing: row.id}}", [5], [2, 6, None]),
    ("{instant: commit}", [COMMITTED, "2026-03-01 00:01:00+00", "2026-03-01 00:01:00.499999+00"],
     [minute(0).isoformat(), "2026-03-01 00:00:59.999999+00", "2026-03-01 00:01:01+00", "2026-03-01", None]),
    ("{instant: request.at}", [minute(2).isoformat()], [COMMITTED]),
    ("{instant: request.body.from, plus_seconds: 60}", ["2026-03-01T08:01:00Z"], [BODY["from"], None]),
    ("{instant: request.body.unix, within_seconds: 60}", [BODY["from"], "2026-03-01T08:01:00Z"],
     ["2026-03-01T07:59:59Z", "2026-03-01T08:01:01Z"]),
    ("{instant: request.body.name}", [], [COMMITTED, "Ann"]),
    ("{refers: parts.id}", ["p1", "p2"], ["p9", "t1", None]),
    ("{refers: parts.id, same: {owner: owner}}", ["p1"], ["p2"]),
    ("{state: NEW, after: [null]}", ["NEW"], ["OLD", None]),
    ("{state: NEW, after: [OLD]}", [], ["NEW"]),
    ("{constant: USD}", ["USD"], ["usd", None]),
    ("{constant: null}", [None], ["", 0, False]),
    ("{constant: false}", [False], [True, 0, None]),
    ("{one_of: [A, B]}", ["A", "B"], ["C", None]),
    ("{among: request.body.names}", ["Ann", "Bob"], ["Cat", "An", None]),
    ("{among: request.body.name}", [], ["Ann", "A"]),
    ("{words: [made, '{request.body.name}']}", ["Made by Ann", "ann MADE it"], ["made", "Ann", "", None]),
    ("{words: ['{request.body.missing}']}", [], ["nothing to be found", "made"]),
    (DOCUMENT_RULE, [DOCUMENT, {**DOCUMENT, "note": None}, hashed("it leaves a part free")],
     [{**DOCUMENT, "name": "Bob"}, {**DOCUMENT, "items": [2, 1]}, {**DOCUMENT, "more": 1}, {"name": "Ann"}, None]),
    ("{document: {n: {constant: 1}}}", [{"n": 1}, hashed({"n": 1})], [{"n": 2}, hashed({"n": 2}), {}]),
    ("{list: request.body.items, called: item, each: {document: {id: {given: item.id}}}}",
     [[{"id": "a"}, {"id": "b"}]], [[{"id": "a"}], [{"id": "b"}, {"id": "a"}], [], None]),
    ("{object: request.body.items, called: item, key: item.id, each: {given: item.n}}",
     [{"a": 1, "b": 2}], [{"a": 1}, {"a": 1, "b": 3}, {"a": 1, "b": 2, "c": 3}, None]),
    ("{mapped: request.body.name, to: {Ann: FIRST}}", ["FIRST"], ["Ann", None]),
    ("{mapped: request.body.name, to: {Bob: SECOND}}", [], ["SECOND", "Ann", None]),
    ("{found: users.email, where: {id: row.owner}}", ["ann@example.com"], ["bob@example.com", None]),
    ("{found: users.email, where: {id: {constant: u9}}}", [None], ["ann@example.com"]),
    ("{rows: users, where: {id: row.owner}}", [[{"id": "u1", "email": "ann@example.com"}]], [[], None, "u1"]),
    ("{when: row.owner, then: {constant: A}, otherwise: {constant: B}}", ["A"], ["B", None]),
    ("{when: {count: parts, where: {id: {constant: p9}}}, then: {constant: A}, otherwise: {one_of: [B, C]}}",
     ["B", "C"], ["A", None]),
    ("{happened: admin}", [[]], [["an admin"], None]),
    ("{sha256: request.body.sha256}", [DOCUMENT, hashed(DOCUMENT)], [{}, "Ann", None]),
    ("{asked: ['POST /api/things/{color}']}", ["r1"], ["r0", "r2", "r3", None]),
    ("{caller: row.asked_by, otherwise: nobody}", ["u1"], ["u2", "nobody"]),
    ("{caller: row.id, otherwise: nobody}", ["nobody"], ["u1", None]),
    ("{composed: 'job:{name}:{at}', parts: {name: {one_of: [a, b]}, at: {instant: commit}}}",
     [f"job:a:{COMMITTED}"], [f"job:c:{COMMITTED}", "job:a:never", "job:a", None]),
    ("{any_of: [{constant: null}, {given: request.body.name}]}", [None, "Ann"], ["Bob", ""]),
    ("{free: nobody outside can know it}", ["x", None, 7], []),
]  # fmt: skip
ACCEPTED = [(rule, value) for rule, right, _ in CASES for value in right]
REFUSED = [(rule, value) for rule, _, wrong in CASES for value in wrong]
CONTRACT = """
    tables:
      users: {what: People}
      parts: {what: What things are made of}
      things:
        writes:
          - name: made
            op: insert
            joins: {owner: {table: users, where: {id: row.owner}}}
            for_each: {request: "POST /api/things/{color}"}
            match: {id: request.answer.id}
            columns: {value: %s}
"""


def made(value: Any) -> Seen:
    """A thing with this value, made of two parts, for a request that was answered afterwards."""
    seen = Seen().write(
        insert("users", id="u1", email="ann@example.com"), insert("users", id="u2", email="bob@example.com")
    )
    seen.write(
        insert("things", id="t1", owner="u1", asked_by="r1", value=value),
        insert("parts", id="p1", thing="t1", cents=2, owner="u1"),
        insert("parts", id="p2", thing="t1", cents=3, owner="u2"),
        audited("thing_made"),
    )
    body = {**BODY, "sha256": canonical_sha256(DOCUMENT)}
    seen.request("POST /api/things/red", body=body, answer={"id": "t1"}, token_subject="u1")
    return seen.request("GET /api/things/red")


@pytest.mark.parametrize(("rule", "value"), ACCEPTED)
def test_a_value_that_is_as_its_rule_says_is_accepted(rule: str, value: Any) -> None:
    assert made(value).complaints(contract(CONTRACT % rule)) == []


@pytest.mark.parametrize(("rule", "value"), REFUSED)
def test_a_value_that_is_not_as_its_rule_says_is_told(rule: str, value: Any) -> None:
    (complaint,) = made(value).complaints(contract(CONTRACT % rule))

    assert (complaint.table, complaint.column, complaint.row, complaint.write) == ("things", "value", "t1", "made")
    assert complaint.transaction is not None
    assert complaint.transaction.xid == 2
    assert complaint.expected
    assert "object at 0x" not in complaint.expected + complaint.actual


KIND_OF_COMPLAINT = {"instant": "instants", "state": "states", "words": "words"}


@pytest.mark.parametrize("rule", sorted({rule for rule, _ in REFUSED}))
def test_a_complaint_is_of_the_kind_of_its_rule(rule: str) -> None:
    wrong = next(value for each, value in REFUSED if each == rule)
    (complaint,) = made(wrong).complaints(contract(CONTRACT % rule))
    kind = next(word for word in yaml.safe_load(rule) if word in kinds())
    assert complaint.kind == KIND_OF_COMPLAINT.get(kind, "values")


def test_every_kind_of_rule_has_been_tried() -> None:
    tried = {word for rule, _, _ in CASES for word in yaml.safe_load(rule)}
    assert set(kinds()) - tried == {"identity", "unchanged"}, "both are tried below"


UPDATED = """
    tables:
      things:
        writes:
          - {name: changed, op: update, columns: {value: %s}}
"""


def changed(before: Any, after: Any) -> Seen:
    return Seen().write(insert("things", id="t1", value=before)).write(update("things", id="t1", value=after))


@pytest.mark.parametrize(
    ("rule", "before", "after", "right"),
    [
        ("{unchanged: true}", "x", "x", True),
        ("{unchanged: true}", "x", "y", False),
        ("{unchanged: true}", None, None, True),
        ("{unchanged: true}", "x", None, False),
        ("{state: PAID, after: [NEW, OPEN]}", "NEW", "PAID", True),
        ("{state: PAID, after: [NEW, OPEN]}", "OPEN", "PAID", True),
        ("{state: PAID, after: [NEW, OPEN]}", "PAID", "PAID", False),
        ("{state: PAID, after: [NEW, OPEN]}", "NEW", "OPEN", False),
        ("{state: PAID, after: [NEW, OPEN]}", None, "PAID", False),
        ("{derived: plus, of: [old.value, {constant: 1}]}", 1, 2, True),
        ("{derived: plus, of: [old.value, {constant: 1}]}", 1, 3, False),
    ],
)
def test_a_rule_may_speak_of_the_row_before(rule: str, before: Any, after: Any, right: bool) -> None:
    complaints = changed(before, after).complaints(contract(UPDATED % rule))
    assert [complaint.column for complaint in complaints] == ([] if right else ["value"])


NAMED = """
    tables:
      things:
        writes:
          - {name: made, op: insert, columns: {name: %s}}
"""


@pytest.mark.parametrize(
    ("rule", "transactions", "wrong"),
    [
        ("{identity: unique}", [["a"], ["b"], ["c"]], []),
        ("{identity: unique}", [["a"], ["b"], ["a"]], ["3"]),
        ("{identity: unique}", [["a", "a"]], ["2"]),
        ("{identity: unique}", [[None]], ["1"]),
        ("{identity: unique}", [[["a"]], [["a"]]], ["2"]),
        ("{identity: ascending}", [[1], [5], [6]], []),
        ("{identity: ascending}", [[1], [5], [4]], ["3"]),
        ("{identity: ascending}", [[1], [1]], ["2"]),
        ("{identity: ascending}", [["one"]], ["1"]),
        ("{identity: shared}", [["a", "a"], ["b", "b"]], []),
        ("{identity: shared}", [["a", "a"], ["a"]], ["3"]),
        ("{identity: shared}", [["a", "b"]], ["2"]),
        ("{identity: shared, by: [side]}", [["a", "b", "a", "b"]], []),
        ("{identity: shared, by: [side]}", [["a", "a"]], ["2"]),
    ],
)
def test_names_that_the_platform_makes_up_tell_rows_apart(rule: str, transactions: Any, wrong: list[str]) -> None:
    seen, number = Seen(), 0
    for names in transactions:
        rows = [insert("things", id=number + at, name=name, side=at % 2) for at, name in enumerate(names, start=1)]
        seen.write(*rows)
        number += len(names)

    complaints = seen.complaints(contract(NAMED % rule))

    assert told(complaints) == [f"identities things.name {row}" for row in wrong]


def test_transactions_that_were_open_at_once_commit_in_any_order() -> None:
    """A sequence gives its numbers in the order of asking."""
    rule = contract(NAMED % "{identity: ascending}")

    def judged(*numbers: int, seconds: int) -> list[str]:
        seen = Seen()
        for at, number in enumerate(numbers):
            seen.write(insert("things", id=number, name=number, side=0))
            seen.events[-1] = seen.events[-1].model_copy(update={"at": minute(0) + timedelta(seconds=seconds * at)})
        return told(seen.complaints(rule))

    assert judged(1, 3, 2, 4, seconds=0) == []
    assert judged(1, 3, 2, 4, seconds=5) == []
    assert judged(1, 3, 2, 4, seconds=6) == ["identities things.name 2"]


def test_a_rule_of_a_column_that_the_rows_do_not_have_is_told() -> None:
    complaints = Seen().write(insert("things", id="t1")).complaints(contract(NAMED % "{constant: null}"))
    assert [complaint.expected for complaint in complaints] == ["a column of this name"]


@pytest.mark.parametrize(
    ("kind", "began", "right"),
    [("two_at_once", 0, True), ("two_at_once", -1, False), ("two_at_once", 31, False), ("transfer_error", 0, False)],
)
def test_what_was_held_open_bears_the_instant_at_which_it_began(kind: str, began: int, *, right: bool) -> None:
    """PostgreSQL's now() is the start of the transaction; it was committed half a minute after the two met."""
    rule = contract(NAMED % "{instant: commit}")
    met = FaultInjected(fault_id="f", fault_kind=kind, keys={}, detail="").model_copy(
        update={"seq": 1, "at": minute(1)}
    )
    at = minute(1) + timedelta(seconds=began)
    seen = Seen(events=[met]).write(insert("things", id=1, name=at.isoformat(), side=0))
    seen.events[-1] = seen.events[-1].model_copy(update={"at": minute(1) + timedelta(seconds=30)})
    assert (told(seen.complaints(rule)) == []) is right
