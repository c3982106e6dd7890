"""What keeps a job from running excuses the stretch that it falls into, and no other one of the run."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from simulation.checks.operations import jobs_ran
from simulation.events import FaultInjected, HostingAction, JobGap, JobSummary, ProgramEnded
from simulation.targets.jobs import Tally
from tests.unit.checks.builder import Book, assert_found, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.test_payouts import timer_stopped

AT = day(5)
ELSEWHERE = day(3)
JOB = {"job": "payouts"}


def paused(book: Book, seconds: int, *, since: datetime) -> Book:
    gap = JobGap(since=since, until=since + timedelta(seconds=seconds))
    known = next(event for event in book.entries if isinstance(event, JobSummary) and event.job == "payouts")
    largest = max(seconds, known.largest_gap_seconds)
    book.edit(JobSummary, dict(JOB), gaps=(*known.gaps, gap), largest_gap_seconds=largest)
    return book


def killed(book: Book) -> None:
    names: dict[str, Any] = {"fault_id": "kill", "fault_kind": "transfer_then_killed"}
    book.add(FaultInjected(**names, keys={"id": "tr-ann"}, detail="killed"), AT)


def restarted(book: Book) -> None:
    facts: dict[str, Any] = {"service": "platform", "detail": "", "reason": "planned", "actor": "operator"}
    for action, at in (("stop", AT), ("start", AT + timedelta(minutes=3))):
        book.add(HostingAction(action=action, **facts, execution_id="x-1"), at)  # type: ignore[arg-type]


def stood_still(book: Book) -> None:
    timer_stopped(book, until=AT + timedelta(hours=2))


CAUSES: dict[str, tuple[Callable[[Book], None], int, int]] = {
    "a kill": (killed, 630, 1_000),
    "a restart": (restarted, 1_050, 1_100),
    "a timer that stood still": (stood_still, 7_500, 9_000),
}
"""Each with a pause that it explains, and one that it does not."""


@pytest.mark.parametrize("cause", CAUSES)
def test_what_happened_explains_a_pause_of_its_own_length_and_no_longer_one(cause: str) -> None:
    happen, explained, too_long = CAUSES[cause]
    for seconds, outcome in ((explained, "pass"), (too_long, "fail")):
        book = paused(passing(), seconds, since=AT - timedelta(seconds=60))
        happen(book)
        assert run(jobs_ran, book).outcome == outcome, seconds


@pytest.mark.parametrize("cause", CAUSES)
def test_what_happened_explains_no_pause_at_another_time(cause: str) -> None:
    happen, explained, _ = CAUSES[cause]

    def spoil(book: Book) -> None:
        happen(book)
        paused(book, explained, since=ELSEWHERE)

    assert_found(jobs_ran, passing(), spoil, "the job paused")


@pytest.mark.parametrize("cause", CAUSES)
def test_nothing_else_explains_the_same_pause(cause: str) -> None:
    explained = CAUSES[cause][1]
    assert_found(jobs_ran, passing(), lambda book: paused(book, explained, since=AT), "the job paused")


def test_a_timer_that_stood_still_does_not_explain_that_the_job_never_came_back() -> None:
    def spoil(book: Book) -> None:
        stood_still(book)
        book.edit(JobSummary, dict(JOB), last_at=AT)

    assert_found(jobs_ran, passing(), spoil, "the job stopped early")


def test_a_pause_that_is_told_without_its_time_is_never_explained() -> None:
    def spoil(book: Book) -> None:
        stood_still(book)
        book.edit(JobSummary, dict(JOB), largest_gap_seconds=7_500)

    assert_found(jobs_ran, passing(), spoil, "the job paused")


def test_a_program_that_ended_by_itself_is_found_and_explains_the_run_it_cost() -> None:
    def spoil(book: Book) -> None:
        facts: dict[str, Any] = {
            "program": "jobs",
            "place": "t:1",
            "status": 1,
            "last_words": "",
            "started_again": True,
        }
        book.add(ProgramEnded(**facts), AT)
        paused(book, 630, since=AT - timedelta(seconds=60))

    result = assert_found(jobs_ran, passing(), spoil, "it ended by itself")
    assert len(result.findings) == 1


def test_a_tally_tells_when_the_gaps_were_that_are_longer_than_its_interval() -> None:
    tally = Tally(name="payouts", interval_seconds=300, now=day(0))
    for minutes in (5, 10, 40, 45):
        tally.count(day(0) + timedelta(minutes=minutes), busy=False)
    (gap,) = tally.summary().gaps
    assert (gap.since, gap.until) == (day(0, 0, 10), day(0, 0, 40))
