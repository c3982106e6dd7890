"""The platform's log against what its contract says of it: right, and wrong in each way."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import pytest

from simulation.checks.conformance.log_lines import log_lines, log_lines_of
from simulation.checks.conformance.statements import Statements
from simulation.checks.evidence.case import Case
from simulation.events import FaultInjected, FaultScheduled, PlatformLog
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.faults.statement_fault import StatementFault
from tests.unit.checks.builder import GOVERNANCE
from tests.unit.checks.conformance.seen import Seen, audited, contract, insert, minute, update

CONTRACT = contract(
    r"""
    tables:
      prizes: {what: What people won}
    log:
      shape: '\[\w+\] (?P<at>\S+) [A-Z]+ .*?(?P<fields>( \w+=("(\\.|[^"\\])*"|[^\s"]*))*)'
      lines:
        - says: "[Prize] ERROR prize doubtful"
          row: prizes
          when: {doubtful: true}
          fields: {id: {given: row.id}}
        - says: "[Prize] INFO prize made"
          row: prizes
          fields:
            id: {given: row.id}
            cents: {given: row.cents}
            reason: {given: audit.reason}
            note: {given: row.note}
        - says: "[Prize] INFO prize {row.state}"
          row: prizes
          op: update
          every: false
          fields: {id: {given: row.id}, by: {one_of: [bank, cheque]}}
        - says: "[Auth] INFO asked"
          for_each: {request: "POST /ask/{what}"}
          within_seconds: 30
          fields: {what: {given: request.path.what}, secret: {free: nobody outside can know it}}
    """
)
MADE = insert("prizes", id="p1", cents=500, note=None, doubtful=False, state="made")
LINE = '[Prize] {at} INFO prize made id=p1 cents=500 reason="won it"'


def line(text: str, at: datetime) -> str:
    return text.replace("{at}", at.isoformat(timespec="milliseconds"))


def judged(seen: Seen, *lines: str) -> Statements:
    if lines:
        seen.add(PlatformLog(lines=lines))
    return log_lines(Case(seen.history(), GOVERNANCE, contract=CONTRACT))


def made() -> Seen:
    return Seen().write(MADE, audited("prize_made", reason="won it"))


def wrong(found: Statements) -> list[tuple[str, str, str]]:
    return [(one.about.removeprefix("log, "), one.expected, one.actual) for one in found.wrong]


def test_a_line_that_says_what_was_done_is_right() -> None:
    found = judged(made(), line(LINE, minute(0)))
    assert found.wrong == []
    assert found.judged["log"] == 1


@dataclass(frozen=True, kw_only=True)
class Lie:
    text: str
    about: str
    expected: str
    actual: str


LIES = {
    "another number": Lie(
        text=LINE.replace("500", "499"), about="[Prize] INFO prize made: cents", expected="500", actual="499"
    ),
    "a field that is gone": Lie(
        text=LINE.replace(" cents=500", ""), about="[Prize] INFO prize made: cents", expected="500",
        actual="no such field",
    ),
    "a field that should not be there": Lie(
        text=LINE + " note=x", about="[Prize] INFO prize made: note", expected="no such field", actual="x"
    ),
    "a field that nobody declared": Lie(
        text=LINE + " card=4242", about="[Prize] INFO prize made: card", expected="no such field", actual="4242"
    ),
    "another text": Lie(
        text=LINE.replace("won it", "took it"), about="[Prize] INFO prize made: reason", expected="won it",
        actual="took it",
    ),
}  # fmt: skip


@pytest.mark.parametrize("lie", LIES)
def test_a_line_that_says_otherwise_is_found(lie: str) -> None:
    told = LIES[lie]
    assert wrong(judged(made(), line(told.text, minute(0)))) == [(told.about, told.expected, told.actual)]


def test_a_line_that_is_not_there_is_found() -> None:
    assert wrong(judged(made(), line("[Auth] {at} INFO other", minute(0)))) == [
        ("[Prize] INFO prize made", "a line that says so", "none")
    ]


def test_a_line_bears_the_second_in_which_a_backend_wrote_it_and_what_its_clock_adds() -> None:
    assert judged(made(), line(LINE, minute(0) + timedelta(milliseconds=499))).wrong == []


@pytest.mark.parametrize("at", [minute(1), minute(0) + timedelta(seconds=1), minute(-60)])
def test_a_line_of_another_instant_is_found(at: datetime) -> None:
    about = [one for one, _, _ in wrong(judged(made(), line(LINE, at)))]
    assert about == ["[Prize] INFO prize made", "[Prize] INFO prize made"]


def test_a_line_about_nothing_is_found() -> None:
    text = line(LINE, minute(0))
    assert wrong(judged(made(), text, text)) == [
        ("[Prize] INFO prize made", "a row or a fact outside that it is about", text)
    ]


def test_the_first_declaration_that_fits_a_row_counts() -> None:
    seen = Seen().write(insert("prizes", id="p2", cents=1, note=None, doubtful=True, state="made"), audited("x"))
    assert judged(seen, line("[Prize] {at} ERROR prize doubtful id=p2", minute(0))).wrong == []


def test_what_need_not_be_said_may_be_said_rightly_only() -> None:
    def paid() -> Seen:
        return made().write(update("prizes", id="p1", state="paid"), audited("prize_paid", id="a2"))

    first = line(LINE, minute(0))
    assert judged(paid(), first).wrong == []
    assert judged(paid(), first, line("[Prize] {at} INFO prize paid id=p1 by=bank", minute(1))).wrong == []
    found = judged(paid(), first, line("[Prize] {at} INFO prize paid id=p1 by=magic", minute(1)))
    assert [one for one, _, _ in wrong(found)] == ["[Prize] INFO prize paid: by"]


def test_a_line_about_a_fact_may_come_as_late_as_is_declared() -> None:
    said = "[Auth] {at} INFO asked what=price secret=x"
    in_time, late = minute(0).replace(second=30), minute(0).replace(second=31)

    def asked() -> Seen:
        return Seen().request("POST /ask/price").write(insert("others", id="o"))

    assert judged(asked(), line(said, in_time)).wrong == []
    assert len(judged(asked(), line(said, late)).wrong) == 2


def test_what_no_rule_is_about_is_counted() -> None:
    found = judged(made(), line(LINE, minute(0)), line("[Auth] {at} WARNING refused", minute(0)), "no line of ours")
    assert found.not_judged == {"[Auth] WARNING refused: no rule is about it": 1, "a line of another shape": 1}


def test_a_line_may_be_lost_with_the_process_that_a_fault_killed() -> None:
    kind = next(name for name, kind in KINDS.items() if issubclass(kind, StatementFault))
    struck = made().add(FaultInjected(fault_id="f", fault_kind=kind, keys={}, detail=""))
    assert judged(struck, line("[Auth] {at} INFO other", minute(0))).wrong == []
    other = made().add(FaultInjected(fault_id="f", fault_kind="webhook_duplicated", keys={}, detail=""))
    assert len(judged(other, line("[Auth] {at} INFO other", minute(0))).wrong) == 1


def test_while_answers_are_slow_a_line_may_come_before_its_request_ends_and_must_come() -> None:
    facts = {"fault_id": "f", "fault_kind": "stripe_slow", "keys": {}, "expectation": "self_heals"}
    slow = FaultScheduled.model_validate({**facts, "starts_at": minute(0), "ends_at": minute(60)})
    early = line(LINE, minute(0) - timedelta(seconds=40))
    assert judged(made(), early).wrong != []
    assert judged(made().add(slow), early).wrong == []
    assert judged(made().add(slow)).wrong != []


def test_some_declarations_alone_give_the_findings_of_these() -> None:
    seen = made().request("POST /ask/price").add(PlatformLog(lines=(line(LINE.replace("500", "1"), minute(0)),)))
    case = Case(seen.history(), GOVERNANCE, contract=CONTRACT)
    whole = wrong(log_lines(case))
    parts = [
        *wrong(log_lines_of(case, (0, 1, 2), known={"prizes", "audit"})),
        *wrong(log_lines_of(case, (3,), known=())),
    ]
    assert sorted(whole) == sorted(parts)
    assert len(whole) == 2


MANY = contract(
    r"""
    tables:
      prizes: {what: What people won}
    log:
      shape: '\[\w+\] (?P<at>\S+) [A-Z]+ .*?(?P<fields>( \w+=("(\\.|[^"\\])*"|[^\s"]*))*)'
      lines:
        - says: "[Prize] ERROR item missing"
          row: prizes
          many: true
          fields: {item: {among: {given: row.missing}}}
        - says: "[Prize] INFO prize made"
          row: prizes
          every: false
          fields: {id: {given: row.id}}
        - says: "[Auth] WARNING refused"
          for_each: {fact: refused, where: {code: unauthorized}}
          fields: {path: {given: refused.path}, user_id: {given: refused.subject}}
    """
)


def judged_many(seen: Seen, *lines: str) -> list[tuple[str, str, str]]:
    seen.add(PlatformLog(lines=tuple(line(text, minute(0)) for text in lines)))
    return wrong(log_lines(Case(seen.history(), GOVERNANCE, contract=MANY)))


ITEM = "[Prize] {at} ERROR item missing item="


def lists_two() -> Seen:
    return Seen().write(insert("prizes", id="p1", missing=["cup", "belt"]), audited("prize_made"))


def test_of_lines_that_may_be_many_all_are_explained_by_one_row_and_none_is_missed() -> None:
    assert judged_many(lists_two(), ITEM + "cup", "[Prize] {at} INFO prize made id=p1", ITEM + "belt") == []
    assert judged_many(lists_two()) == []


def test_one_of_many_that_says_otherwise_is_found_and_so_is_one_without_a_row() -> None:
    ((about, _, actual),) = judged_many(lists_two(), ITEM + "cup", ITEM + "shoe")
    assert (about, actual) == ("[Prize] ERROR item missing: item", "shoe")
    ((about, expected, _),) = judged_many(Seen().write(insert("other", id="o1")), ITEM + "cup")
    assert (about, expected) == ("[Prize] ERROR item missing", "a row or a fact outside that it is about")


def test_whoever_was_refused_stands_in_the_log() -> None:
    def asked(status: int) -> Seen:
        answer = {"error": "unauthorized"}
        seen = Seen().request("GET /admin", status=status, answer=answer, token_subject="u1")
        return seen.write(insert("other", id="o1"))

    told = "[Auth] {at} WARNING refused path=/admin user_id="
    assert judged_many(asked(401), told + "u1") == []
    assert judged_many(asked(401), told + "u2") == [("[Auth] WARNING refused: user_id", "u1", "u2")]
    assert judged_many(asked(401)) == [("[Auth] WARNING refused", "a line that says so", "none")]
    assert judged_many(asked(200), told + "u1") != []
