"""``--twice`` and ``simulate determinism``: the same run again must leave the same history, byte for byte."""

from __future__ import annotations

import json
import multiprocessing
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from itertools import zip_longest
from pathlib import Path

from rich.console import Console

from simulation.errors import EnvironmentFault
from simulation.run_directory import RunDirectory

_HASH_SEEDS = ("0", "4711")
_JUDGED = (0, 1, 2)
"""Exit codes of a run that has a verdict; which verdict does not matter here."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first line in which two histories part. A side is empty when its history is over."""

    line: int
    at: str
    first: str
    second: str

    def __str__(self) -> str:
        return (
            f"the histories part at event {self.line}, simulated {self.at}\n"
            f"  first   {self.first or '(the history is over)'}\n"
            f"  second  {self.second or '(the history is over)'}"
        )


def first_difference(first: Path, second: Path) -> Difference | None:
    """Hold two ``history.jsonl`` against each other; None when they are equal."""
    with open(first) as one, open(second) as other:
        for number, (left, right) in enumerate(zip_longest(one, other, fillvalue=""), start=1):
            if left != right:
                return Difference(line=number, at=_instant(left or right), first=left.strip(), second=right.strip())
    return None


def _instant(line: str) -> str:
    try:
        return str(json.loads(line)["at"])
    except (ValueError, KeyError):
        return "(unknown)"


def again(directory: RunDirectory, *, seed: int, out: Path) -> Path:
    """Run what a run directory holds once more, in another process with other hashes; returns its history.

    :raises EnvironmentFault: the second run has no verdict.
    """
    child = _start(str(directory.scenario), seed=seed, out=out, hash_seed=_HASH_SEEDS[1], faults=directory.faults)
    return _history(child, out)


def check_twice(directory: RunDirectory, *, seed: int) -> Difference | None:
    """``simulate run --twice``: the first event where a second run parts from the one in ``directory``."""
    with tempfile.TemporaryDirectory(prefix="simulate-twice-") as folder:
        return first_difference(directory.history, again(directory, seed=seed, out=Path(folder)))


def determinism_command(scenario: str, *, seeds: int, load: bool) -> int:
    """Run each seed twice, side by side, with different hash seeds. 0: all histories are equal; 1: not so."""
    console = Console()
    parted = 0
    with _cpu_load() if load else nullcontext():
        for seed in range(1, seeds + 1):
            difference = _compare(scenario, seed)
            parted += difference is not None
            console.print(f"seed {seed:4}  {difference or 'equal'}", highlight=False, soft_wrap=True)
    console.print(f"{seeds - parted} of {seeds} seeds gave the same history twice{' under load' if load else ''}")
    return 1 if parted else 0


def _compare(scenario: str, seed: int) -> Difference | None:
    with tempfile.TemporaryDirectory(prefix="simulate-determinism-") as folder:
        outs = [Path(folder) / hash_seed for hash_seed in _HASH_SEEDS]
        children = [
            _start(scenario, seed=seed, out=out, hash_seed=hash_seed)
            for out, hash_seed in zip(outs, _HASH_SEEDS, strict=True)
        ]
        first, second = (_history(child, out) for child, out in zip(children, outs, strict=True))
        return first_difference(first, second)


def _start(scenario: str, *, seed: int, out: Path, hash_seed: str, faults: Path | None = None) -> subprocess.Popen[str]:
    given = [] if faults is None else ["--faults", str(faults)]
    return subprocess.Popen(
        [
            sys.executable,
            "-m",
            "simulation",
            "run",
            scenario,
            "--seed",
            str(seed),
            "--quiet",
            "--out",
            str(out),
            *given,
        ],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
    )


def _history(child: subprocess.Popen[str], out: Path) -> Path:
    _, errors = child.communicate()
    found = sorted(out.glob("*/latest/history.jsonl"))
    if child.returncode not in _JUDGED or not found:
        raise EnvironmentFault(
            problem=f"the run to compare with ended with {child.returncode}: {errors.strip()[-500:]}",
            remedy="run the scenario by itself and mend what it says",
        )
    return found[0]


@contextmanager
def _cpu_load() -> Iterator[None]:
    """A busy process on every core but none of ours slowed to a halt: what a crowded CI machine is like."""
    context = multiprocessing.get_context("spawn")
    busy = [context.Process(target=_spin, daemon=True) for _ in range(os.cpu_count() or 1)]
    for process in busy:
        process.start()
    try:
        yield
    finally:
        for process in busy:
            process.terminate()
            process.join()


def _spin() -> None:
    while True:
        sum(range(100_000))
