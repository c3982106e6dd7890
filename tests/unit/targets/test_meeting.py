"""Who is held back where two of a backend in processes of its own meet, and whose statement goes on."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, cast

import pytest

from simulation.scenario.faults.expectation import SELF_HEALS
from simulation.scenario.faults.planned import PlannedFault
from simulation.targets.process.database_connection import Link
from simulation.targets.process.meeting import Meeting

START = datetime(2026, 3, 1, tzinfo=UTC)


class Connection:
    """In place of a connection: it is held or not, and waits for an answer or not."""

    def __init__(self, pid: int) -> None:
        self.pid = pid
        self.holds = self.busy = False
        self.rewrite: Any = None
        self.cancelled = False

    def hold(self) -> None:
        self.holds = True

    def release(self) -> None:
        self.holds = False

    def cancel(self) -> None:
        self.cancelled = True


def links(*pids: int) -> list[Link]:
    return [cast(Link, Connection(pid)) for pid in pids]


def meeting(first: Link, *, awaited: str = "", order: str = "", of: str = "POST /join") -> Meeting:
    fault = PlannedFault(
        fault_id="met", kind="two_at_once", expect=SELF_HEALS, starts_at=START, over_by=START,
        transaction=of, nth=1, statement=1, order=order,
    )  # fmt: skip
    met = Meeting(fault, first=first, awaited=awaited)
    met.admits(first, "first 1", job="")
    return met


def test_the_first_side_stays_until_the_awaited_job_comes_and_other_jobs_pass() -> None:
    first, jobs = links(1, 2)
    met = meeting(first, awaited="settlement")

    assert met.gathering
    assert met.admits(jobs, "SELECT 1", job="ingestion")
    assert met.admits(jobs, "SELECT 1", job="")
    assert met.gathering
    assert not met.admits(jobs, "second 1", job="settlement")
    assert not met.gathering
    assert met.admits(jobs, "SELECT 1", job="ingestion"), "a third job passes later, too"
    assert met.go_on([first, jobs])
    assert [(step.side, step.what) for step in met.steps] == [("first", "first 1")]


def test_the_same_job_on_another_connection_of_the_same_process_is_the_second_side() -> None:
    first, other = links(1, 1)
    met = meeting(first, awaited="settlement", order="0", of="POST /join")
    met.admits(other, "second 1", job="settlement")

    assert met.go_on([first, other])
    assert met.steps[-1].side == "second"


def test_a_replica_is_the_second_side_by_its_process_and_both_may_be_the_same_job() -> None:
    first, again, replica = links(1, 1, 2)
    met = meeting(first, awaited="settlement", of="settlement", order="1 2")
    met.admits(replica, "second 1", job="settlement")
    for _ in range(2):
        assert met.go_on([first, again, replica])
    assert not met.admits(again, "first 2", job="settlement")
    assert met.go_on([first, again, replica])
    assert [(step.side, step.what) for step in met.steps] == [
        ("first", "first 1"),
        ("second", "second 1"),
        ("first", "first 2"),
    ]


def test_one_that_waited_goes_on_with_the_statement_that_waited() -> None:
    first, second = links(1, 2)
    met = meeting(first)
    met.admits(second, "second 1", job="")
    cast(Connection, second).holds, cast(Connection, second).busy = False, True  # sent, and no answer
    met.go_on([first, second])
    cast(Connection, second).busy = False
    met.admits(second, "second 2", job="")
    met.go_on([first, second])

    told = [(step.what, step.note) for step in met.steps if step.side == "second"]
    assert told[:2] == [("second 1", "waits for the other side's lock"), ("second 1", "went on")]


@pytest.mark.parametrize("waiting", [1, 2])
def test_two_that_wait_for_each_other_are_a_deadlock_and_the_last_one_is_told(waiting: int) -> None:
    both = links(1, 2)
    first, second = both
    met = meeting(first)
    met.admits(second, "second 1", job="")
    for link in both[:waiting]:
        cast(Connection, link).busy = True
    for link in both:
        cast(Connection, link).holds = False

    assert met.go_on(both) is (waiting == 2)
    assert [cast(Connection, link).cancelled for link in both] == [False, waiting == 2]
