"""Rows and the facts that they answer: missing, extra, repeated; and which write a change is."""

from __future__ import annotations

from typing import Any

import pytest

from simulation.checks.evidence.case import CannotTell
from tests.unit.checks.builder import GOVERNANCE
from tests.unit.checks.conformance.seen import Seen, audited, contract, delete, insert, told, update

ORDERS = """
    tables:
      orders:
        complete: true
        writes:
          - name: ordered
            op: insert
            for_each: {request: "POST /api/orders"%s}
            match: {id: request.answer.id}%s
            columns:
              id: {identity: unique}
              cents: {given: request.body.cents}
"""
ORDERED = contract(ORDERS % ("", ""))


def ask(seen: Seen, id: str, cents: int, **other: Any) -> Seen:
    return seen.request("POST /api/orders", body={"cents": cents}, answer={"id": id}, **other)


def order(seen: Seen, id: str, cents: int) -> Seen:
    return seen.write(insert("orders", id=id, cents=cents))


def both(seen: Seen, id: str, cents: int) -> Seen:
    return ask(order(seen, id, cents), id, cents)


# --- facts and rows -------------------------------------------------------------------------------------------------


def test_each_fact_with_its_row_is_right() -> None:
    found = both(both(Seen(), "a", 5), "b", 6).judged(ORDERED)
    assert found.complaints == []
    assert (found.judged["rows"], found.judged["values"], found.judged["identities"]) == (2, 2, 2)


def test_a_fact_without_a_row_is_told() -> None:
    (complaint,) = ask(both(Seen(), "a", 5), "b", 6).complaints(ORDERED)
    assert told([complaint]) == ["rows orders"]
    assert complaint.expected == "a row for the request of 2026-03-01 00:02:00"
    assert complaint.actual == "none, for id b"


def test_a_fact_of_a_write_that_never_happened_is_told() -> None:
    seen = ask(Seen().write(insert("other", id="x")), "b", 6)
    assert told(seen.complaints(ORDERED)) == ["rows orders"]


def test_a_row_without_a_fact_is_told() -> None:
    (complaint,) = order(both(Seen(), "a", 5), "b", 6).complaints(ORDERED)
    assert told([complaint]) == ["rows orders b"]
    assert (complaint.expected, complaint.actual) == ("a request that it answers", "none, for id b")


def test_one_fact_answers_one_row_only() -> None:
    assert told(order(both(Seen(), "a", 5), "a", 5).complaints(ORDERED)) == ["rows orders a"]


def test_two_facts_alike_answer_two_rows() -> None:
    seen = both(Seen(), "a", 5)
    assert told(ask(seen, "a", 5).complaints(ORDERED)) == ["rows orders"]


def test_a_request_that_was_refused_is_no_fact() -> None:
    seen = ask(both(Seen(), "a", 5), "b", 6, status=409)
    assert seen.complaints(ORDERED) == []
    assert told(order(seen, "b", 6).complaints(ORDERED)) == ["rows orders b"]


def test_a_status_may_be_named_without_which_nothing_must_be_written() -> None:
    by = contract(ORDERS % (", status: [200, 504]", ""))
    asked = ask(both(Seen(), "a", 5), "b", 6, status=504)
    assert asked.complaints(by) == []
    assert order(asked, "b", 6).complaints(by) == []


def test_every_false_needs_no_row_but_allows_none_without_a_fact() -> None:
    by = contract(ORDERS % ("", "\n            every: false"))
    assert ask(both(Seen(), "a", 5), "b", 6).complaints(by) == []
    assert told(order(both(Seen(), "a", 5), "b", 6).complaints(by)) == ["rows orders b"]


def test_repeated_facts_take_one_row_or_more() -> None:
    text = ORDERS.replace("{identity: unique}", "{given: request.answer.id}")
    by = contract(text % ("", "\n            repeated: true"))
    assert order(both(Seen(), "a", 5), "a", 5).complaints(by) == []
    assert told(ask(both(Seen(), "a", 5), "b", 6).complaints(by)) == ["rows orders"]


def test_of_facts_alike_in_a_field_only_the_first_counts() -> None:
    by = contract(ORDERS % (", distinct: idempotency_key", ""))
    first = order(ask(Seen(), "a", 5, idempotency_key="k"), "a", 5)
    assert ask(first, "a", 6, idempotency_key="k").complaints(by) == []
    assert told(ask(first, "b", 6, idempotency_key="l").complaints(by)) == ["rows orders"]


