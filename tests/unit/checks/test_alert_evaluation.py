"""promtool's opinion of the run's alerts; without one the question stays open."""

from __future__ import annotations

from simulation.checks.alert_evaluation import alert_evaluation
from simulation.events import AlertEvaluation, AnnotationDifference, EvaluationDifference
from tests.unit.checks.builder import Book, Break, assert_found, assert_unknown, day, run
from tests.unit.checks.story import passing

ALERT = 'ALERTS{alertname="TransfersStuck",alertstate="firing"}'


def _told(**updates: object) -> Break:
    return lambda book: book.edit(AlertEvaluation, {}, **updates)


def _evaluated(**updates: object) -> Book:
    book = passing()
    _told(**updates)(book)
    return book


def _difference(said_by: str) -> EvaluationDifference:
    return EvaluationDifference(said_by=said_by, alert=ALERT, first_scrape=6, last_scrape=8)  # type: ignore[arg-type]


def test_an_alert_that_only_promtool_names_is_a_finding_with_its_minutes() -> None:
    result = assert_found(
        alert_evaluation, passing(), _told(differences=(_difference("promtool"),)), "only promtool says that it fires"
    )
    (finding,) = result.findings
    assert (finding.at, finding.expected, finding.actual) == (day(0, 1), f"{ALERT} fires", "it does not fire")
    assert "01 Mar 01:00 to 01 Mar 01:20" in finding.message


def test_an_alert_that_only_the_monitor_names_is_a_finding() -> None:
    assert_found(alert_evaluation, passing(), _told(differences=(_difference("monitor"),)), "only the monitor says")


def test_an_alert_that_says_something_else_to_people_is_a_finding_with_both_texts() -> None:
    said = AnnotationDifference(alert=ALERT, scrape=6, by_monitor={"summary": "2 stuck"}, by_promtool={"summary": "3"})
    result = assert_found(
        alert_evaluation, passing(), _told(annotation_differences=(said,)), "disagree about what the alert says"
    )
    (finding,) = result.findings
    assert (finding.at, finding.actual) == (day(0, 1), "{'summary': '2 stuck'}")


def test_without_promtool_it_is_not_verified_with_the_remedy() -> None:
    result = run(alert_evaluation, _evaluated(judge="", problem="none here: make promtool"))
    assert (result.outcome, result.not_verified) == ("not_verified", "none here: make promtool")


def test_a_history_from_before_it_was_recorded_is_not_verified() -> None:
    book = passing()
    book.drop(AlertEvaluation)
    assert run(alert_evaluation, book).outcome == "not_verified"


def test_a_promtool_that_cannot_evaluate_is_unknown() -> None:
    assert_unknown(alert_evaluation, passing(), _told(complaint="unexpected character"), "unexpected character")


def test_no_scrape_at_all_is_unknown() -> None:
    assert run(alert_evaluation, _evaluated(scrapes=0)).outcome == "unknown"


def test_what_promtool_says_stands_outside_the_digest_and_what_it_was_given_inside() -> None:
    told = _evaluated(judge="another", differences=(_difference("monitor"),)).history()
    assert told.digest() == passing().history().digest()
    assert _evaluated(scrapes=3).history().digest() != told.digest()
