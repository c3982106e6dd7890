"""``simulate gate``: the nightly gate. The same scenario for several seeds, in containers, with stripe-mock."""

from __future__ import annotations

import re
import time
from dataclasses import replace
from pathlib import Path

import click
from rich.console import Console

from simulation.assembly import RunRequest
from simulation.assembly.request import prepare
from simulation.checks.verdict import unverified
from simulation.cli.options import Names, environment_option, out_option, seal_option
from simulation.environment.choice import Choice, choose
from simulation.environment.release import release
from simulation.errors import EnvironmentFault, UsageError
from simulation.paths import DEFAULT_SCENARIO
from simulation.progress import Plain, Progress, Silent
from simulation.reporting.gate import GateReport, SeedOutcome, write_gate
from simulation.run import run
from simulation.run_directory import RunDirectory
from simulation.scenario.file import available_scenarios
from simulation.sealing.keys import load_private_key
from simulation.sealing.seal import seal
from simulation.words import plural

REQUIRED_CHECKS = ("stripe_contract", "alert_evaluation")
"""Not verified is not good enough for these."""
_MOST_SEEDS = 1000
_SEEDS = re.compile(r"\d+(-\d+)?(,\d+(-\d+)?)*")


@click.command()
@click.argument("scenario", type=Names(available_scenarios), default=DEFAULT_SCENARIO)
@click.option("--seeds", "seeds_text", default="1-5", show_default=True, help="Which seeds, as in 1-5,9.")
@environment_option("containers", "compose")
@out_option("Where run directories and the gate's own go.")
@seal_option
@click.option("--quiet", is_flag=True, help="No progress lines.")
def gate(scenario: str, seeds_text: str, environment: str, out: Path, seal_key: Path | None, quiet: bool) -> int:
    """Run SCENARIO for several seeds; exit with the worst verdict. Needs containers and stripe-mock.

    Writes one JUnit file and one summary for all of them. With --seal-key the folder of each seed is sealed.
    """
    key = None if seal_key is None else load_private_key(seal_key)
    seeds = parse_seeds(seeds_text)
    choice = _demand_containers(environment)
    runs = [
        replace(
            prepare(scenario=scenario, seed=seed, environment=choice.name, out=out), environment_reason=choice.reason
        )
        for seed in seeds
    ]
    directory = RunDirectory.create(out=out, scenario="gate", seed=seeds[0])
    console = Console(stderr=True)
    outcomes: list[SeedOutcome] = []
    for prepared in runs:
        console.print(f"seed {prepared.seed} ({len(outcomes) + 1} of {len(runs)})", highlight=False)
        outcomes.append(_run_seed(prepared, _progress(prepared, console, silent=quiet)))
        if key is not None and (folder := outcomes[-1].folder) is not None:
            seal(RunDirectory(path=folder), key)
    report = GateReport(
        scenario=runs[0].scenario.name,
        environment=f"{choice.name}: {choice.reason}",
        made_by=release(),
        seeds=tuple(outcomes),
    )
    write_gate(directory.path, report)
    directory.become_latest()
    Console().print(report.text(), highlight=False, soft_wrap=True)
    Console().print(f"{directory.path / 'summary.md'}", highlight=False, soft_wrap=True)
    return report.exit_code


def parse_seeds(text: str, *, most: int = _MOST_SEEDS) -> tuple[int, ...]:
    """``1-5,9`` as (1, 2, 3, 4, 5, 9).

    :raises UsageError: anything else.
    """
    seeds: list[int] = []
    if _SEEDS.fullmatch(text):
        for part in text.split(","):
            first, _, last = part.partition("-")
            seeds += range(int(first), min(int(last or first), int(first) + most) + 1)
    if not seeds or len(seeds) > most or len(set(seeds)) < len(seeds):
        raise UsageError(
            place=f"--seeds {text}",
            problem="not a list of different seeds",
            remedy=f"name numbers and ranges, at most {plural(most, 'seed')}: --seeds 1-5,9",
        )
    return tuple(seeds)


def _demand_containers(asked: str) -> Choice:
    choice = choose(asked)
    if choice.name == "embedded":
        raise EnvironmentFault(
            problem=f"the gate runs in containers or compose only, and here there are none ({choice.reason})",
            remedy="start a Docker engine and have the images (docker compose -f docker-compose.sim.yml pull,"
            " or make images); 'simulate run' needs neither",
        )
    return choice


def _progress(prepared: RunRequest, console: Console, *, silent: bool) -> Progress:
    if silent:
        return Silent()
    return Plain(start=prepared.scenario.start, days=prepared.scenario.days, console=console)


def _run_seed(prepared: RunRequest, progress: Progress) -> SeedOutcome:
    """A seed whose environment broke is unknown: the others are run all the same."""
    began = time.monotonic()
    try:
        result = run(prepared, progress)
    except EnvironmentFault as fault:
        return SeedOutcome(
            seed=prepared.seed, outcome="unknown", wall_seconds=time.monotonic() - began, reason=str(fault)
        )
    missing = unverified(result.verdict, REQUIRED_CHECKS)
    return SeedOutcome(
        seed=prepared.seed,
        outcome="unknown" if missing and result.verdict.outcome == "pass" else result.verdict.outcome,
        wall_seconds=time.monotonic() - began,
        digest=result.verdict.digest,
        findings=sum(len(check.findings) for check in result.verdict.results),
        reason="; ".join(missing),
        folder=result.directory.path,
    )
