"""Runs many trials, some at a time, each in a process of its own; controls are shared between entries."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from simulation.proof.parallel import in_parallel
from simulation.sabotage.catalogue import CATALOGUE
from simulation.sabotage.needs import missing
from simulation.sabotage.registry import Sabotage
from simulation.sabotage.ruling import Ruling, rule
from simulation.sabotage.trial import Trial, attempt

Told = Callable[[Trial], None]


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """Everything that was tried: rulings in the order of the catalogue, then of the seeds.

    :param untried: entry → why this machine cannot try it.
    """

    rulings: tuple[Ruling, ...]
    controls: tuple[Trial, ...]
    untried: Mapping[str, str] = field(default_factory=dict)

    @property
    def good(self) -> bool:
        return all(ruling.good for ruling in self.rulings) and all(trial.outcome == "pass" for trial in self.controls)


@dataclass(frozen=True, kw_only=True)
class _Job:
    """One run to make. Entries are passed by name, since their functions cannot be sent to another process."""

    name: str | None
    scenario: str
    seed: int


def carry_out(
    entries: Sequence[Sabotage], *, seeds: Iterable[int], workers: int, out: Path, told: Told, swarmed: bool = False
) -> Campaign:
    """Run every entry with every seed, and each scenario once per seed without any.

    :param workers: processes at a time. :param told: called with each trial as it ends.
    :param swarmed: with the seed's faults in place of the scenarios' own, among which a defect may find no chance.
    """
    seeds = tuple(seeds)
    untried = {entry.name: why for entry in entries if (why := missing(entry.needs)) is not None}
    entries = [entry for entry in entries if entry.name not in untried]
    scenarios = dict.fromkeys(entry.scenario for entry in entries)
    jobs = [_Job(name=None, scenario=scenario, seed=seed) for seed in seeds for scenario in scenarios]
    jobs += [_Job(name=entry.name, scenario=entry.scenario, seed=seed) for entry in entries for seed in seeds]
    trials = _run(jobs, partial(_try, out=out, swarmed=swarmed), workers=workers, told=told)
    controls = {(trial.scenario, trial.seed): trial for trial in trials.values() if trial.sabotage is None}
    return Campaign(
        rulings=tuple(
            rule(entry, trials[entry.name, entry.scenario, seed], controls[entry.scenario, seed])
            for entry in entries
            for seed in seeds
        ),
        controls=tuple(controls.values()),
        untried=untried,
    )


def _run(
    jobs: Sequence[_Job], work: Callable[[_Job], Trial], *, workers: int, told: Told
) -> dict[tuple[str | None, str, int], Trial]:
    trials = in_parallel(jobs, work, workers=workers, told=told)
    return {(trial.sabotage, trial.scenario, trial.seed): trial for trial in trials}


def _try(job: _Job, *, out: Path, swarmed: bool) -> Trial:
    entry = CATALOGUE[job.name] if job.name is not None else None
    return attempt(entry, scenario=job.scenario, seed=job.seed, out=out, swarmed=swarmed)
