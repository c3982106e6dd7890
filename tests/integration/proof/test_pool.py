"""A pool of runs ends with the process that made it, and what its workers started ends with them; a gate, too."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DEADLINE_WALL_SECONDS = 120
"""Until hope is given up on a crowded machine; it takes a second or two."""


SABOTAGE = ("-m", "simulation", "sabotage", "--all", "--jobs", "2")
"""Two runs at a time."""
GATE = (
    "-c",
    """if True:
    import simulation.cli.gate
    from simulation.cli import main
    from simulation.environment.choice import Choice
    simulation.cli.gate._demand_containers = lambda _: Choice(name="embedded", reason="no engine is needed to end")
    main()
    """,
    *("gate", "quiet_14d", "--seeds", "1-3", "--jobs", "1", "--quiet"),
)
CLOSURE = (
    "-c",
    """if True:
    import simulation.cli.closure
    from simulation.checks.run_record import Release
    from simulation.cli import main
    from simulation.closure.gates import Closure, Gate, Item
    lacks = Item(name="simulation", says="it passed", missing=("there is no run",))
    gates = (Gate(phase="06C", says="", items=(lacks,)),)
    simulation.cli.closure._asked = lambda *_: Closure(gates=gates, of=Release())
    main()
    """,
    *("closure", "--run", "--scenario", "smoke_2d"),
)


@contextmanager
def _campaign(
    out: Path, *, words: Sequence[str] = SABOTAGE, runs: int = 2, **options: Any
) -> Iterator[subprocess.Popen[str]]:
    """A command with that many runs, while they live their days; killed should anything go wrong."""
    command = [sys.executable, *words, "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options) as campaign:
        try:
            _wait_until(lambda: len(_living_days(out)) >= runs)
            yield campaign
        finally:
            campaign.kill()


def _living_days(out: Path) -> list[Path]:
    """Histories that say more than how the run began."""
    return [history for history in out.rglob("history.jsonl") if history.stat().st_size > 100_000]


def _wait_until(true: Callable[[], bool]) -> None:
    deadline = time.monotonic() + DEADLINE_WALL_SECONDS
    while not true():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def _descendants(pid: int) -> set[int]:
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            text = stat.read_text()
        except OSError:
            continue
        parents[int(stat.parent.name)] = int(text.rpartition(")")[2].split()[1])
    found, fresh = set[int](), {pid}
    while fresh:
        fresh = {child for child, parent in parents.items() if parent in fresh} - found
        found |= fresh
    return found


def _alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


_SIGNALS = pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)],
    ids=lambda value: getattr(value, "name", ""),
)


@_SIGNALS
def test_a_gate_ends_with_everything_it_started_and_begins_no_further_seed(
    tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with _campaign(tmp_path, words=GATE, runs=1) as gate:
        started = _descendants(gate.pid)
        assert len(started) > 1, "a server at least"
        os.kill(gate.pid, number)
        gate.wait(DEADLINE_WALL_SECONDS)
        _wait_until(lambda: not any(map(_alive, started)))
    assert gate.returncode == code
    assert [folder.name[-5:] for folder in (tmp_path / "quiet_14d").iterdir()] == ["seed1"], (
        "no further seed, no latest"
    )
    assert not list(tmp_path.glob("gate/latest"))


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL], ids=lambda number: number.name)
def test_what_closure_runs_ends_with_it(tmp_path: Path, number: signal.Signals) -> None:
    with _campaign(tmp_path, words=CLOSURE, runs=1) as closure:
        started = _descendants(closure.pid)
        assert len(started) > 2, "the run, and its server"
        os.kill(closure.pid, number)
        closure.wait(DEADLINE_WALL_SECONDS)
        _wait_until(lambda: not any(map(_alive, started)))
    assert closure.returncode == (143 if number == signal.SIGTERM else -number)
    assert not list(tmp_path.glob("closure/*"))


@_SIGNALS
def test_a_campaign_ends_with_everything_it_started(tmp_path: Path, number: signal.Signals, code: int) -> None:
    with _campaign(tmp_path) as campaign:
        started = _descendants(campaign.pid)
        assert len(started) > 4, "two workers, and a server of at least one"
        os.kill(campaign.pid, number)
        campaign.wait(DEADLINE_WALL_SECONDS)
        _wait_until(lambda: not any(map(_alive, started)))
    assert campaign.returncode == code
    assert not list(tmp_path.glob("sabotage/latest"))


def test_a_campaign_whose_terminal_is_closed_ends_with_everything_it_started(tmp_path: Path) -> None:
    """A hang-up reaches every process of the terminal, the workers too."""
    with _campaign(tmp_path, start_new_session=True) as campaign:
        started = _descendants(campaign.pid)
        os.killpg(campaign.pid, signal.SIGHUP)
        campaign.wait(DEADLINE_WALL_SECONDS)
        _wait_until(lambda: not any(map(_alive, started)))
    assert campaign.returncode == 128 + signal.SIGHUP