def test_facts_without_the_field_are_not_alike() -> None:
    by = contract(ORDERS % (", distinct: idempotency_key", ""))
    assert both(both(Seen(), "a", 5), "b", 6).complaints(by) == []


def test_a_fact_that_is_answered_when_it_comes_again_must_leave_its_row() -> None:
    by = contract(ORDERS % (", status: [200, 504], distinct: idempotency_key", ""))
    failed = ask(both(Seen(), "x", 1), "a", 5, status=504, idempotency_key="k")
    assert failed.complaints(by) == []
    assert told(ask(failed, "a", 5, idempotency_key="k").complaints(by)) == ["rows orders"]


def test_only_facts_with_the_fields_of_where_count() -> None:
    by = contract(ORDERS % (", where: {actor: organizer}", ""))
    assert told(both(Seen(), "a", 5).complaints(by)) == ["rows orders a"]


def test_values_that_are_not_there_do_not_match_each_other() -> None:
    text = ORDERS.replace("{id: request.answer.id}", "{note: request.answer.note}")
    by = contract(text.replace("complete: true", "complete: false") % ("", ""))
    assert told(both(Seen(), "a", 5).complaints(by)) == ["rows orders a", "rows orders"]


# --- which write a change is ------------------------------------------------------------------------------------------

WRITES = """
    tables:
      notes: {what: Whatever is noted}
      things:
        writes:
          - {name: by action, op: insert, actions: [made], columns: {word: {constant: made}}}
          - {name: by value, op: insert, when: {kind: [a, b]}, columns: {word: {constant: ab}}}
          - {name: by company, op: insert, touching: {notes: true}, columns: {word: {constant: noted}}}
          - {name: alone, op: insert, touching: {notes: false}, columns: {word: {constant: alone}}}
          - {name: opened, op: update, before: {word: made}, columns: {word: {constant: opened}}}
          - {name: gone, op: delete, when: {word: old}, columns: {word: {constant: new}}}
"""


def which(seen: Seen) -> list[str]:
    """The writes that the changes of ``things`` are, told by a rule that none of their values fits."""
    return [complaint.write for complaint in seen.complaints(contract(WRITES))]


def test_the_first_write_that_fits_is_the_one_that_counts() -> None:
    thing = insert("things", id="1", kind="a", word="?")
    note = insert("notes", id="1")
    assert which(Seen().write(thing, note, audited("made"))) == ["by action"]
    assert which(Seen().write(thing, note, audited("another"))) == ["by value"]
    assert which(Seen().write(insert("things", id="1", kind="c", word="?"), note)) == ["by company"]
    assert which(Seen().write(insert("things", id="1", kind="c", word="?"))) == ["alone"]


def test_the_row_before_says_which_update_it_is() -> None:
    made = insert("things", id="1", word="made")
    assert which(Seen().write(made, audited("made")).write(update("things", id="1", word="?"))) == ["opened"]
    other = insert("things", id="1", word="alone")
    assert which(Seen().write(other).write(update("things", id="1", word="?"))) == []


def test_actions_need_a_target_that_says_where_they_are() -> None:
    seen = Seen().write(insert("things", id="1", word="?"))
    by = contract(WRITES)
    for left_out, said in (({"audit_columns": {}}, "audit_columns.action"), ({"audit_table": ""}, "audit_table")):
        with pytest.raises(CannotTell, match=f"does not declare {said}"):
            seen.judged(by, governance=GOVERNANCE.model_copy(update=left_out))


# --- complete tables, updates, deletes --------------------------------------------------------------------------------

COMPLETE = """
    tables:
      things:
        complete: %s
        writes:
          - name: made
            op: insert
            when: {word: made}
            columns: {id: {identity: unique}, word: {constant: made}, n: {constant: 1}}
          - {name: opened, op: update, when: {word: open}, columns: {word: {constant: open}}}
"""


def test_a_complete_table_allows_no_other_insert_and_no_other_update() -> None:
    seen = Seen().write(insert("things", id="1", word="else", n=1)).write(update("things", id="1", word="shut"))

    complaints = seen.complaints(contract(COMPLETE % "true"))

    assert told(complaints) == ["rows things 1", "rows things 1"]
    assert {complaint.expected for complaint in complaints} == {"a write that the contract declares"}
    assert seen.complaints(contract(COMPLETE % "false")) == []


def test_a_complete_table_allows_no_column_without_a_rule() -> None:
    seen = Seen().write(insert("things", id="1", word="made", n=1, more=2))
    (complaint,) = seen.complaints(contract(COMPLETE % "true"))
    assert (complaint.column, complaint.expected) == ("more", "a rule for this column")
    assert seen.complaints(contract(COMPLETE % "false")) == []


