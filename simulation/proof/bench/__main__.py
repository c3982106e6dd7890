"""Times the default run, says where its CPU goes, and prints all beside the targets or beside an earlier bench."""

from __future__ import annotations

import argparse
import os
import platform
import resource
import statistics
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.table import Table

from simulation.assembly import RunRequest
from simulation.assembly.request import prepare
from simulation.environment.choice import choose
from simulation.errors import UsageError
from simulation.progress import Silent
from simulation.proof.bench.figures import Figures, figures_of, read_figures, write_figures
from simulation.proof.bench.floor import measured_floor
from simulation.proof.bench.idle_steps import STAGING, idle_steps
from simulation.proof.bench.profile import measured_profile
from simulation.run import run

_TARGETS = {
    "whole run (s)": 8.0,
    "days / floor": 1.5,
    "peak memory (MB)": 200.0,
    "containers up (s)": 10.0,
    "days in containers / embedded": 1.5,
    "as a process / in process": 2.0,
    "idle step beyond the backend (ms)": 3.0,
}


class Stopwatch(Silent):
    """A progress listener that measures the wall time of each phase."""

    def __init__(self) -> None:
        self._marks: list[tuple[str, float]] = [("start", time.perf_counter())]

    def phase(self, text: str) -> None:
        self._marks.append((text, time.perf_counter()))

    def seconds(self, prefix: str) -> float:
        """Wall seconds of the first phase whose name begins with ``prefix``.

        :raises LookupError: there is none.
        """
        for (name, began), (_, ended) in zip(self._marks, self._marks[1:], strict=False):
            if name.startswith(prefix):
                return ended - began
        raise LookupError(prefix)


@dataclass(kw_only=True)
class Measured:
    """Values of each figure, one a repetition, and the verdicts of the runs."""

    values: dict[str, list[float]] = field(default_factory=dict)
    verdicts: list[str] = field(default_factory=list)

    def take(self, values: Mapping[str, float]) -> None:
        """One more value of each of these figures."""
        for name, value in values.items():
            self.values.setdefault(name, []).append(value)

    def medians(self) -> dict[str, float]:
        return {name: statistics.median(values) for name, values in self.values.items()}


def main() -> None:
    """Print the figures with their targets; exit 0 even if they are missed (machines are shared and noisy)."""
    arguments = _arguments()
    earlier = None if arguments.compare is None else read_figures(arguments.compare)
    measured = Measured()
    with tempfile.TemporaryDirectory(prefix="bench-") as out:
        request = prepare(scenario=arguments.scenario, seed=arguments.seed, environment="embedded", out=Path(out))
        profile = measured_profile(request)
        _time_runs(request, arguments.repeat, measured)
        if not arguments.in_process:
            _time_processes(request, arguments.repeat, measured)
        for _ in range(arguments.repeat):
            floor = measured_floor(request)
            ratio = floor.days_seconds / floor.floor_seconds
            measured.take({"floor: same SQL, bare (s)": floor.floor_seconds, "days / floor": ratio})
    figures = figures_of(measured.medians(), profile, floor)
    _print_times(measured)
    _print_figures(figures, earlier)
    if arguments.figures is not None:
        write_figures(arguments.figures, figures, digest=profile.digest, scenario=arguments.scenario)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("scenario", nargs="?", default="founder_absence_14d")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--repeat", type=int, default=3)
    parser.add_argument("--in-process", action="store_true", help="leave out the platform as a process of its own")
    parser.add_argument("--figures", type=Path, help="write everything measured into this JSON file")
    parser.add_argument("--compare", type=Path, help="print it beside the figures of an earlier bench")
    return parser.parse_args()


def _time_runs(request: RunRequest, repeat: int, measured: Measured) -> None:
    with_containers = choose().name == "containers"
    for _ in range(repeat):
        watch = Stopwatch()
        began = time.perf_counter()
        measured.verdicts.append(run(request, watch).verdict.outcome)
        days = watch.seconds("living")
        measured.take({"whole run (s)": time.perf_counter() - began, "day 0 to the last (s)": days})
        if with_containers:
            # Alternating with the embedded runs, so that a busy machine slows both alike.
            contained = Stopwatch()
            run(replace(request, environment="containers"), contained)
            ratio = contained.seconds("living") / days
            up = contained.seconds("starting PostgreSQL")
            measured.take({"containers up (s)": up, "days in containers / embedded": ratio})
    measured.take({"peak memory (MB)": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024})


def _time_processes(request: RunRequest, repeat: int, measured: Measured) -> None:
    """The same scenario against the platform as a process of its own, and steps in which nothing happens."""
    scenario, seed = request.scenario.name, request.seed
    own = prepare(scenario=scenario, seed=seed, environment="embedded", out=request.out, target=STAGING)
    whole = statistics.median(measured.values["whole run (s)"])
    for _ in range(repeat):
        began = time.perf_counter()
        measured.verdicts.append(run(own, Silent()).verdict.outcome)
        took = time.perf_counter() - began
        idle = idle_steps(own)
        measured.take(
            {
                "as a process (s)": took,
                "as a process / in process": took / whole,
                "idle step as a process (ms)": idle.lived_ms,
                "the same backend, woken bare (ms)": idle.bare_ms,
                "idle step beyond the backend (ms)": idle.lived_ms - idle.bare_ms,
                "idle step / bare": idle.lived_ms / idle.bare_ms,
            }
        )


def _print_times(measured: Measured) -> None:
    table = Table(title=f"{platform.machine()}, {os.cpu_count()} cores: median (min to max)", box=None)
    for heading in ("figure", "median", "min", "max", "target"):
        table.add_column(heading, justify="left" if heading == "figure" else "right")
    for name, values in measured.values.items():
        target = f"≤ {_TARGETS[name]:g}" if name in _TARGETS else "baseline"
        numbers = (statistics.median(values), min(values), max(values))
        table.add_row(name, *(f"{number:.2f}" for number in numbers), target)
    Console().print(table)
    Console().print(f"verdicts: {', '.join(measured.verdicts)}", highlight=False)


def _print_figures(figures: Figures, earlier: Figures | None) -> None:
    """Where the CPU goes, and the counts; with an earlier bench's beside them, and the ratio to it."""
    for group, values in figures.items():
        before = {} if earlier is None else earlier[group]
        table = Table(title=group, box=None, title_justify="left")
        for heading in ("figure", "now", "before", "ratio"):
            table.add_column(heading, justify="left" if heading == "figure" else "right")
        for name in [*values, *(name for name in before if name not in values)]:
            now, then = values.get(name), before.get(name)
            ratio = f"{now / then:.2f}" if now is not None and then else ""
            table.add_row(name, _number(now), _number(then), ratio)
        Console().print(table)


def _number(value: float | None) -> str:
    if value is None:
        return ""
    return f"{value:,.0f}" if value == int(value) and value >= 1 else f"{value:.2f}"


if __name__ == "__main__":
    try:
        main()
    except UsageError as error:
        raise SystemExit(str(error)) from error
