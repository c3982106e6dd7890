"""Runs many jobs in parallel; each worker is a fork of this process, bound to a core of its own.

A worker that dies (killed by somebody, or by the kernel for want of memory) loses nothing: another takes its place and
its job.
"""

from __future__ import annotations

import multiprocessing
import os
import signal
import traceback
from collections import Counter, deque
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection, wait
from multiprocessing.process import BaseProcess
from typing import Any, Generic, TypeVar

from simulation.environment.process import die_with_parent
from simulation.errors import EnvironmentFault

_Job = TypeVar("_Job")
_Result = TypeVar("_Result")
MOST_LOSSES = 11
"""Workers that one job may lose: more than anybody kills by hand, few enough for a job that itself ends each."""
_FORK = multiprocessing.get_context("fork")


def in_parallel(
    jobs: Iterable[_Job],
    work: Callable[[_Job], _Result],
    *,
    workers: int,
    told: Callable[[_Result], None],
    lost: Callable[[_Job, str], _Result] | None = None,
) -> list[_Result]:
    """The results of ``work`` for every job, in the order in which they were finished; see :func:`finished`.

    :param told: called with each result when its job is finished.
    """
    results: list[_Result] = []
    for result in finished(jobs, work, workers=workers, lost=lost):
        results.append(result)
        told(result)
    return results


def finished(
    jobs: Iterable[_Job],
    work: Callable[[_Job], _Result],
    *,
    workers: int,
    lost: Callable[[_Job, str], _Result] | None = None,
) -> Generator[_Result, None, None]:
    """Each job's result when it is there. Jobs are taken from ``jobs`` one by one, whenever a worker is free.

    Workers are forks: they share what this process has loaded, ``work`` included. Jobs and results must be picklable.
    When this process ends, also by Ctrl-C or a kill, the workers end too, each after cleaning up what it started. What
    ``work`` raises is raised here, and ends all.

    :param lost: the result of a job that has lost :data:`MOST_LOSSES` workers, from it and how the last one ended.
    :raises EnvironmentFault: there is such a job, and no ``lost``.
    """
    pool = _Pool(work=work, jobs=iter(jobs), lost=lost or _give_up, most=workers)
    try:
        yield from pool.results()
        pool.dismiss()
    finally:
        pool.end()


def _give_up(job: object, how: str) -> Any:
    raise EnvironmentFault(
        problem=f"{MOST_LOSSES} worker processes died over {job}: {how}",
        remedy="see whether the machine has too little memory (dmesg), and use fewer --jobs",
    )


@dataclass(frozen=True, kw_only=True)
class _Worker:
    process: BaseProcess
    connection: Connection


