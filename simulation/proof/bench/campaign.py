"""``make bench-campaign``: runs a minute by workers, shards and a cluster, and what many results cost.

Each figure is of whole commands, as somebody would give them. On a machine that others use, compare only figures of one
bench.
"""

from __future__ import annotations

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.table import Table

from simulation.proof.campaign.conclude import conclude
from simulation.proof.campaign.coverage import Reach
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.result import Case, Margin, Result, Timed
from simulation.proof.campaign.states import STATES
from simulation.proof.campaign.store import appending, write_sorted

_WORKERS = (1, 2, 4)
_MANY = (1_000, 10_000)
_START_WALL_SECONDS = 60


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="smoke_2d")
    parser.add_argument("--runs", type=int, default=16, help="seeds of each figure")
    arguments = parser.parse_args()
    table = Table("figure", "value", box=None)
    for name, value in _figures(arguments.scenario, arguments.runs):
        table.add_row(name, value)
    Console().print(table)


def _figures(scenario: str, runs: int) -> Iterator[tuple[str, str]]:
    words = ("campaign", scenario, "--seeds", f"1-{runs}", "--environment", "embedded")
    cores, one = len(os.sched_getaffinity(0)), 0.0
    for workers in _WORKERS:
        rate = runs / _timed([(*words, "--jobs", str(workers))]) * 60
        one = one or rate
        ideal = one * min(workers, cores)
        yield f"runs a minute, {workers} workers on {cores} cores", f"{rate:.1f} ({rate / ideal:.0%} of ideal)"
    shards = [(*words, "--jobs", "1", "--shard", f"{number}/{cores}") for number in range(1, cores + 1)]
    yield f"runs a minute, {cores} shards side by side", f"{runs / _timed(shards) * 60:.1f}"
    with cluster(cores) as (address, _):
        rate = runs / _timed([(*words, "--dask", address)]) * 60
        yield f"runs a minute, Dask with {cores} local workers", f"{rate:.1f}"
    for many in _MANY:
        yield from _kept(many)


def _timed(commands: Sequence[Sequence[str]]) -> float:
    """Wall seconds until all have ended.

    :raises RuntimeError: one of them has not passed.
    """
    with tempfile.TemporaryDirectory(prefix="bench-campaign-") as out:
        began = time.perf_counter()
        running = [
            subprocess.Popen(
                [sys.executable, "-m", "simulation", *words, "--out", f"{out}/{number}"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            for number, words in enumerate(commands)
        ]
        codes = [process.wait() for process in running]
        if any(codes):
            raise RuntimeError(f"not all runs of {commands} passed")
        return time.perf_counter() - began


@contextmanager
def cluster(workers: int) -> Iterator[tuple[str, Sequence[subprocess.Popen[bytes]]]]:
    """A scheduler on loopback, by its address, and the processes of its workers."""
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0"]
    with tempfile.TemporaryDirectory(prefix="bench-campaign-") as folder:
        known = Path(folder) / "scheduler.json"
        started = [_quiet([*dask, "--no-dashboard", "--scheduler-file", str(known)])]
        try:
            deadline = time.monotonic() + _START_WALL_SECONDS
            while not known.exists() and time.monotonic() < deadline:
                time.sleep(0.1)
            worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(known)]
            worker += ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", folder]
            started += [_quiet(worker) for _ in range(workers)]
            yield _address(known, workers), started[1:]
        finally:
            for process in started[::-1]:
                process.terminate()
            for process in started:
                process.wait()


def _quiet(words: Sequence[str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _address(known: Path, workers: int) -> str:
    from distributed import Client

    with Client(scheduler_file=str(known), timeout=_START_WALL_SECONDS) as client:
        client.wait_for_workers(workers, timeout=_START_WALL_SECONDS)
        return str(client.scheduler.address)


def _kept(many: int) -> Iterator[tuple[str, str]]:
    """What the command itself costs beside the runs: results are made up, kept, sorted and told."""
    with tempfile.TemporaryDirectory(prefix="bench-campaign-") as name:
        folder = Path(name)
        plan = Plan(scenarios=("smoke_2d",), seeds=tuple(range(1, many + 1)))
        plan.write(folder)
        began = time.perf_counter()
        with appending(folder) as keep:
            for case in plan.cases():
                keep(_made_up(case))
        kept = time.perf_counter()
        write_sorted(folder, plan, of=(folder,))
        conclude(folder, plan, last=None)
        told = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    yield f"{many:,} results: to keep one", f"{(kept - began) / many * 1000:.2f} ms"
    yield f"{many:,} results: page and all", f"{told - kept:.1f} s, peak {peak} MB"


def _made_up(case: Case) -> Timed:
    margins = tuple(
        Margin(what=f"alert Number{number}: series", closest="1", limit="> 3", left=0.5) for number in range(5)
    )
    result = Result(case=case, outcome="pass", digest="0" * 64, faults=("any_kind",) * 6, margins=margins)
    return Timed(result=result, reach=Reach(states=frozenset([*STATES][:20])), wall_seconds=5.0)


if __name__ == "__main__":
    main()
