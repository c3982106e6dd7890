from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from simulation.checks.base import Finding
from simulation.checks.evidence.keys import Keys
from simulation.events import FaultInjected, FaultScheduled, Observation, RunStarted, Transaction
from simulation.history import History
from simulation.reporting.parts.faults import FaultView
from simulation.reporting.timeline import ticks_of
from simulation.reporting.times import Calendar
from simulation.reporting.view import Report, build_report
from tests.unit.reporting.sample import failed_verdict, passed_verdict, sample_history, unknown_verdict
from tests.unit.reporting.sample.book import day


def fault(report: Report, fault_id: str) -> FaultView:
    return next(view for view in report.faults if view.fault_id == fault_id)


def without(history: History, *kinds: type) -> History:
    return History(event for event in history.events if not isinstance(event, kinds))


def test_the_story_tells_contests_money_faults_and_why(passed: Report) -> None:
    assert "4 contests with 20 entrants took place; all were paid out." in passed.story.happened
    assert "Entrants paid in $840.00; $741.00 went out as prizes" in passed.story.happened
    assert "3 recovered by runbook, 4 healed by themselves and 1 ended in a final failure" in passed.story.happened
    assert passed.story.why.startswith("The run passes because every criterion that was decided is met (57 of 58)")


def test_a_finding_that_no_criterion_names_is_why_the_run_fails(history: History) -> None:
    verdict = passed_verdict()
    finding = Finding(check="unheard_of", subject="log", message="says what was not so", at=day(1))
    results = (*verdict.results, replace(verdict.results[0], check="unheard_of", findings=(finding,)))

    report = build_report(history, replace(verdict, results=results))

    assert report.story.why.startswith("The run fails because of 1 finding, which no criterion names: unheard_of.")


def test_the_story_looks_before_it_says_that_an_ending_was_foreseen(history: History) -> None:
    events = [
        event.model_copy(update={"expectation": "self_heals", "runbook": None, "reason": None})
        if isinstance(event, FaultScheduled) and event.fault_id in ("F1", "F3")
        else event.model_copy(update={"expectation": "runbook", "runbook": "stripe_outage"})
        if isinstance(event, FaultScheduled) and event.fault_id == "F4"
        else event
        for event in history.events
    ]

    report = build_report(History(events), unknown_verdict())

    assert "1 recovered by runbook though it should have ended otherwise" in report.story.happened
    assert "1 ended in a final failure that was not foreseen" in report.story.happened
    assert "1 healed by itself though a runbook or a final failure was foreseen" in report.story.happened
    assert fault(report, "F3").ended_short == "final failure, not foreseen; runbook destination_account_invalid"


def test_causes_are_told_before_what_came_of_them(history: History) -> None:
    late = Finding(check="webhooks_authentic", subject="webhooks", message="refused", at=day(9), cause=True)
    early = Finding(check="convergence", subject="run", message="did not converge", at=day(1))
    verdict = failed_verdict()
    results = (replace(verdict.results[0], findings=(early, late)), *verdict.results[1:])

    report = build_report(history, replace(verdict, results=results))

    found = [finding for finding in report.findings if finding in (early, late)]
    assert found == [late, early]


def test_what_cost_most_is_told_before_what_cost_nothing(history: History) -> None:
    early = Finding(check="convergence", subject="run", message="did not converge", at=day(1))
    little = Finding(check="exactly_once", subject="a", message="twice", at=day(2), amount_cents=5)
    much = Finding(check="exactly_once", subject="b", message="twice", amount_cents=5_000_000)
    verdict = failed_verdict()
    results = (replace(verdict.results[0], findings=(early, little, much)), *verdict.results[1:])

    report = build_report(history, replace(verdict, results=results))

    assert [finding for finding in report.findings if finding in (early, little, much)] == [much, little, early]


def test_the_command_that_repeats_the_run_names_its_target(history: History) -> None:
    first, *rest = history.events
    assert isinstance(first, RunStarted)
    again = History([first.model_copy(update={"target_option": "--target ops/simulation"}), *rest])

    assert build_report(again, failed_verdict()).facts.reproduce.endswith(" --target ops/simulation")


def test_the_money_adds_up_to_stripes_closing_balance(passed: Report) -> None:
    funds = passed.funds[0]
    assert (funds.opening_cents, funds.in_cents, funds.fees_cents, funds.prizes_cents) == (50000, 84000, 3736, 74100)
    assert funds.expected_closing_cents == funds.closing_cents == 56164
    assert funds.owed_cents == 3000


