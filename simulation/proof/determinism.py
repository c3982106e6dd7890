"""``--twice`` and ``simulate determinism``: the same run, repeated, must give the same history, byte for byte."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext
from dataclasses import dataclass
from itertools import takewhile, zip_longest
from pathlib import Path

from simulation.environment.process import die_with_parent
from simulation.errors import EnvironmentFault
from simulation.events import Event
from simulation.paths import DEFAULT_SCENARIO, SCENARIOS_FOLDER
from simulation.run_directory import RunDirectory
from simulation.scenario.file import available_scenarios, load_scenario
from simulation.scenario.orders import Profile

Pair = tuple[str, int]
"""Scenario and seed."""
_SEEDS = 20
_PROFILE = "contests"
"""Of the staging platform."""
_BUSY = "while True: sum(range(100_000))"
_HASH_SEEDS = ("0", "4711")
_JUDGED = (0, 1, 2)
"""Exit codes of a run that has a verdict (pass, fail or unknown)."""


@dataclass(frozen=True, kw_only=True)
class Difference:
    """The first line in which two histories differ; ``first`` or ``second`` is empty if that history has ended."""

    line: int
    at: str
    first: str
    second: str

    def __str__(self) -> str:
        """An event may have thousands of lines of a log: of a long one, what stands around the first difference."""
        alike = sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(self.first, self.second, strict=False)))
        return (
            f"the histories part at event {self.line}, simulated {self.at}\n"
            f"  first   {_around(self.first, alike) or '(the history is over)'}\n"
            f"  second  {_around(self.second, alike) or '(the history is over)'}"
        )


_LONGEST_TOLD = 1000
_TOLD_BEFORE = 300


def _around(line: str, place: int) -> str:
    if len(line) <= _LONGEST_TOLD:
        return line
    first = max(0, place - _TOLD_BEFORE)
    last = first + _LONGEST_TOLD
    return f"{'… ' if first else ''}{line[first:last]}{' …' if last < len(line) else ''}"


def first_difference(first: Path, second: Path) -> Difference | None:
    """Compare two ``history.jsonl`` files; None when they are equal."""
    with open(first, encoding="utf-8") as one, open(second, encoding="utf-8") as other:
        for number, (left, right) in enumerate(zip_longest(one, other, fillvalue=""), start=1):
            if left != right and _within_digest(left) != _within_digest(right):
                return Difference(line=number, at=_instant(left or right), first=left.strip(), second=right.strip())
    return None


def _within_digest(line: str) -> object:
    """An event without what is no part of its digest: the machine, the code's commit, the command."""
    try:
        document = json.loads(line)
        outside = _OUTSIDE.get(document.get("kind"), frozenset())
    except (ValueError, AttributeError):
        return line
    return {name: value for name, value in document.items() if name not in outside}


_OUTSIDE = {kind.model_fields["kind"].default: kind.outside_digest for kind in Event.__subclasses__()}
"""Kind of event → its fields outside of the digest."""


def _instant(line: str) -> str:
    try:
        return str(json.loads(line)["at"])
    except (ValueError, KeyError):
        return "(unknown)"


def check_twice(directory: RunDirectory, *, asked: Sequence[str]) -> Difference | None:
    """``simulate run --twice``: the first event in which a second run, in another process with another hash seed,
    differs from the one in ``directory``.

    :param asked: the arguments of ``simulate`` that live the run once more.
    :raises EnvironmentFault: the second run has no verdict.
    """
    with tempfile.TemporaryDirectory(prefix="simulate-twice-") as folder, ExitStack() as running:
        child = _start(asked, out=Path(folder), hash_seed=_HASH_SEEDS[1])
        running.callback(_end, child)
        return first_difference(directory.history, _history(child, Path(folder)))


def compare_pairs(
    pairs: Iterable[Pair], *, load: bool, target: Path | None = None
) -> Iterator[tuple[Pair, Difference | None]]:
    """Run each pair twice, at the same time, with different hash seeds; yields its first difference, or None.

    :param load: keep every core busy during the runs.
    :param target: the folder of a backend of its own; else the staging platform.
    :raises EnvironmentFault: a run has no verdict.
    """
    with _cpu_load() if load else nullcontext():
        for scenario, seed in pairs:
            yield (scenario, seed), _compare(scenario, seed, target=target)


def pairs_of(named: Sequence[str], *, seeds: int | None) -> Iterator[Pair]:
    """The scenarios and seeds to compare.

    :param named: names or paths of scenarios; if empty, all of the project's that the staging platform can run,
        including those of runbooks and defects.
    :param seeds: use seeds 1 to N for each; if None, N is 20 for named scenarios and the default one, 1 for others.
    """
    for scenario in named or _all_scenarios():
        usual = _SEEDS if named or scenario == DEFAULT_SCENARIO else 1
        yield from ((scenario, seed) for seed in range(1, (seeds or usual) + 1))


def of_another_profile() -> list[str]:
    """Scenarios of the project that its staging platform cannot run: they are about another kind of business."""
    return [scenario for scenario, profile in _profiles().items() if profile != _PROFILE]


def _all_scenarios() -> list[str]:
    return [scenario for scenario, profile in _profiles().items() if profile == _PROFILE]


def _profiles() -> dict[str, Profile]:
    """Every scenario of the project: its name, or its path when it is in a subfolder → its profile."""
    files = {**available_scenarios(), **{str(file): file for file in sorted(SCENARIOS_FOLDER.glob("*/*.yaml"))}}
    return {scenario: load_scenario(file).profile for scenario, file in files.items()}


def _compare(scenario: str, seed: int, *, target: Path | None) -> Difference | None:
    asked = ["run", scenario, "--seed", str(seed), *([] if target is None else ["--target", str(target)])]
    with tempfile.TemporaryDirectory(prefix="simulate-determinism-") as folder, ExitStack() as running:
        outs = [Path(folder) / hash_seed for hash_seed in _HASH_SEEDS]
        starts = zip(outs, _HASH_SEEDS, strict=True)
        children = [_start(asked, out=out, hash_seed=hash_seed) for out, hash_seed in starts]
        for child in children:
            running.callback(_end, child)
        first, second = (_history(child, out) for child, out in zip(children, outs, strict=True))
        return first_difference(first, second)


def _end(child: subprocess.Popen[str]) -> None:
    """Terminate a run that is still going, so that it cleans up; no effect on one that has ended."""
    with child:
        child.terminate()


def _start(asked: Sequence[str], *, out: Path, hash_seed: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "simulation", *asked, "--quiet", "--out", str(out)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        env={**os.environ, "PYTHONHASHSEED": hash_seed},
        preexec_fn=die_with_parent(signal.SIGTERM),
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
    """Within this block, run a busy process for every core, as on a crowded CI machine. They end with this process."""
    with ExitStack() as stack:
        for _ in range(os.cpu_count() or 1):
            busy = stack.enter_context(
                subprocess.Popen([sys.executable, "-c", _BUSY], preexec_fn=die_with_parent(signal.SIGKILL))
            )
            stack.callback(busy.kill)
        yield
