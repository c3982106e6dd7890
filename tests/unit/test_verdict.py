"""The verdict: criteria in the specification's words, decided by checks; fail outranks unknown."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

import pytest

from simulation.checks.catalogue import CHECKS
from simulation.checks.contract import CONTRACT_CHECKS
from simulation.checks.criteria import RULES
from simulation.checks.verdict import Verdict, judge
from simulation.events import AccessProbe, Exchange, RunStarted, Sample, StripeCall, StripeMovement, WitnessSummary
from simulation.history import History, line_of
from tests.unit.checks.builder import Book, day
from tests.unit.checks.story import passing
from tests.unit.checks.story_money import movement


def _outcomes(verdict: Verdict) -> Counter[str]:
    return Counter(criterion.outcome for criterion in verdict.criteria)


def test_every_check_decides_some_criterion() -> None:
    assert {check.name for check in CHECKS} == {name for rule in RULES for name in rule.checks}


def test_every_criterion_has_its_own_text_and_checks() -> None:
    assert all(rule.checks for rule in RULES)
    assert len({(rule.section, rule.text) for rule in RULES}) == len(RULES)


def test_every_line_of_the_specification_is_there() -> None:
    """8 success and 8 failure criteria, 6 + 5 + 5 checklist lines, 7 constraints, 8 + 11 completion criteria of 06C."""
    counts = Counter(rule.section for rule in RULES)

    assert counts == {
        "success": 8, "failure": 8, "before": 6, "during": 5, "after": 5, "constraint": 7, "completion": 19,
    }  # fmt: skip


def test_a_sound_history_passes() -> None:
    verdict = judge(passing().history())

    assert (verdict.outcome, verdict.exit_code) == ("pass", 0)
    assert not [finding for result in verdict.results for finding in result.findings]
    of_a_contract = {check.name for check in CONTRACT_CHECKS}  # this target declares none
    assert [
        criterion.text
        for criterion in verdict.criteria
        if criterion.outcome == "not_verified" and of_a_contract.isdisjoint(criterion.checks)
    ] == [
        "All Iteration 06B runbooks are tested in staging (at least once per procedure)",
        "Postmortem review completed (what went wrong, what worked)",
    ]
    assert set(_outcomes(verdict)) == {"pass", "not_verified"}


def test_the_digest_is_the_historys() -> None:
    history = passing().history()

    assert judge(history).digest == history.digest()
    assert judge(History(history.events[:-1])).digest != history.digest()


def test_a_paid_twice_prize_fails_exactly_once_and_reconciliation_by_name() -> None:
    book = passing()
    movement(book, "transfer", "tr_again", -1_800, day(5, 11), destination="acct_ann", user_id="ann")

    verdict = judge(book.history())

    assert (verdict.outcome, verdict.exit_code) == ("fail", 1)
    failed = {result.check for result in verdict.results if result.outcome == "fail"}
    assert failed >= {"exactly_once", "three_way_reconciliation"}
    winners = next(item for item in verdict.criteria if item.text.startswith("All winners paid out correctly"))
    assert winners.outcome == "fail"


def test_fail_outranks_unknown() -> None:
    book = passing()
    book.drop(WitnessSummary, witness="exchange")
    book.edit(Sample, {}, reported="something else")

    verdict = judge(book.history())

    assert (verdict.outcome, verdict.exit_code) == ("fail", 1)
    assert _outcomes(verdict)["unknown"] > 0


@pytest.mark.parametrize(
    "spoil",
    [
        lambda book: book.drop(WitnessSummary),
        lambda book: book.drop(AccessProbe),
        lambda book: book.observe("postings", lambda rows: None),
        lambda book: book.writes.clear(),
        lambda book: book.drop(RunStarted),
    ],
    ids=["witnesses", "probes", "ledger", "write-ahead log", "beginning"],
)
def test_missing_evidence_never_passes(spoil: Any) -> None:
    book: Book = passing()
    spoil(book)

    assert judge(book.history()).exit_code in (1, 2)
    assert judge(book.history()).outcome != "pass"


@pytest.mark.parametrize("cut", [0, 1, 30, 90, -1])
def test_a_history_that_breaks_off_is_unknown(cut: int) -> None:
    verdict = judge(passing().history(cut=cut))

    assert (verdict.outcome, verdict.exit_code) == ("unknown", 2)
    assert set(_outcomes(verdict)) == {"unknown"}


def test_a_criterion_names_checks_that_stand_in_the_results() -> None:
    verdict = judge(passing().history())

    assert {name for item in verdict.criteria for name in item.checks} == {result.check for result in verdict.results}


def test_it_survives_verdict_json() -> None:
    book = passing()
    book.drop(StripeMovement, source_id="tr_ann")
    book.drop(StripeCall)
    verdict = judge(book.history())

    assert Verdict.from_json(verdict.to_json()) == verdict


def test_verdict_json_says_by_id_what_a_finding_is_about() -> None:
    book = passing()
    book.drop(StripeMovement, source_id="tr_ann")
    results = {result["check"]: result for result in json.loads(judge(book.history()).to_json())["results"]}

    (finding,) = results["three_way_reconciliation"]["findings"]
    assert finding["keys"] == {"contest_id": "C1", "user_id": "ann"}
    assert finding["amount_cents"] == 1_800


def test_a_stored_history_gives_the_same_verdict(tmp_path: Any) -> None:
    history = passing().history()
    file = tmp_path / "history.jsonl"
    file.write_text("".join(line_of(event) + "\n" for event in history.events))

    assert judge(History.load(file)) == judge(history)


def test_judging_does_not_change_the_history() -> None:
    history = passing().history()
    before = [event.model_copy(deep=True) for event in history.events if isinstance(event, Exchange)]

    judge(history)

    assert [event for event in history.events if isinstance(event, Exchange)] == before
