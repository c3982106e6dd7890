"""Many runs, some at a time, each worker a fork of this process with a core of its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from typing import TypeVar

_Errand = TypeVar("_Errand")
_Result = TypeVar("_Result")


def in_parallel(
    errands: Sequence[_Errand],
    work: Callable[[_Errand], _Result],
    *,
    jobs: int,
    told: Callable[[_Result], None],
) -> list[_Result]:
    """``work`` of every errand, in the order in which they ended.

    Workers have read everything already that this process has. Errands, results and ``work`` travel by pickle.

    :param told: called with each result as it comes.
    """
    context = multiprocessing.get_context("fork")
    cores = context.Queue()
    for number in range(jobs):
        cores.put(number)
    results: list[_Result] = []
    with ProcessPoolExecutor(max_workers=jobs, mp_context=context, initializer=_settle, initargs=(cores,)) as pool:
        pending: set[Future[_Result]] = {pool.submit(work, errand) for errand in errands}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            for future in done:
                results.append(future.result())
                told(results[-1])
    return results


def _settle(cores: multiprocessing.Queue[int]) -> None:
    """Each worker takes a core of its own; only the parent answers Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[cores.get() % len(allowed)]})