def test_stages_come_from_the_write_ahead_log_and_end_with_the_payout(passed: Report) -> None:
    masters = passed.contests[0]
    names = [stage.name for stage in masters.stages]
    assert names == ["SCHEDULED", "LOCKED", "LIVE", "COMPLETE", "SETTLED", "PAID_OUT"]
    assert masters.reached("LOCKED") == day(2, 7, 2)
    assert masters.stages[-1].end is None


def test_without_the_log_stages_are_not_invented(history: History) -> None:
    report = build_report(without(history, Transaction), unknown_verdict())
    assert [stage.name for stage in report.contests[0].stages] == ["SETTLED", "PAID_OUT"]


def test_a_fault_recovered_by_runbook_has_its_whole_chain(passed: Report) -> None:
    view = fault(passed, "F1")
    assert (view.ending, view.strikes, view.as_foreseen) == ("runbook", 2, True)
    assert view.alerts[0].name == "PayoutTransfersStuckInRetryable"
    assert (view.noticed_after_seconds, view.over_after_seconds) == (47 * 60, 3210)
    stages = [link.stage for link in view.chain]
    for earlier, later in (("fault", "alert"), ("alert", "runbook"), ("runbook", "request")):
        assert stages.index(earlier) < stages.index(later)
    assert [link.text for link in view.chain if link.stage == "ledger"][-1] == "PAYOUT_ATTEMPT_COMPLETED $75.00"


def test_a_terminal_fault_is_over_when_its_runbook_has_dealt_with_it(passed: Report) -> None:
    view = fault(passed, "F3")
    assert view.ending == "terminal"
    assert "failed_terminal (account_invalid), dealt with by runbook destination_account_invalid" in view.ended_how


def test_a_fault_that_the_jury_blames_is_not_over_whatever_the_records_say(history: History) -> None:
    finding = Finding(
        check="faults_recovered",
        subject="the second of them",
        message="should have healed by itself",
        keys=Keys(fault_id="F2"),
    )
    view = fault(build_report(history, failed_verdict(finding)), "F2")
    assert (view.over, view.ending, view.ended_how) == (False, "open", "should have healed by itself")


def test_a_fault_that_the_jury_acquits_is_over_even_if_no_record_says_when(history: History) -> None:
    view = fault(build_report(without(history, Observation), passed_verdict()), "F2")
    assert (view.over, view.ended_at, view.as_foreseen) == (True, None, True)


def test_a_duplicate_is_over_when_the_second_delivery_is_answered(passed: Report) -> None:
    view = fault(passed, "F4")
    assert (view.ending, view.over_after_seconds, view.alerts) == ("self", 92, ())
    assert view.victims == "entry fee of $25.00, Ella Thornton in Masters Warm-up"


def test_repeated_links_of_an_outage_are_counted_not_listed(passed: Report) -> None:
    chain = fault(passed, "F7").chain
    assert sum(link.count for link in chain if link.stage == "fault") == 18
    assert len(chain) < 15


def test_a_fault_that_met_nobody_is_told_so(history: History) -> None:
    report = build_report(without(history, FaultInjected), passed_verdict())
    assert {view.ending for view in report.faults} == {"never"}
    assert not any(view.over for view in report.faults)


def test_the_books_are_the_jurys_and_the_difference_is_explained(passed: Report) -> None:
    assert [(book.title, len(book.rows)) for book in passed.reconciliation.books] == [("Entry fees", 43), ("Prizes", 9)]
    (difference,) = passed.reconciliation.differing
    assert (difference.person, difference.expected_cents, difference.stripe_cents) == ("Samir Patel", 3000, 0)
    assert (difference.state, difference.remark) == ("explained", "given up for good: account_invalid")


def test_the_days_cover_the_window_and_quiet_ones_are_joined(passed: Report) -> None:
    assert [(view.number, view.last) for view in passed.days][-3:] == [(10, 10), (11, 13), (14, 14)]
    texts = [event.text for event in passed.days[0].events]
    assert "12 people paid the entry fee of Masters Warm-up, $300.00 in all" in texts


def test_findings_speak_of_people_and_dollars(failed: Report) -> None:
    assert failed.findings[0].expected == "1 transfer of $270.00"
    assert failed.findings[1].actual == "ledger $270.00, Stripe $540.00"


