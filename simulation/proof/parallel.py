"""Many runs, some at a time, each worker a fork of this process with a core of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import TypeVar

from simulation.environment.process import die_with_parent

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")


def in_parallel(
    jobs: Sequence[_Job],
    work: Callable[[_Job], _Result],
    *,
    workers: int,
    told: Callable[[_Result], None],
) -> list[_Result]:
    """``work`` of every job, in the order in which they ended.

    Workers have read everything already that this process has. Jobs, results and ``work`` travel by pickle. Whatever
    stops this process, Ctrl-C or a kill, ends the workers too, each after it has cleared up what it started.

    :param told: called with each result as it comes.
    """
    context = multiprocessing.get_context("fork")
    cores = context.Queue()
    for number in range(workers):
        cores.put(number)
    before = set(multiprocessing.active_children())
    results: list[_Result] = []
    with ProcessPoolExecutor(max_workers=workers, mp_context=context, initializer=_settle, initargs=(cores,)) as pool:
        pending: set[Future[_Result]] = {pool.submit(_until_terminated, work, job) for job in jobs}
        try:
            while pending:
                done, pending = wait(pending, return_when=FIRST_COMPLETED)
                for future in done:
                    results.append(future.result())
                    told(results[-1])
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            for worker in set(multiprocessing.active_children()) - before:
                worker.terminate()
            raise
    return results


def _settle(cores: multiprocessing.Queue[int]) -> None:
    """Each worker takes a core of its own; only the parent answers Ctrl-C, and tells the workers by SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminate)
    die_with_parent(signal.SIGTERM)()
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[cores.get() % len(allowed)]})


class _Terminated(SystemExit):
    """This worker is to clear up and end."""


def _terminate(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # once is enough; clearing up is not to be disturbed
    raise _Terminated


def _until_terminated(work: Callable[[_Job], _Result], job: _Job) -> _Result:
    """A worker of the pool takes an exception of any kind for the job's result, and would go on with the next job."""
    try:
        return work(job)
    except _Terminated:
        os._exit(128 + signal.SIGTERM)
