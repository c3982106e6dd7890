"""``make bench-gateway``: what the way of a backend through the gateway before its database costs, if that only looks.

The same run again and again, by turns with every statement passing the gateway and with none: the processor time of all
its processes, and the time on the clock. No statement is struck.
"""

from __future__ import annotations

import argparse
import resource
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from statistics import median

from simulation.assembly.request import prepare
from simulation.environment.process import die_with_parent
from simulation.faults.statements import Passing
from simulation.paths import ROOT
from simulation.progress import Silent
from simulation.run import carry_out
from simulation.run_directory import RunDirectory

_STAGING = ROOT / "fixtures" / "targets" / "staging"
_SCENARIO = "smoke_2d"
_WORTH_IT_ALWAYS = 1.10
"""Up to this ratio every run could have the gateway; above it only those whose plan strikes at a statement."""


@dataclass(frozen=True, kw_only=True)
class Cost:
    """Of one run, in seconds."""

    processor: float
    wall: float


def main() -> int:
    """Print the medians and their ratio."""
    parser = argparse.ArgumentParser(prog="make bench-gateway", description=__doc__)
    parser.add_argument("--runs", type=int, default=5, help="so many with the gateway and as many without (default: 5)")
    parser.add_argument("--one", choices=("with", "without"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one is not None:
        _live(watched=asked.one == "with")
        return 0
    costs: dict[str, list[Cost]] = {"without": [], "with": []}
    for _ in range(asked.runs):
        for which, found in costs.items():
            found.append(_cost_of(which))
    medians = {
        which: Cost(processor=median(one.processor for one in found), wall=median(one.wall for one in found))
        for which, found in costs.items()
    }
    for which, cost in medians.items():
        sys.stdout.write(f"{which:8} the gateway: {cost.processor:5.1f} s of processor, {cost.wall:5.1f} s\n")
    ratio = medians["with"].processor / medians["without"].processor
    wall = medians["with"].wall / medians["without"].wall
    who = "every run could have it" if ratio <= _WORTH_IT_ALWAYS else "for runs that strike at a statement only, as now"
    sys.stdout.write(f"ratio: {ratio:.3f} of processor, {wall:.3f} of time: {who}\n")
    return 0


def _cost_of(which: str) -> Cost:
    before, began = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", __spec__.name, "--one", which], check=True, preexec_fn=die_with_parent(signal.SIGTERM)
    )
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    used = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return Cost(processor=used, wall=time.perf_counter() - began)


def _live(*, watched: bool) -> None:
    def pass_by(_passing: Passing) -> None:
        pass

    with tempfile.TemporaryDirectory(prefix="bench-gateway-") as out:
        request = prepare(scenario=_SCENARIO, seed=1, out=Path(out), target=_STAGING)
        if watched:
            request = replace(request, on_statement=pass_by)
        carry_out(request, RunDirectory.create(out=request.out, scenario=_SCENARIO, seed=1), Silent())


if __name__ == "__main__":
    sys.exit(main())
