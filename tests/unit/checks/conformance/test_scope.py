"""What the paths of a write may begin with: rows of other tables, as they were and as they are."""

from __future__ import annotations

import pytest

from simulation.checks.conformance.scope import MISSING, path_to, same
from tests.unit.checks.builder import GOVERNANCE
from tests.unit.checks.conformance.seen import Seen, audited, contract, delete, insert, told, update

TABLES = """
    tables:
      people: {what: People}
      parts: {what: Parts}
      things:
        writes:
          - name: made
            op: insert
            joins: %s
            columns: {value: %s}
"""


def made(joins: str, rule: str, value: object, *before: object) -> list[str]:
    """What is said of a thing with this value, made in one transaction with two parts, after others."""
    seen = Seen().write(
        insert("people", id="u1", name="Ann", town="Bern"),
        insert("people", id="u2", name="Bob", town="Bern"),
        insert("parts", id="p0", cents=1),
    )
    seen.write(update("people", id="u1", name="Anna"))
    seen.write(
        insert("things", id="t1", owner="u1", value=value),
        update("parts", id="p0", cents=2),
        insert("parts", id="p1", cents=3),
        update("people", id="u2", town="Basel"),
    )
    return told(seen.complaints(contract(TABLES % (joins, rule))))


WRONG = ["values things.value t1"]


@pytest.mark.parametrize(
    ("rule", "right", "wrong"),
    [
        ("{given: with.parts.cents}", 2, 3),
        ("{given: before.parts.cents}", 1, 2),
        ("{given: all.parts.1.cents}", 3, 2),
        ("{derived: length, of: [all.parts]}", 2, 3),
        ("{given: with.people.town}", "Basel", "Bern"),
        ("{given: before.people.town}", "Bern", "Basel"),
        ("{any_of: [{given: with.things.nothing}, {constant: none}]}", "none", "some"),
    ],
)
def test_other_rows_of_the_transaction_are_seen(rule: str, right: object, wrong: object) -> None:
    assert made("{}", rule, right) == []
    assert made("{}", rule, wrong) == WRONG


@pytest.mark.parametrize(
    ("joins", "rule", "right", "wrong"),
    [
        ("{owner: {table: people, where: {id: row.owner}}}", "{given: owner.name}", "Anna", "Ann"),
        ("{other: {table: people, where: {town: {constant: Basel}}}}", "{given: other.name}", "Bob", "Anna"),
        ("{those: {table: people, where: {town: {constant: Bern}}, all: true}}",
         "{derived: column_of, of: [those, {constant: name}]}", ["Anna"], ["Anna", "Bob"]),
        ("{owner: {table: people, where: {id: row.owner}}, same: {table: people, where: {name: owner.name}}}",
         "{given: same.id}", "u1", "u2"),
        ("{nobody: {table: people, where: {id: {constant: u9}}}}",
         "{any_of: [{given: nobody.name}, {constant: none}]}", "none", None),
    ],
)  # fmt: skip
def test_rows_of_other_tables_are_joined_as_they_are_after_the_transaction(
    joins: str, rule: str, right: object, wrong: object
) -> None:
    assert made(joins, rule, right) == []
    assert made(joins, rule, wrong) == WRONG


def test_a_joined_row_may_lead_to_the_fact() -> None:
    by = contract("""
        tables:
          people: {what: People}
          things:
            writes:
              - name: made
                op: insert
                joins: {owner: {table: people, where: {id: row.owner}}}
                for_each: {request: "POST /api/things"}
                match: {owner.name: request.body.name}
    """)
    seen = Seen().write(insert("people", id="u1", name="Ann"), insert("people", id="u2", name="Bob"))
    seen.request("POST /api/things", body={"name": "Ann"})
    assert seen.write(insert("things", id="t1", owner="u1")).complaints(by) == []
    assert told(seen.write(insert("things", id="t2", owner="u2")).complaints(by)) == ["rows things t2"]


