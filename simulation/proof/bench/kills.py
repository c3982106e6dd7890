"""``make bench-kills``: a campaign whose workers are killed ten times, and one in shards, lose and change nothing.

Both leave, byte for byte, what a campaign leaves that nobody disturbs, but for times. Else the exit code is 1.
"""

from __future__ import annotations

import argparse
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

from rich.console import Console

from simulation.environment.process import die_with_parent
from simulation.proof.campaign.plan import FILE
from simulation.proof.campaign.store import REACH, RESULTS, results_in
from simulation.words import plural

KILLS, _SHARDS = 10, 3
_SAME = (RESULTS, REACH, FILE)
"""The other files have times in them, and are made of these."""
_ENDED_WITH_THIS = die_with_parent(signal.SIGTERM)
_WALL_SECONDS_BETWEEN = 1.5
"""So that a worker is in the middle of a life, and another one each time."""


def main() -> None:
    """Print what was killed, and whether the files are equal."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenario", default="smoke_2d")
    parser.add_argument("--seeds", type=int, default=8)
    arguments = parser.parse_args()
    console = Console(soft_wrap=True, highlight=False)
    words = ("campaign", arguments.scenario, "--seeds", f"1-{arguments.seeds}", "--draw", "own", "--draw", "several")
    with tempfile.TemporaryDirectory(prefix="bench-kills-") as name:
        folder = Path(name)
        alone = _left_by(words, folder / "alone")
        killed, kills = _killed(words, folder / "killed")
        joined = _joined(words, folder / "shards")
        all_results = [*results_in(alone)]
        lost = len({result.case for result in all_results} - {result.case for result in results_in(killed)})
        console.print(
            f"{plural(len(all_results), 'run')}; {kills} workers killed with -9 meanwhile: {lost} results lost"
        )
        differing = [
            f"{what}: {file} differs"
            for what, other in ((f"{kills} kills", killed), (f"{_SHARDS} shards merged", joined))
            for file in _SAME
            if (alone / file).read_bytes() != (other / file).read_bytes()
        ]
        outcomes = sorted({result.outcome for result in all_results})
        console.print(*differing or [f"undisturbed, killed and merged: equal {', '.join(_SAME)}"], *outcomes, sep="\n")
        sys.exit(bool(differing) or kills < KILLS or outcomes != ["pass"])


def _command(words: tuple[str, ...], out: Path) -> list[str]:
    return [sys.executable, "-m", "simulation", *words, "--out", str(out)]


def _left_by(words: tuple[str, ...], out: Path) -> Path:
    """Carry a command out; its campaign's folder."""
    done = subprocess.run(
        _command(words, out), capture_output=True, text=True, check=False, preexec_fn=_ENDED_WITH_THIS
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(words)} ended with {done.returncode}: {done.stdout[-2000:]}")
    return (out / "campaign" / "latest").resolve()


def _killed(words: tuple[str, ...], out: Path) -> tuple[Path, int]:
    """The folder of a campaign whose workers were killed, and how many were."""
    kills = 0
    with subprocess.Popen(
        _command(words, out), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=_ENDED_WITH_THIS
    ) as campaign:
        try:
            while campaign.poll() is None:
                time.sleep(_WALL_SECONDS_BETWEEN)
                for worker in list(_workers(campaign.pid))[:1] if kills < KILLS else []:
                    os.kill(worker, signal.SIGKILL)
                    kills += 1
        finally:
            campaign.kill()
    return (out / "campaign" / "latest").resolve(), kills


def _workers(pid: int) -> Iterator[int]:
    """Forks that are in the middle of a life: they have a server of their own."""
    return (child for child in sorted(_children(pid)) if any(_children(child)))


def _children(pid: int) -> Iterator[int]:
    for listed in Path(f"/proc/{pid}/task").glob("*/children"):
        with suppress(OSError):  # it has ended meanwhile
            yield from map(int, listed.read_text(encoding="ascii").split())


def _joined(words: tuple[str, ...], out: Path) -> Path:
    shards = [_left_by((*words, "--shard", f"{one}/{_SHARDS}"), out / str(one)) for one in range(1, _SHARDS + 1)]
    return _left_by(("merge", *map(str, shards)), out)


if __name__ == "__main__":
    main()
