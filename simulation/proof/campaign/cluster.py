"""A campaign on a Dask cluster that is there: its workers need this package, and nothing of this machine.

A worker that is lost loses nothing: its cases are lived elsewhere.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from simulation.errors import EnvironmentFault
from simulation.proof.campaign.live import lost
from simulation.proof.campaign.lone import Answer, Task
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.result import Case, Timed
from simulation.proof.parallel import MOST_LOSSES

_CONNECT_WALL_SECONDS = 20
_AHEAD = 2
"""Cases that a thread of the cluster has been given, so that none waits for this process."""
_own = threading.local()


class ProcessDied(Exception):
    """The process in which a case was lived, beside a worker of the cluster, has ended."""


def finished_on(address: str, cases: Iterator[Case], *, plan: Plan, folder: Path) -> Generator[Timed, None, None]:
    """Each case's result when it is there, and the folder of a run that is kept below ``folder``.

    :param address: of the scheduler, as ``tcp://127.0.0.1:8786``.
    :raises EnvironmentFault: nobody answers there, or ``distributed`` is not installed.
    """
    with _client(address) as client:
        from distributed import as_completed

        threads = sum(client.nthreads().values())
        if not threads:
            raise EnvironmentFault(
                problem=f"the cluster at {address} has no worker", remedy=f"start one: dask worker {address}"
            )
        given: dict[str, Case] = {}
        losses: Counter[Case] = Counter()

        def submit(case: Case) -> Any:
            task = Task(case=case, environment=plan.environment, target=plan.target, required=plan.required)
            future = client.submit(_answer, task.model_dump_json(), pure=False)
            given[future.key] = case
            return future

        first = [submit(case) for case in islice(cases, threads * _AHEAD)]
        running = as_completed(first, loop=client.loop)
        for future in running:
            case = given.pop(future.key)
            error = future.exception() if future.status == "error" else None
            if error is None and future.status == "finished":
                yield Answer.model_validate_json(future.result()).unpacked(folder)
            elif error is not None and not _died(error):
                raise error
            else:
                losses[case] += 1
                if losses[case] < MOST_LOSSES:
                    running.add(submit(case))
                    continue
                yield lost(case, str(error or future.status))
            for another in islice(cases, 1):
                running.add(submit(another))


def _client(address: str) -> Any:
    try:
        from distributed import Client
    except ModuleNotFoundError as error:
        raise EnvironmentFault(
            problem="the package distributed is not installed, without which no Dask cluster can be used",
            remedy="pip install 'founder-absence-sim[dask]', or leave --dask out",
        ) from error
    try:
        return Client(address, timeout=_CONNECT_WALL_SECONDS, set_as_default=False)
    except (OSError, ValueError) as error:
        raise EnvironmentFault(
            problem=f"no Dask scheduler answers at {address}: {error}",
            remedy="start one (dask scheduler), or give the address that it prints",
        ) from error


def _died(error: BaseException) -> bool:
    from distributed import KilledWorker

    return isinstance(error, (KilledWorker, ProcessDied))


def _answer(task: str) -> str:
    """On a worker: have the case lived in the process beside this thread."""
    process = _process()
    assert process.stdin is not None
    assert process.stdout is not None
    try:
        process.stdin.write(task + "\n")
        process.stdin.flush()
        answer = process.stdout.readline()
    except OSError:
        answer = ""
    if not answer:
        raise ProcessDied(f"exit code {process.wait()}")
    return answer


def _process() -> subprocess.Popen[str]:
    """Started once; another one in place of one that has died."""
    process: subprocess.Popen[str] | None = getattr(_own, "process", None)
    if process is None or process.poll() is not None:
        process = subprocess.Popen(
            [sys.executable, "-m", "simulation.proof.campaign.lone"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
        )
        _own.process = process
    return process