class _Pool(Generic[_Job, _Result]):
    """``busy``: connection of a worker → worker and job. ``again``: jobs whose worker died. ``cores``: free ones."""

    def __init__(
        self,
        *,
        work: Callable[[_Job], _Result],
        jobs: Iterator[_Job],
        lost: Callable[[_Job, str], _Result],
        most: int,
    ) -> None:
        self._work, self._jobs, self._lost = work, jobs, lost
        self._busy: dict[Connection, tuple[_Worker, int, int, _Job]] = {}
        self._free: list[tuple[_Worker, int]] = []
        self._cores = deque(range(most))
        self._again: deque[tuple[int, _Job]] = deque()
        self._losses: Counter[int] = Counter()
        self._number = 0

    def results(self) -> Iterator[_Result]:
        self._fill()
        while self._busy:
            for ready in wait(list(self._busy)):
                assert isinstance(ready, Connection)
                yield from self._answer(ready)
            self._fill()

    def _fill(self) -> None:
        """Give every worker that is free a job, as long as there are jobs."""
        while (self._free or self._cores) and (taken := self._next()) is not None:
            number, job = taken
            if not self._free:
                core = self._cores.popleft()
                self._free.append((self._start(core), core))
            worker, core = self._free.pop()
            self._busy[worker.connection] = worker, core, number, job
            with suppress(OSError):  # it died while it was free: that is seen as if it had died over the job
                worker.connection.send((job,))

    def _next(self) -> tuple[int, _Job] | None:
        if self._again:
            return self._again.popleft()
        for job in self._jobs:
            self._number += 1
            return self._number, job
        return None

    def _start(self, core: int) -> _Worker:
        ours, theirs = _FORK.Pipe()
        process = _FORK.Process(target=_serve, args=(theirs, self._work, core), daemon=False)
        process.start()
        theirs.close()  # from now on the worker alone has it, and its end is the end of the connection
        return _Worker(process=process, connection=ours)

    def _answer(self, ready: Connection) -> Iterator[_Result]:
        worker, core, number, job = self._busy.pop(ready)
        try:
            result, error = ready.recv()
        except (EOFError, OSError):
            yield from self._died(worker, core, number, job)
            return
        self._free.append((worker, core))
        if error is not None:
            raise error
        self._losses.pop(number, None)
        yield result

    def _died(self, worker: _Worker, core: int, number: int, job: _Job) -> Iterator[_Result]:
        worker.process.join()
        worker.connection.close()
        self._cores.append(core)
        self._losses[number] += 1
        if self._losses[number] < MOST_LOSSES:
            self._again.append((number, job))
        else:
            yield self._lost(job, _ending(worker.process.exitcode))

    def dismiss(self) -> None:
        """Let workers that are free end by themselves."""
        for worker, _ in self._free:
            with suppress(OSError):
                worker.connection.send(None)
            worker.process.join()
        self._free.clear()

    def end(self) -> None:
        """End whoever is left; each cleans up first."""
        left = [worker for worker, *_ in self._busy.values()] + [worker for worker, _ in self._free]
        for worker in left:
            worker.process.terminate()
            with suppress(OSError):
                # One that begins to wait for a job just as the signal comes hears of it when something arrives only.
                worker.connection.send(None)
        for worker in left:
            worker.process.join()
            worker.connection.close()


def _ending(code: int | None) -> str:
    return f"killed by {signal.Signals(-code).name}" if code is not None and code < 0 else f"exit code {code}"


def _serve(connection: Connection, work: Callable[[Any], Any], core: int) -> None:
    """In a worker: do job after job, until there are no more or SIGTERM comes."""
    _settle(core)
    try:
        while (sent := connection.recv()) is not None:
            _end_if_told()
            answer = _done(work, *sent)
            _end_if_told()
            connection.send(answer)
    except _Terminated:
        os._exit(128 + signal.SIGTERM)
    except (EOFError, OSError):
        os._exit(0)  # nobody is there any more who would want the result


def _done(work: Callable[[Any], Any], job: Any) -> tuple[Any, Exception | None]:
    try:
        return work(job), None
    except Exception as error:
        error.add_note("".join(traceback.format_tb(error.__traceback__)))
        return None, error


def _settle(core: int) -> None:
    """Bind this worker to one core; ignore Ctrl-C and a hang-up, which the parent gets, too, and answers with
    SIGTERM."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _terminate)
    die_with_parent(signal.SIGTERM)()
    if hasattr(os, "sched_setaffinity"):
        allowed = sorted(os.sched_getaffinity(0))
        os.sched_setaffinity(0, {allowed[core % len(allowed)]})


class _Terminated(SystemExit):
    """Raised in a worker on SIGTERM: it must clean up and end."""


def _end_if_told() -> None:
    """Where SIGTERM came, and somebody swallowed the exception: a library's callback, the collector's."""
    if signal.getsignal(signal.SIGTERM) is signal.SIG_IGN:
        raise _Terminated


def _terminate(_number: int, _frame: object) -> None:
    signal.signal(signal.SIGTERM, signal.SIG_IGN)  # a second SIGTERM must not interrupt the cleanup
    raise _Terminated
