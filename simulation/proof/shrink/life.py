"""One run of a scenario that may give the finding, with what shrinking needs to know of it."""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from simulation.assembly import Simulation
from simulation.assembly.request import RunRequest, prepare
from simulation.checks.base import Finding
from simulation.checks.cause import Cause, causes_of
from simulation.checks.verdict import judge
from simulation.events import FaultInjected
from simulation.history import History
from simulation.progress import Silent
from simulation.run import carry_out
from simulation.run_directory import RunDirectory
from simulation.scenario.model import Scenario


class Planted(Protocol):
    """A defect in one run."""

    triggers: list[datetime]
    """When it acted, in simulated time."""

    def plant(self, sim: Simulation) -> None: ...

    def rewritten(self, history: History) -> History: ...


class Defect(Protocol):
    """A defect that is planted in every run, since the failed run had it."""

    @property
    def name(self) -> str: ...

    @property
    def caught_by(self) -> tuple[str, ...]: ...

    def planted(self, *, until: datetime | None = None) -> AbstractContextManager[Planted]:
        """In place within this block, and in the run before the simulated instant ``until``."""
        ...


@dataclass(frozen=True, kw_only=True)
class Life:
    """A run to be made. ``defect_until``: the defect is taken out at this simulated instant."""

    scenario: Scenario
    seed: int
    defect_until: datetime | None = None

    @property
    def key(self) -> str:
        """Equal for equal runs: of the scenario's content and the rest."""
        content = self.scenario.model_dump_json(exclude={"name", "description"})
        return hashlib.sha256(f"{content}\n{self.seed}\n{self.defect_until}".encode()).hexdigest()[:20]


@dataclass(frozen=True, kw_only=True)
class Lived:
    """:param outcome: the verdict's, or ``broke off``. :param strikes: fault's id → its first strike.
    :param named: ids of the faults that the events behind each cause's finding go back to."""

    outcome: str
    causes: Mapping[Cause, Finding]
    named: Mapping[Cause, tuple[str, ...]]
    strikes: Mapping[str, datetime]
    triggers: Sequence[datetime]
    digest: str
    directory: Path


@dataclass(frozen=True, kw_only=True)
class Ground:
    """What is the same in every run. ``target``: folder of a backend; None: the platform that comes along."""

    out: Path
    target: Path | None = None
    defect: Defect | None = None

    def request(self, life: Life) -> RunRequest:
        """The run's inputs, read and checked as those of any other run.

        :raises UsageError: the scenario breaks a rule.
        """
        file = self.out / "scenarios" / f"{life.key}.yaml"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(life.scenario.to_yaml(), encoding="utf-8")
        return prepare(
            scenario=str(file), seed=life.seed, environment="embedded", out=self.out / "runs", target=self.target
        )

    def live(self, life: Life) -> Lived:
        """Carry it out and judge it.

        :raises SimulationError: the harness broke off although no defect is planted: no word about the platform.
        """
        request = self.request(life)
        directory = RunDirectory.create(out=request.out, scenario=request.scenario.name, seed=life.seed)
        planting = nullcontext(None) if self.defect is None else self.defect.planted(until=life.defect_until)
        with planting as planted:
            history, broke_off = _history(request, directory, planted)
            verdict = judge(history if planted is None else planted.rewritten(history))
            causes = causes_of(history, verdict)
            return Lived(
                outcome="broke off" if broke_off else verdict.outcome,
                causes=causes,
                named={cause: _named(history, finding) for cause, finding in causes.items()},
                strikes=_first_strikes(history),
                triggers=() if planted is None else tuple(planted.triggers),
                digest=verdict.digest,
                directory=directory.path,
            )

    def keep_only(self, lived: Lived) -> None:
        """Remove the folders of all other runs, and the candidates' scenarios."""
        for folder in (self.out / "runs").glob("*/*"):
            if folder != lived.directory and not folder.is_symlink():
                shutil.rmtree(folder, ignore_errors=True)
        shutil.rmtree(self.out / "scenarios", ignore_errors=True)

    def forget(self, lived: Lived) -> None:
        """Remove the run's folder."""
        shutil.rmtree(lived.directory, ignore_errors=True)


def _history(request: RunRequest, directory: RunDirectory, planted: Planted | None) -> tuple[History, bool]:
    """The history, and whether the run broke off, which a planted defect may bring about."""
    if planted is None:
        return carry_out(request, directory, Silent()), False
    try:
        return carry_out(request, directory, Silent(), plant=planted.plant), False
    except Exception:  # whatever a defect breaks is judged by what it left
        return History.load(directory.history), True


def _first_strikes(history: History) -> dict[str, datetime]:
    strikes: dict[str, datetime] = {}
    for strike in history.of(FaultInjected):
        strikes.setdefault(strike.fault_id, strike.at)
    return strikes


def _named(history: History, finding: Finding) -> tuple[str, ...]:
    """Faults that the finding names, that its events go back to, or that struck what it is about."""
    ids = finding.keys.named()
    values = set(ids.values())
    shown = set(finding.seqs)
    causes = {event.cause for event in history.events if event.seq in shown}
    struck = history.of(FaultInjected)
    found = {ids["fault_id"]} if "fault_id" in ids else set()
    found |= {strike.fault_id for strike in struck if strike.seq in shown or values & set(strike.keys.values())}
    found |= {strike.fault_id for strike in struck if f"fault:{strike.fault_id}" in causes}
    return tuple(sorted(found))