def test_a_joined_row_may_follow_from_the_fact() -> None:
    by = contract("""
        tables:
          people: {what: People}
          things:
            writes:
              - name: made
                op: insert
                joins: {asker: {table: people, where: {name: request.body.name}}}
                for_each: {request: "POST /api/things"}
                match: {id: request.answer.id}
                columns: {owner: {given: asker.id}}
    """)
    seen = Seen().write(insert("people", id="u1", name="Ann"))
    seen.request("POST /api/things", body={"name": "Ann"}, answer={"id": "t1"})
    assert seen.write(insert("things", id="t1", owner="u1")).complaints(by) == []
    seen.request("POST /api/things", body={"name": "Ann"}, answer={"id": "t2"})
    assert told(seen.write(insert("things", id="t2", owner="u2")).complaints(by)) == ["values things.owner t2"]


COUNTED = contract("""
    tables:
      parts: {key: [serial]}
      things:
        writes:
          - {name: made, op: insert, columns: {parts: {count: parts, where: {}}}}
""")


def test_rows_that_changed_or_went_are_counted_as_they_are() -> None:
    seen = Seen().write(insert("parts", serial=1), insert("parts", serial=2), insert("parts", serial=3))
    seen.write(update("parts", serial=1, word="new")).write(delete("parts", serial=2))
    assert seen.write(insert("things", id="t1", parts=2)).complaints(COUNTED) == []
    moved = seen.write(update("parts", serial=9).model_copy(update={"key": {"serial": 1}}))
    assert moved.write(insert("things", id="t2", parts=2)).complaints(COUNTED) == []


def test_a_table_that_is_emptied_has_no_rows_left() -> None:
    seen = Seen().write(insert("parts", serial=1)).write(delete("parts").model_copy(update={"op": "truncate"}))
    assert seen.write(insert("things", id="t1", parts=0)).complaints(COUNTED) == []


def test_the_audit_record_of_the_transaction_is_seen() -> None:
    text = TABLES % ("{}", "{given: audit.actor}")
    seen = Seen().write(insert("things", id="t1", value="u1"), audited("made", actor="u1"))
    assert seen.complaints(contract(text)) == []
    assert told(Seen().write(insert("things", id="t1", value="u1")).complaints(contract(text))) == WRONG


def test_columns_are_counted_by_how_they_were_judged() -> None:
    by = contract("""
        tables:
          things:
            writes:
              - name: made
                op: insert
                when: {id: t1}
                columns: {value: {constant: 1}, note: {free: "nobody can know"}}
    """)
    seen = Seen().write(insert("things", id="t1", value=1, note="x", more=2), insert("other", id="o1"))
    seen.write(insert("things", id="t2", value=1, note="x", more=2))

    cells = seen.judged(by, governance=GOVERNANCE).cells

    assert dict(cells) == {
        ("things", "value", "judged"): 1,
        ("things", "note", "free"): 1,
        ("things", "id", "undeclared"): 2,
        ("things", "more", "undeclared"): 2,
        ("things", "value", "undeclared"): 1,
        ("things", "note", "undeclared"): 1,
        ("other", "id", "undeclared"): 1,
    }


@pytest.mark.parametrize(
    ("actual", "expected", "alike"),
    [
        ("2026-03-01 08:00:00+00", "2026-03-01T08:00:00Z", True),
        ("2026-03-01 08:00:00+00", "2026-03-01T09:00:00+01:00", True),
        ("2026-03-01 08:00:00+00", "2026-03-01T08:00:00.001Z", False),
        (1, True, False),
        (0, False, False),
        (1, 1.0, True),
        (None, MISSING, False),
        (MISSING, MISSING, True),
        (["a"], ("a",), True),
        ("a", "A", False),
        ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+13:00", False),
    ],
)
def test_when_two_values_are_the_same(actual: object, expected: object, alike: bool) -> None:
    assert same(actual, expected) is alike


def test_a_path_that_leads_nowhere_finds_nothing() -> None:
    scope = {"a": {"b": [1, None]}}
    assert path_to("a.b.0")(scope) == 1
    assert path_to("a.b.1")(scope) is None
    for path in ("a.c", "a.b.2", "a.b.x", "a.b.1.d", "z"):
        assert path_to(path)(scope) is MISSING