def test_what_went_wrong_begins_with_its_cause_what_it_cost_and_what_to_do(failed: Report) -> None:
    cause = failed.wrong.causes[0]
    assert cause.first.message == "the prize was transferred twice"
    assert (cause.amounts, cause.people) == ((("usd", 27000),), 0)
    assert [advice.how for advice in failed.wrong.advice][-1] == failed.facts.reproduce
    assert sum(len(one.findings) for one in failed.wrong.causes) == len(failed.findings)


def test_findings_of_one_cause_are_told_once(history: History) -> None:
    alike = [
        Finding(
            check="payout_automatic",
            subject=f"transfer {number}",
            message=f"paid into acct_{account}",
            keys=Keys(user_id=f"u{number}"),
            amount_cents=100 * number,
        )
        for number, account in ((1, "aBcDeFgHiJkLmN"), (2, "1a2b"), (3, "ZzZzZzZzZzZzZz"))
    ]
    causes = build_report(history, failed_verdict(*alike)).wrong.causes
    told = [one for one in causes if one.first.check == "payout_automatic"]
    assert [(len(one.findings), one.amounts, one.people) for one in told] == [(3, (("usd", 600),), 3)]


def test_a_run_that_passed_has_nothing_to_tell(passed: Report) -> None:
    assert (passed.wrong.causes, passed.wrong.advice) == ((), ())


def test_a_finding_is_marked_where_it_struck(failed: Report) -> None:
    (told,) = [event for day in failed.days for event in day.events if event.sort == "wrong"][:1]
    assert "the prize was transferred twice" in told.text
    lane = next(lane for lane in failed.timeline.lanes if lane.kind == "wrong")
    assert lane.marks[0].label == failed.findings[0].check


def test_what_happened_in_one_instant_is_told_in_its_order(passed: Report) -> None:
    texts = [event.text for day in passed.days for event in day.events]
    for name in {contest.name for contest in passed.contests}:
        own = [text for text in texts if text.startswith(f"{name} is ")]
        stages = [word for text in own for word in ("complete", "settled", "paid out") if f" is {word}" in text]
        assert stages == [stage for stage in ("complete", "settled", "paid out") if stage in stages]
    rest = next(number for number, text in enumerate(texts) if "come to rest" in text)
    assert rest > max(number for number, text in enumerate(texts) if text.startswith("alert "))


@pytest.mark.parametrize(
    ("days", "labels"), [(2, ["day 0", "06:00", "12:00", "18:00", "day 1"]), (14, ["day 0", "day 1"])]
)
def test_a_short_run_shows_the_hours(days: int, labels: list[str]) -> None:
    start = datetime(2026, 3, 1, tzinfo=UTC)
    ticks = list(ticks_of(Calendar(start=start, end=start + timedelta(days=days))))
    assert [tick.label for tick in ticks][: len(labels)] == labels
    assert all(bool(tick.date) == tick.label.startswith("day") for tick in ticks)


def test_an_alert_bears_its_name(passed: Report) -> None:
    lane = next(lane for lane in passed.timeline.lanes if lane.kind == "alert")
    assert {mark.label for mark in lane.marks} <= {alert.name for alert in passed.alerts}


def test_nothing_is_good_in_a_run_that_was_not_seen_to_its_end(unknown: Report) -> None:
    assert not [figure.label for figure in unknown.figures if figure.tone == "good"]


def test_evidence_is_the_events_that_findings_point_at(failed: Report) -> None:
    assert list(failed.evidence) == [300, 301]
    assert '"seq":300' in failed.evidence[300].line


def test_an_escalation_counts_against_the_run() -> None:
    report = build_report(sample_history(escalated=True), passed_verdict())
    figure = next(figure for figure in report.figures if figure.label == "Escalations")
    assert (figure.value, figure.tone) == ("1", "bad")


def test_a_history_that_breaks_off_still_gives_a_report(history: History) -> None:
    report = build_report(History(history.events[:120]), unknown_verdict())
    assert report.contests == ()
    assert "RunEnded" in report.reconciliation.doubt or report.reconciliation.doubt
    assert report.funds[0].closing_cents is None


def test_an_empty_history_still_gives_a_report() -> None:
    report = build_report(History(()), unknown_verdict())
    assert report.facts.reproduce == ""
    assert report.calendar.end - report.calendar.start == timedelta(days=1)


def test_relations_that_were_not_observed_are_left_out(history: History) -> None:
    report = build_report(without(history, Observation), unknown_verdict())
    assert (report.trail, report.contests) == ((), ())
