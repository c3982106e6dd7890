"""What the hosting provider did: in order within a task of operations, an intervention anywhere else."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from simulation.checks.access import nothing_deployed
from simulation.checks.base import Check
from simulation.checks.interventions import no_manual_endpoints
from simulation.checks.operations import jobs_ran
from simulation.events import Exchange, Fingerprint, HostingAction, JobGap, JobSummary
from tests.unit.checks.builder import Book, Break, assert_found, day, run
from tests.unit.checks.story import passing
from tests.unit.checks.story_runbook import BEGIN, EXECUTION

WITHIN = BEGIN + timedelta(seconds=40)
OUTSIDE = day(3, 12)


def action(kind: Any, at: datetime, **facts: Any) -> Break:
    values: dict[str, Any] = {
        "service": "database" if kind == "resize" else "platform",
        "detail": "", "reason": "planned", "actor": "operator", "execution_id": EXECUTION,
        **facts,
    }  # fmt: skip
    return lambda book: book.add(HostingAction(action=kind, **values), at)


def resized(at: datetime, *, subject: str = "database_configuration", looked: bool = True, **facts: Any) -> Break:
    """A resize with the looks that it takes at once before and after; ``subject`` has changed in between."""

    def spoil(book: Book) -> None:
        before = next(event for event in book.entries if isinstance(event, Fingerprint))
        if looked:
            book.add(before.model_copy(update={"moment": "during"}), at)
        action("resize", at, **facts)(book)
        after = before.model_copy(update={"moment": "during", subject: "version 2"})
        book.add(after, at)
        for index, event in enumerate(book.entries):
            if isinstance(event, Fingerprint) and event.at > at:
                book.entries[index] = event.model_copy(update={subject: "version 2"})

    return spoil


def stopped(hours: float, **summary: Any) -> Break:
    def spoil(book: Book) -> None:
        action("stop", WITHIN)(book)
        action("start", WITHIN + timedelta(hours=hours))(book)
        book.edit(JobSummary, {}, **summary)

    return spoil


@pytest.mark.parametrize("check", [nothing_deployed, no_manual_endpoints], ids=lambda check: check.name)
def test_a_resize_within_a_runbook_is_in_order(check: Check) -> None:
    book = passing()
    resized(WITHIN)(book)
    result = run(check, book)
    assert (result.outcome, result.findings) == ("pass", ())


def test_a_job_may_miss_the_one_run_that_falls_into_a_restart() -> None:
    book = passing()
    gap = JobGap(since=WITHIN - timedelta(minutes=4), until=WITHIN + timedelta(minutes=9))
    stopped(0.05, gaps=(gap,), largest_gap_seconds=780)(book)
    assert run(jobs_ran, book).outcome == "pass"


def reconfigured(at: datetime, *, path: str = "/api/admin/configuration/1/activate", **facts: Any) -> Break:
    """Settings changed between two looks; a request stands between them."""

    def spoil(book: Book) -> None:
        before = next(event for event in book.entries if isinstance(event, Fingerprint))
        book.add(before.model_copy(update={"moment": "during"}), at)
        values: dict[str, Any] = {"actor": "operator", "execution_id": EXECUTION, "status": 200, "request_id": "c-1"}
        book.add(Exchange(method="POST", path=path, **{**values, **facts}), at)
        for index, event in enumerate(book.entries):
            if isinstance(event, Fingerprint) and event.at > at:
                book.entries[index] = event.model_copy(update={"environment_variables": "version 2"})

    return spoil


def test_a_configuration_activated_within_a_runbook_is_in_order() -> None:
    book = passing()
    reconfigured(WITHIN)(book)
    assert run(nothing_deployed, book).outcome == "pass"


BREAKS: dict[str, tuple[Check, Break, str]] = {
    "a resize by nobody's runbook": (no_manual_endpoints, resized(OUTSIDE, execution_id=None), "outside an open"),
    "a resize before the runbook began": (no_manual_endpoints, resized(OUTSIDE), "outside an open runbook execution"),
    "a restart by the founder": (no_manual_endpoints, action("stop", WITHIN, actor="founder"), "outside an open"),
    "settings changed by a resize that nobody may ask for": (
        nothing_deployed,
        resized(OUTSIDE, execution_id=None),
        "changed during the absence",
    ),
    "a configuration activated by nobody's runbook": (
        nothing_deployed,
        reconfigured(OUTSIDE, execution_id=None),
        "changed during the absence",
    ),
    "a configuration whose activation was refused": (
        nothing_deployed,
        reconfigured(WITHIN, status=409),
        "changed during",
    ),
    "settings changed by a mere publication": (
        nothing_deployed,
        reconfigured(WITHIN, path="/api/admin/configuration"),
        "changed during the absence",
    ),
    "grants changed with a resize": (nothing_deployed, resized(WITHIN, subject="database_grants"), "changed during"),
    "code changed with a restart": (nothing_deployed, resized(WITHIN, subject="code"), "changed during"),
    "a job that paused for longer than a restart explains": (
        jobs_ran,
        stopped(0.05, largest_gap_seconds=1500),
        "the job paused",
    ),
    "a pause without a restart": (
        jobs_ran,
        lambda book: book.edit(JobSummary, {}, largest_gap_seconds=780),
        "the job paused",
    ),
}


@pytest.mark.parametrize("case", BREAKS)
def test_found(case: str) -> None:
    check, spoil, message = BREAKS[case]
    assert_found(check, passing(), spoil, message)
