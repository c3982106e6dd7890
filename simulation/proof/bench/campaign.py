"""``make bench-campaign``: runs a minute by workers, shards and a cluster, and what many results cost.

Each figure is of whole commands, as somebody would give them. On a machine that others use, compare only figures of one
bench.
"""

from __future__ import annotations

import argparse
import os
import resource
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import trustme
from rich.console import Console
from rich.table import Table

from simulation.assembly.request import contract_of
from simulation.environment.process import die_with_parent
from simulation.proof.campaign.conclude import conclude
from simulation.proof.campaign.coverage import Reach, Reachable
from simulation.proof.campaign.live import live
from simulation.proof.campaign.memory import Memory
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.result import Case, Found, Margin, Result, Timed
from simulation.proof.campaign.store import appending, write_sorted
from simulation.words import plural

_WORKERS = (1, 2, 4)
_MANY = (1_000, 10_000)
_CORES = len(os.sched_getaffinity(0))
_ENDED_WITH_THIS = die_with_parent(signal.SIGTERM)
_START_WALL_SECONDS = 60
_END_WALL_SECONDS = 10
"""A worker of Dask that was told to end sometimes waits forever for its own tasks to be cancelled."""
_TLS = "DASK_DISTRIBUTED__COMM__TLS__{}"


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--scenario", default="smoke_2d")
    parser.add_argument("--runs", type=int, default=16, help="seeds of each figure")
    parser.add_argument("--only", choices=_PARTS, help="one part of it")
    arguments = parser.parse_args()
    table = Table("figure", "value", box=None)
    for part in [arguments.only] if arguments.only else _PARTS:
        for name, value in _PARTS[part](arguments.scenario, arguments.runs):
            table.add_row(name, value)
    Console().print(table)


def _words(scenario: str, runs: int) -> tuple[str, ...]:
    return ("campaign", scenario, "--seeds", f"1-{runs}", "--environment", "embedded")


def _by_workers(scenario: str, runs: int) -> Iterator[tuple[str, str]]:
    """More workers than cores gain nothing; that they lose little is what is looked at."""
    one = 0.0
    for workers in _WORKERS:
        rate = runs / _timed([(*_words(scenario, runs), "--jobs", str(workers))]) * 60
        one = one or rate
        ideal = one * min(workers, _CORES)
        yield (
            f"runs a minute, {plural(workers, 'worker')} on {_CORES} cores",
            f"{rate:.1f} ({rate / ideal:.0%} of ideal)",
        )


def _by_shards(scenario: str, runs: int) -> Iterator[tuple[str, str]]:
    words = (*_words(scenario, runs), "--jobs", "1")
    shards = [(*words, "--shard", f"{number}/{_CORES}") for number in range(1, _CORES + 1)]
    yield f"runs a minute, {_CORES} shards side by side", f"{runs / _timed(shards) * 60:.1f}"


def _by_cluster(scenario: str, runs: int) -> Iterator[tuple[str, str]]:
    with cluster(_CORES) as dask:
        rate = runs / _timed([(*_words(scenario, runs), "--dask", dask.address)], dask.environment) * 60
        yield f"runs a minute, Dask with {_CORES} local workers", f"{rate:.1f}"


def _one_after_the_other(scenario: str, runs: int) -> Iterator[tuple[str, str]]:
    """What lives leave in a worker's memory; the second is the baseline."""
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as worker:
        used = [worker.submit(_memory_after, scenario, seed).result() for seed in range(1, max(2, runs) + 1)]
    yield (
        f"memory of a worker after {plural(len(used), 'run')}",
        f"{used[-1]} MB ({used[-1] / used[1]:.2f} × that after 2)",
    )


def _memory_after(scenario: str, seed: int) -> int:
    """Resident megabytes of this process when it has lived this case."""
    with tempfile.TemporaryDirectory(prefix="bench-campaign-") as folder:
        live(Case(scenario=scenario, seed=seed), folder=Path(folder), environment="embedded")
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() // 2**20


def _timed(commands: Sequence[Sequence[str]], environment: Mapping[str, str] | None = None) -> float:
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
                preexec_fn=_ENDED_WITH_THIS,
                env=environment,
            )
            for number, words in enumerate(commands)
        ]
        codes = [process.wait() for process in running]
        if any(codes):
            raise RuntimeError(f"not all runs of {commands} passed")
        return time.perf_counter() - began


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """A scheduler on loopback by its address, the processes of its workers, and what makes others let in."""

    address: str
    workers: Sequence[subprocess.Popen[bytes]]
    environment: Mapping[str, str]
    """For whoever is to use it: a Dask cluster carries out what anybody who is let in sends."""