def test_an_update_changes_nothing_more_than_it_declares() -> None:
    made = Seen().write(insert("things", id="1", word="made", n=1))
    assert made.write(update("things", id="1", word="open")).complaints(contract(COMPLETE % "true")) == []

    made.write(update("things", id="1", word="open", n=2))

    (complaint,) = made.complaints(contract(COMPLETE % "true"))
    assert (complaint.column, complaint.expected, complaint.actual) == ("n", "unchanged: 1", "2")
    assert made.complaints(contract(COMPLETE % "false")) == []


def test_a_row_that_goes_is_no_complaint_unless_a_write_says_more_of_it() -> None:
    seen = Seen().write(insert("things", id="1", word="made", n=1)).write(delete("things", id="1"))
    assert seen.complaints(contract(COMPLETE % "true")) == []
    gone = Seen().write(insert("things", id="1", word="old", kind="c"), insert("notes", id="1"))
    assert which(gone.write(delete("things", id="1"))) == ["by company", "gone"]


def test_a_row_that_came_with_the_schema_is_judged_as_far_as_it_is_known() -> None:
    seen = Seen().write(update("things", id="1", word="open"))
    by = contract(COMPLETE.replace("{constant: open}}", "{constant: open}, n: {constant: 1}}") % "false")
    assert seen.complaints(by) == []


# --- a history that breaks off ----------------------------------------------------------------------------------------


def test_of_a_history_that_breaks_off_no_row_is_missed() -> None:
    seen = ask(both(Seen(whole=False), "a", 5), "b", 6)
    assert seen.complaints(ORDERED) == []


ASKED = """
    tables:
      things:
        writes:
          - {name: made, op: insert, columns: {asked: {asked: [POST /a]}, by: {caller: row.asked, otherwise: nobody}}}
"""


def test_a_request_may_have_been_answered_after_the_history_breaks_off() -> None:
    row = insert("things", id="1", asked="r9", by="u1")
    assert Seen(whole=False).write(row).complaints(contract(ASKED)) == []
    assert [each.column for each in Seen().write(row).complaints(contract(ASKED))] == ["asked", "by"]


def test_what_is_there_of_a_history_that_breaks_off_is_judged() -> None:
    seen = ask(order(Seen(whole=False), "a", 5), "a", 7)
    assert told(seen.complaints(ORDERED)) == ["values orders.cents a"]


def test_a_request_that_was_answered_before_the_row_was_written_did_not_ask_for_it() -> None:
    seen = Seen().request("POST /a").write(insert("things", id="1", asked="r1", by="nobody"))
    assert [each.column for each in seen.complaints(contract(ASKED))] == ["asked"]


# --- rows that were there before ------------------------------------------------------------------------------------

_CHANGED = """
    tables:
      orders:
        complete: true%s
        writes:
          - name: paid
            op: update
            columns: {cents: {constant: 5}}
"""


def test_an_update_of_a_row_that_nobody_inserted_is_told() -> None:
    (complaint,) = Seen().write(update("orders", id="a", cents=5)).complaints(contract(_CHANGED % ""))
    assert (complaint.kind, complaint.row) == ("rows", "a")
    assert complaint.actual == "nobody inserted it"


def test_rows_may_stand_in_a_seeded_table_before_the_run() -> None:
    seeded = contract(_CHANGED % "\n        seeded: true")
    assert "rows orders" not in told(Seen().write(update("orders", id="a", cents=5)).complaints(seeded))


_NAMED = contract(
    """
    tables:
      orders:
        complete: true
        writes:
          - {name: made, op: insert, columns: {id: {identity: unique}}}
    """
)
_ONE, _TWO = "11111111-1111-4111-8111-111111111111", "22222222-2222-4222-8222-222222222222"


@pytest.mark.parametrize(("first", "second"), [(_ONE, _TWO[:9]), (_ONE[:9], _TWO), (_ONE, "")])
def test_a_name_of_another_form_is_told(first: str, second: str) -> None:
    seen = Seen().write(insert("orders", id=first)).write(insert("orders", id=second))
    assert told(seen.complaints(_NAMED)) == [f"identities orders.id {second}".strip()]


def test_names_of_one_form_are_right() -> None:
    assert Seen().write(insert("orders", id=_ONE)).write(insert("orders", id=_TWO)).complaints(_NAMED) == []
