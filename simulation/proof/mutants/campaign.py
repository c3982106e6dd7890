"""A sample of the platform's mutants, each judged by the scenarios that reach its line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial

from simulation.chance import chance
from simulation.paths import DEFAULT_SCENARIO, ROOT
from simulation.proof.mutants.equivalent import Equivalents
from simulation.proof.mutants.kept import Kept
from simulation.proof.mutants.reach import Judge, Reach, reach_of, reaching
from simulation.proof.mutants.source import Mutant, mutants_of, sources
from simulation.proof.mutants.tree import PACKAGE
from simulation.proof.mutants.trial import Trial, attempt
from simulation.proof.parallel import in_parallel

_SABOTAGE = "payday money_back scores correction restore secret_rolled killed_asking dispute_endings"
_RUNBOOKS = (
    "authentication_service_unavailable contest_lock_failed database_connection_failure deploy_configuration_change "
    "escalation ingestion_lag payout_balance_insufficient payout_idempotency_conflict payout_winner_deleted "
    "refund_request refund_returned settlement_failed_mid_run"
)
SCENARIOS = (
    "smoke_2d",
    *(f"scenarios/sabotage/{name}.yaml" for name in _SABOTAGE.split()),
    *(f"scenarios/runbooks/{name}.yaml" for name in _RUNBOOKS.split()),
    DEFAULT_SCENARIO,
)
"""From short to long; the default one has all that the specification asks for."""
AS_PROCESSES = ("scenarios/runbooks/deploy_configuration_change.yaml",)
"""Lived once more with the platform as processes of its own, which share what one process has to itself."""
_MOST_JUDGES = 7
"""In how many scenarios a mutant is tried, in the process of the run; each takes some ten seconds."""


@dataclass(frozen=True, kw_only=True)
class Campaign:
    """``total``: how many mutants the platform has. ``lines``: (reached by a scenario, all that have a mutant).

    ``left``: how many of the sample are not judged yet.
    """

    total: int
    lines: tuple[int, int]
    trials: tuple[Trial, ...]
    left: int = 0

    @property
    def fates(self) -> Counter[str]:
        return Counter(trial.fate for trial in self.trials)

    @property
    def share(self) -> float:
        """Of the mutants that ran and are not equivalent, those that the jury named, in percent.

        A platform that does not stand, or never ends, counts for neither: whoever starts it sees that it does not work.
        """
        fates = self.fates
        judged = fates["named"] + fates["in doubt"] + fates["alive"]
        return 100.0 * fates["named"] / judged if judged else 100.0


@dataclass(frozen=True, kw_only=True)
class _Job:
    mutant: Mutant
    judges: tuple[Reach, ...]


def carry_out(
    *,
    size: int,
    seed: int,
    workers: int,
    equivalents: Equivalents,
    kept: Kept,
    only: str = "",
    most: int | None = None,
    told: Callable[[Trial], None],
    measured: Callable[[Reach], None],
) -> Campaign:
    """Draw ``size`` mutants that a scenario reaches, and judge each whose fate is not known.

    :param seed: of the sample and of the runs. :param only: part of the name of the files to draw from.
    :param kept: what earlier portions of the campaign found; what this one finds is added at once.
    :param most: judge so many, and leave the rest.
    :raises EnvironmentFault: a scenario does not pass with the platform as it is.
    """
    everyone = [mutant for file, text in sources(ROOT / PACKAGE) for mutant in mutants_of(text, file=file)]
    reaches = _reaches(kept, seed=seed, workers=workers, told=measured)
    known = [mutant for mutant in everyone if only in mutant.file]
    reached = [mutant for mutant in known if reaching(reaches, file=mutant.file, line=mutant.line)]
    drawn, known_fates = draw(reached, size=size, seed=seed), kept.trials()
    same = [Trial(mutant=mutant, fate="equivalent") for mutant in drawn if mutant in equivalents]
    before = [known_fates[mutant] for mutant in drawn if mutant in known_fates and mutant not in equivalents]
    left = [mutant for mutant in drawn if mutant not in known_fates and mutant not in equivalents]

    def keep(trial: Trial) -> None:
        kept.keep_trial(trial)
        told(trial)

    jobs = [_Job(mutant=mutant, judges=judges_of(reaches, mutant)) for mutant in left[:most]]
    trials = in_parallel(jobs, partial(_try, seed=seed), workers=workers, told=keep)
    return Campaign(
        total=len(known),
        lines=(len({(mutant.file, mutant.line) for mutant in reached}), len({(m.file, m.line) for m in known})),
        trials=tuple(sorted([*same, *before, *trials], key=lambda trial: (trial.mutant.file, trial.mutant.number))),
        left=len(left) - len(jobs),
    )


def _reaches(kept: Kept, *, seed: int, workers: int, told: Callable[[Reach], None]) -> list[Reach]:
    """What each scenario reaches: as it was measured before, or measured now."""
    before = kept.reaches()
    wanted = [Judge(scenario=scenario) for scenario in SCENARIOS]
    wanted += [Judge(scenario=scenario, as_processes=True) for scenario in AS_PROCESSES]
    missing = [judge for judge in wanted if judge not in {reach.judge for reach in before}]

    def keep(reach: Reach) -> None:
        kept.keep_reach(reach)
        told(reach)

    return before + in_parallel(missing, partial(reach_of, seed=seed), workers=workers, told=keep)


def draw(mutants: Sequence[Mutant], *, size: int, seed: int) -> list[Mutant]:
    """A sample in which every statement has the same chance, however many mutants it has."""
    source = chance(seed, "mutants")
    statements: dict[tuple[str, int], list[Mutant]] = {}
    for mutant in mutants:
        statements.setdefault((mutant.file, mutant.line), []).append(mutant)
    chosen = source.sample(sorted(statements), min(size, len(statements)))
    return [source.choice(statements[place]) for place in chosen]


def judges_of(reaches: Sequence[Reach], mutant: Mutant) -> tuple[Reach, ...]:
    """Of the scenarios that reach the line the shortest, then the longest, which has the most in it, then the others,
    those first that reach the most of the file; at last one with the platform as processes."""
    able = reaching(reaches, file=mutant.file, line=mutant.line)
    first, *others = [reach for reach in able if not reach.judge.as_processes]
    more = sorted(others[:-1], key=lambda reach: -len(reach.lines[mutant.file]))
    inside = (first, *others[-1:], *more)[:_MOST_JUDGES]
    return (*inside, *(reach for reach in able if reach.judge.as_processes))


def _try(job: _Job, *, seed: int) -> Trial:
    return attempt(job.mutant, job.judges, seed=seed)
