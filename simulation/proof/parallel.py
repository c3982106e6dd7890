"""Runs many jobs in parallel; each worker is a fork of this process, bound to a core of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import Any, TypeVar

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
    """The results of ``work`` for every job, in the order in which they were finished.

    Workers are forks: they share what this process has loaded, ``work`` included. Jobs and results must be picklable.
    When this process ends, also by Ctrl-C or a kill, the workers end too, each after cleaning up what it started.

    :param told: called with each result when its job is finished.
    """
    context = multiprocessing.get_context("fork")
    cores = context.Queue()
    for number in range(workers):
        cores.put(number)
    before = set(multiprocessing.active_children())
    results: list[_Result] = []
    with ProcessPoolExecutor(
        max_workers=workers, mp_context=context, initializer=_settle, initargs=(cores, work)
    ) as pool:
        pending: set[Future[_Result]] = {pool.submit(_until_terminated, job) for job in jobs}
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


_work: Callable[[Any], Any]
"""In a worker: what it does with each job. It came with the fork, so it is neither pickled nor copied."""


def _settle(cores: multiprocessing.Queue[int], work: Callable[[Any], Any]) -> None:
    """Initialize a worker: bind it to one core; ignore Ctrl-C and a hang-up, which the parent gets, too, and answers
    with SIGTERM."""
    global _work
    _work = work
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminate)
    die_with_parent(signal.SIGTERM)()
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[cores.get() % len(allowed)]})


class _Terminated(SystemExit):
    """Raised in a worker on SIGTERM: it must clean up and end."""


def _terminate(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second SIGTERM must not interrupt the cleanup
    raise _Terminated


def _until_terminated(job: Any) -> Any:
    """Do one job, and end the worker process on SIGTERM: the pool alone would take the exception for a result."""
    try:
        return _work(job)
    except _Terminated:
        os._exit(128 + signal.SIGTERM)
