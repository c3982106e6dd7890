"""A pool of runs ends with the process that made it, and what its workers started ends with them."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

DEADLINE_WALL_SECONDS = 120
"""Until hope is given up on a crowded machine; it takes a second or two."""


@contextmanager
def _campaign(out: Path, **options: Any) -> Iterator[subprocess.Popen[str]]:
    """``simulate sabotage --all``, two runs at a time, while both live their days; killed should anything go wrong."""
    command = [sys.executable, "-m", "simulation", "sabotage", "--all", "--jobs", "2", "--out", str(out)]
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, **options) as campaign:
        try:
            _wait_until(lambda: len(_living_days(out)) >= 2)
            yield campaign
        finally:
            campaign.kill()


def _living_days(out: Path) -> list[Path]:
    """Histories that say more than how the run began."""
    histories = out.glob("sabotage/*/runs/**/history.jsonl")
    return [history for history in histories if history.stat().st_size > 100_000]


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


@pytest.mark.parametrize(
    ("number", "code"),
    [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGKILL, -signal.SIGKILL)],
    ids=lambda value: getattr(value, "name", ""),
)
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
