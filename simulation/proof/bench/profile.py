"""Where the CPU seconds of one run go: to this process by subsystem, to PostgreSQL, to the operator's shells.

The profile is statistical: every few milliseconds of CPU time the kernel interrupts, and the innermost line of the
project's own code that is under way gets the sample. CPU seconds mean user and system together.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

from simulation.assembly import RunRequest
from simulation.history import current_cause
from simulation.paths import ROOT
from simulation.progress import Silent
from simulation.proof.bench.floor import origin_of
from simulation.run import run

_INTERVAL_SECONDS = 0.002
_CODE = f"{ROOT / 'simulation'}{os.sep}"
_DRIVERS = ("proof", "clock.py", "run.py")
"""Code that only calls the rest: a sample under it goes to whatever it called."""
_IMPORTS = "import simulation.cli.run, simulation.targets.builtin"


@dataclass(frozen=True, kw_only=True)
class PhaseCpu:
    """CPU seconds of one phase of a run."""

    own: float
    postgres: float
    children: float
    """Programs that were started and have ended: the operator's shells, in the days; at the end also PostgreSQL."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """CPU seconds of a run; of this process during the days also by subsystem and by what caused the work."""

    imports: float
    phases: Mapping[str, PhaseCpu]
    subsystems: Mapping[str, float]
    origins: Mapping[str, float]
    events: int
    digest: str


class Sampler:
    """Samples what this process does in its CPU time, while :meth:`sampling`."""

    def __init__(self) -> None:
        self.subsystems: Counter[str] = Counter()
        self.origins: Counter[str] = Counter()

    @contextmanager
    def sampling(self) -> Iterator[None]:
        """Within this block, samples are taken; only in the main thread."""
        before = signal.signal(signal.SIGPROF, self._take)
        signal.setitimer(signal.ITIMER_PROF, _INTERVAL_SECONDS, _INTERVAL_SECONDS)
        try:
            yield
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            signal.signal(signal.SIGPROF, before)

    def _take(self, _number: int, frame: FrameType | None) -> None:
        self.subsystems[subsystem_of(frame)] += 1
        self.origins[origin_of(current_cause())] += 1


def subsystem_of(frame: FrameType | None) -> str:
    """The innermost own code on the stack: ``staging/money``, ``history.py``; "loop" where there is none but drivers.

    A package of a package is a subsystem, and so is a module that stands beside packages.
    """
    while frame is not None:
        file = frame.f_code.co_filename
        if file.startswith(_CODE):
            parts = file.removeprefix(_CODE).split(os.sep)
            if parts[0] not in _DRIVERS:
                return "/".join(parts[:2])
        frame = frame.f_back
    return "loop"


class _CpuWatch(Silent):
    """A progress listener that notes CPU seconds at the start of each phase, and samples the days."""

    def __init__(self, sampler: Sampler) -> None:
        self._sampler = sampler
        self._marks: list[tuple[str, PhaseCpu]] = []
        self._sampling = ExitStack()
        self.phase("before the server")

    def phase(self, text: str) -> None:
        self._sampling.close()
        self._marks.append((text, _cpu_now()))
        if text.startswith("living"):
            self._sampling.enter_context(self._sampler.sampling())

    def phases(self) -> dict[str, PhaseCpu]:
        """CPU seconds of each phase."""
        return {
            name: PhaseCpu(
                own=end.own - begin.own,
                postgres=max(0.0, end.postgres - begin.postgres),
                children=end.children - begin.children,
            )
            for (name, begin), (_, end) in zip(self._marks, self._marks[1:], strict=False)
        }


def measured_profile(request: RunRequest) -> Profile:
    """Carry out one run and see where its CPU time goes."""
    sampler = Sampler()
    watch = _CpuWatch(sampler)
    result = run(request, watch)
    watch.phase("end")
    phases = watch.phases()
    days = next(cpu.own for name, cpu in phases.items() if name.startswith("living"))
    return Profile(
        imports=_cpu_of_imports(),
        phases=phases,
        subsystems=_shares(sampler.subsystems, days),
        origins=_shares(sampler.origins, days),
        events=len(result.history.events),
        digest=result.history.digest(),
    )


def _shares(samples: Counter[str], seconds: float) -> dict[str, float]:
    """The seconds, divided as the samples are; largest share first."""
    total = samples.total() or 1
    return {name: seconds * number / total for name, number in samples.most_common()}


def _cpu_now() -> PhaseCpu:
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return PhaseCpu(own=time.process_time(), postgres=_postgres_cpu(), children=ended.ru_utime + ended.ru_stime)


def _postgres_cpu() -> float:
    """Of the servers that this process started, with their backends and those that have ended (proc_pid_stat(5))."""
    servers = {stat.pid: stat for stat in _postgres_processes()}
    postmasters = {pid for pid, stat in servers.items() if stat.parent == os.getpid()}
    ticks = sum(
        stat.own + stat.ended if pid in postmasters else stat.own
        for pid, stat in servers.items()
        if pid in postmasters or stat.parent in postmasters
    )
    return ticks / os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True, kw_only=True)
class _Stat:
    """One process: ``own`` and its ended children's clock ticks of CPU time."""

    pid: int
    parent: int
    own: int
    ended: int


def _postgres_processes() -> Iterator[_Stat]:
    for file in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, fields = file.read_text(encoding="utf-8", errors="replace").rsplit(")", 1)
        except OSError:  # it has ended
            continue
        if name.endswith("(postgres"):
            parent, *times = (int(fields.split()[index]) for index in (1, 11, 12, 13, 14))
            pid = int(file.parent.name)
            yield _Stat(pid=pid, parent=parent, own=sum(times[:2]), ended=sum(times[2:]))


def _cpu_of_imports() -> float:
    """CPU seconds that ``simulate run`` takes to import its modules, beyond a bare interpreter."""
    return _cpu_of(_IMPORTS) - _cpu_of("pass")


def _cpu_of(program: str) -> float:
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run([sys.executable, "-c", program], check=True, cwd=Path(ROOT))
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
