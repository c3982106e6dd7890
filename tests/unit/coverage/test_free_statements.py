"""What a contract leaves free of answers, metrics and the log need not be noticed, and nothing beside it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from simulation.events import ContractDeclared, Event, MetricChange, PlatformLog
from simulation.history import History
from simulation.proof.coverage.falsehood import Area, Falsehood
from simulation.proof.coverage.free_statements import FreeStatements
from tests.unit.checks.conformance.seen import Seen, contract

CONTRACT = contract(
    r"""
    tables:
      things: {what: Anything}
    answers:
      - to: "GET /page"
        not_judged: a page for people's eyes
      - to: "GET /things/{id}"
        body:
          document:
            name: {constant: it}
            words: {free: the words are the platform's own}
            parts:
              list: {rows: things}
              called: thing
              each: {document: {size: {given: thing.size}, mark: {free: a mark of no meaning}}}
    metrics:
      sessions: {not_judged: known to the server only}
      refused: {value: {constant: 3}, at_most: true}
      things: {value: {constant: 3}}
    log:
      shape: '\[\w+\] (?P<at>\S+) [A-Z]+ .*?(?P<fields>( \w+=\S*)*)'
      lines:
        - {says: "[A] INFO one", row: things, fields: {id: {given: row.id}, detail: {free: the words of a library}}}
        - {says: "[A] INFO many", row: things, many: true, fields: {id: {given: row.id}}}
        - {says: "[A] INFO some", row: things, every: false, fields: {id: {given: row.id}}}
    """
)


def _event(seen: Seen) -> Event:
    return seen.events[-1]


ANSWERED = Seen().request("GET /things/t1", answer={"name": "it", "words": "w", "parts": [{"size": 1, "mark": 2}]})
REFUSED = Seen().request("GET /things/t1", answer={"words": "no"}, status=404)
PAGE = Seen().request("GET /page", answer="<html>")
SCRAPE = Seen().add(MetricChange(scrape=1, changes={"things": 1.0}))
LOG = Seen().add(PlatformLog(lines=("[A] 2026-03-01T00:00:00.000+00:00 INFO one id=1",)))


def reason(event: Event, area: Area, fact: str, *, subject: str = "", kind: str = "null") -> str | None:
    declared = ContractDeclared(document=CONTRACT.model_dump(mode="json", exclude_defaults=True), at=event.at)
    edits: Mapping[int, Event] = {0: event}
    told = Falsehood(area=area, subject=subject, fact=fact, kind=kind, where="", edits=edits)
    return FreeStatements(History([event, declared])).reason(told)


@pytest.mark.parametrize(
    ("seen", "fact", "why"),
    [
        (ANSWERED, ".name", None),
        (ANSWERED, ".words", "the words are the platform's own"),
        (ANSWERED, ".words.inside[].it", "the words are the platform's own"),
        (ANSWERED, ".parts[].size", None),
        (ANSWERED, ".parts[].mark", "a mark of no meaning"),
        (ANSWERED, ".unknown", None),
        (ANSWERED, "(status)", None),
        (REFUSED, ".words", None),
        (PAGE, "(all)", "a page for people's eyes"),
        (PAGE, "(status)", None),
    ],
)
def test_a_place_in_an_answer_is_free_where_its_rule_says_so(seen: Seen, fact: str, why: str | None) -> None:
    assert reason(_event(seen), "answer", fact) == why


@pytest.mark.parametrize(
    ("name", "kind", "why"),
    [
        ("sessions", "plus one", "known to the server only"),
        ("refused", "gone", "the contract knows no more than a bound of it"),
        ("refused", "plus one", None),
        ("things", "gone", None),
        ("unknown", "gone", None),
    ],
)
def test_a_metric_that_is_not_judged_is_free(name: str, kind: str, why: str | None) -> None:
    assert reason(_event(SCRAPE), "metric", "(value)", subject=name, kind=kind) == why


@pytest.mark.parametrize(
    ("says", "fact", "kind", "why"),
    [
        ("[A] INFO one", "detail", "gone", "the words of a library"),
        ("[A] INFO one", "id", "gone", None),
        ("[A] INFO one", "(line)", "left out", None),
        ("[A] INFO many", "(line)", "twice", "the contract says that there may be any number of such lines"),
        ("[A] INFO many", "(line)", "at another time", None),
        (
            "[A] INFO some",
            "(line)",
            "left out",
            "the contract does not say of each of these lines that it must be there",
        ),
        ("[A] INFO else", "(line)", "left out", None),
    ],
)
def test_a_field_or_a_line_of_the_log_is_free_where_its_declaration_says_so(
    says: str, fact: str, kind: str, why: str | None
) -> None:
    assert reason(_event(LOG), "log", fact, subject=says, kind=kind) == why