@contextmanager
def cluster(workers: int) -> Iterator[Cluster]:
    """Nobody else on this machine is let in: both sides show a certificate that was made for it."""
    dask = [sys.executable, "-m", "distributed.cli.dask_scheduler", "--protocol", "tls", "--host", "127.0.0.1"]
    with tempfile.TemporaryDirectory(prefix="bench-campaign-") as folder:
        known = Path(folder) / "scheduler.json"
        environment = {**os.environ, **_certificates(Path(folder))}
        started = [_quiet([*dask, "--port", "0", "--no-dashboard", "--scheduler-file", str(known)], environment)]
        try:
            deadline = time.monotonic() + _START_WALL_SECONDS
            while not known.exists() and time.monotonic() < deadline:
                time.sleep(0.1)
            worker = [sys.executable, "-m", "distributed.cli.dask_worker", "--scheduler-file", str(known)]
            worker += ["--nthreads", "1", "--no-nanny", "--no-dashboard", "--local-directory", folder]
            started += [_quiet(worker, environment) for _ in range(workers)]
            yield Cluster(address=_address(known, workers, environment), workers=started[1:], environment=environment)
        finally:
            for process in started[::-1]:
                process.terminate()
            for process in started:
                _wait(process)


def _certificates(folder: Path) -> dict[str, str]:
    """Dask's variables for a certificate that all of the cluster share, and that is its own authority's."""
    authority, file, key = trustme.CA(), folder / "authority.pem", folder / "shared.pem"
    authority.cert_pem.write_to_path(str(file))
    key.touch(mode=0o600)
    authority.issue_cert("127.0.0.1").private_key_and_cert_chain_pem.write_to_path(str(key))
    sides = ("SCHEDULER", "WORKER", "CLIENT")
    return {
        "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True",
        _TLS.format("CA_FILE"): str(file),
        **{_TLS.format(f"{side}__{part}"): str(key) for side in sides for part in ("CERT", "KEY")},
    }


def _quiet(words: Sequence[str], environment: Mapping[str, str]) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, env=environment, preexec_fn=_ENDED_WITH_THIS
    )


def _wait(process: subprocess.Popen[bytes]) -> None:
    try:
        process.wait(_END_WALL_SECONDS)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _address(known: Path, workers: int, environment: Mapping[str, str]) -> str:
    from distributed import Client
    from distributed.security import Security

    key = environment[_TLS.format("CLIENT__KEY")]
    shown = Security(tls_ca_file=environment[_TLS.format("CA_FILE")], tls_client_cert=key, tls_client_key=key)
    with Client(scheduler_file=str(known), security=shown, timeout=_START_WALL_SECONDS) as client:
        client.wait_for_workers(workers, timeout=_START_WALL_SECONDS)
        return str(client.scheduler.address)


def _by_number(_scenario: str, _runs: int) -> Iterator[tuple[str, str]]:
    """What the command itself costs beside the runs, in a process of its own for each number of results: the fewest
    are the baseline of the others."""
    baseline = None
    for many in _MANY:
        with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as alone:
            cost = alone.submit(_cost, many).result()
        baseline = baseline or cost
        yield f"{many:,} results: to keep one", f"{cost.keep_ms:.2f} ms ({cost.keep_ms / baseline.keep_ms:.2f} ×)"
        yield f"{many:,} results: page and all", f"{cost.tell_ms:.2f} ms each"
        yield f"{many:,} results: peak memory", f"{cost.peak_mb} MB ({cost.peak_mb / baseline.peak_mb:.2f} ×)"


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of a campaign's results, each. ``peak_mb``: of the whole process, which lives nothing."""

    keep_ms: float
    tell_ms: float
    peak_mb: int


def _cost(many: int) -> Cost:
    """Results are made up, kept, sorted, told and compared with an earlier campaign."""
    with tempfile.TemporaryDirectory(prefix="bench-campaign-") as name:
        folder = Path(name)
        plan = Plan(scenarios=("smoke_2d",), seeds=tuple(range(1, many + 1)))
        plan.write(folder)
        reach = _all_reached()
        began = time.perf_counter()
        with appending(folder) as keep:
            for case in plan.cases():
                keep(_made_up(case, reach))
        kept = time.perf_counter()
        write_sorted(folder, plan, of=(folder,))
        conclude(folder, plan, last=None)
        conclude(folder, plan, last=Memory.read(folder))
        told = time.perf_counter()
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    return Cost(keep_ms=(kept - began) / many * 1000, tell_ms=(told - kept) / many * 1000, peak_mb=peak)


def _all_reached() -> Reach:
    """As much as no life reaches."""
    areas = Reachable(kinds=(*map("kind_{}".format, range(6)),), contract=contract_of(None)).areas
    return Reach(**areas)


def _made_up(case: Case, reach: Reach) -> Timed:
    """One in ten fails."""
    margins = tuple(
        Margin(what=f"alert Number{number}: series", closest="1", limit="> 3", left=0.5) for number in range(5)
    )
    found = Found(check="cents_conserved", key=f"{case.seed % 70}", cause="cents are missing", sentence="100 cents")
    bad = case.seed % 10 == 0
    result = Result(
        case=case,
        outcome="fail" if bad else "pass",
        digest=f"{case.seed:064x}",
        findings=(found,) if bad else (),
        faults=("any_kind",) * 6,
        margins=margins,
    )
    return Timed(result=result, reach=reach, wall_seconds=5.0)


_PARTS: Mapping[str, Callable[[str, int], Iterator[tuple[str, str]]]] = {
    "workers": _by_workers,
    "shards": _by_shards,
    "cluster": _by_cluster,
    "lives": _one_after_the_other,
    "results": _by_number,
}


if __name__ == "__main__":
    main()
