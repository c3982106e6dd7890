"""Workers that die, jobs that fail, and a parent that is done."""

from __future__ import annotations

import multiprocessing
import os
import signal
from contextlib import suppress
from functools import partial
from itertools import count
from pathlib import Path

import pytest

from simulation.errors import EnvironmentFault, UsageError
from simulation.proof.parallel import MOST_LOSSES, finished, in_parallel


def _double(number: int) -> int:
    return 2 * number


def _die_at_first(number: int, *, folder: Path, times: int) -> int:
    """Killed, as by somebody, the first ``times`` times that the job is begun."""
    begun = folder / str(number)
    before = begun.stat().st_size if begun.exists() else 0
    with open(begun, "a", encoding="utf-8") as told:
        told.write("x")
    if before < times:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def _raise(number: int) -> int:
    raise UsageError(place=f"job {number}", problem="is bad", remedy="mend it")


def test_every_job_has_one_result_and_no_worker_is_left():
    told: list[int] = []
    results = in_parallel(range(20), _double, workers=3, told=told.append)
    assert sorted(results) == [2 * number for number in range(20)]
    assert told == results
    assert multiprocessing.active_children() == []


def test_workers_killed_ten_times_over_one_job_lose_nothing(tmp_path):
    work = partial(_die_at_first, folder=tmp_path, times=10)
    assert in_parallel([7], work, workers=2, told=lambda _: None) == [7]
    assert (tmp_path / "7").stat().st_size == 11


def test_every_worker_killed_once_over_every_job_loses_nothing(tmp_path):
    work = partial(_die_at_first, folder=tmp_path, times=1)
    assert sorted(in_parallel(range(10), work, workers=3, told=lambda _: None)) == list(range(10))


def test_a_job_that_ends_every_worker_is_reported_and_the_others_are_done(tmp_path):
    work = partial(_die_at_first, folder=tmp_path, times=MOST_LOSSES)
    (tmp_path / "2").write_text("x" * MOST_LOSSES, encoding="utf-8")
    results = list(finished([1, 2], work, workers=2, lost=lambda job, how: -job if how == "killed by SIGKILL" else 0))
    assert sorted(results) == [-1, 2]


def test_without_anybody_to_report_to_such_a_job_is_a_fault_of_the_machine(tmp_path):
    with pytest.raises(EnvironmentFault, match="worker processes died over 1: killed by SIGKILL"):
        in_parallel([1], partial(_die_at_first, folder=tmp_path, times=MOST_LOSSES), workers=1, told=lambda _: None)


def test_what_a_job_raises_is_raised_here_with_its_own_words():
    with pytest.raises(UsageError, match="job 3: is bad") as raised:
        in_parallel([3], _raise, workers=1, told=lambda _: None)
    assert raised.value.remedy == "mend it"
    assert "_raise" in "".join(raised.value.__notes__)
    assert multiprocessing.active_children() == []


def test_jobs_are_taken_only_when_a_worker_is_free():
    taken: list[int] = []

    def jobs():
        for number in count():
            taken.append(number)
            yield number

    results = finished(jobs(), _double, workers=2)
    next(results)
    results.close()
    assert len(taken) <= 3
    assert multiprocessing.active_children() == []


class _EndsUnheard:
    """Whose worker is told to end while it sends this, and hears nothing of it."""

    def __reduce__(self) -> tuple[type[str], tuple[str]]:
        with suppress(BaseException):
            os.kill(os.getpid(), signal.SIGTERM)
        return str, ("done",)


def _unheard(_job: int) -> object:
    return _EndsUnheard()


def test_a_worker_that_waits_for_a_job_ends_even_if_it_did_not_hear_that_it_must() -> None:
    results = finished(count(), _unheard, workers=1)
    assert next(results) == "done"
    results.close()
    assert multiprocessing.active_children() == []


def _keeps_the_end_to_itself(_job: int) -> str:
    """As a library's callback may: what is raised in it goes nowhere."""
    with suppress(BaseException):
        os.kill(os.getpid(), signal.SIGTERM)
    return "went on"


def test_a_worker_that_was_told_to_end_ends_even_if_somebody_kept_the_exception_to_himself() -> None:
    ended = in_parallel(
        [1], _keeps_the_end_to_itself, workers=1, told=lambda _: None, lost=lambda _job, how: f"lost: {how}"
    )

    assert ended == ["lost: exit code 143"]
