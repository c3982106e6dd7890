"""``simulate gate``: the nightly gate. A campaign of one scenario in containers, with stripe-mock and promtool."""

from __future__ import annotations

import os
import re
from pathlib import Path

import click
from rich.console import Console

from simulation.assembly.request import prepare
from simulation.cli.options import Names, environment_option, jobs_option, out_option, seal_option
from simulation.environment.choice import Choice, choose
from simulation.environment.release import release
from simulation.errors import EnvironmentFault, UsageError
from simulation.paths import DEFAULT_SCENARIO
from simulation.proof.campaign.campaign import carry_out, require_what_all_need
from simulation.proof.campaign.conclude import conclude
from simulation.proof.campaign.plan import Plan
from simulation.proof.campaign.progress import CampaignProgress
from simulation.proof.campaign.result import JUDGED, Result, Timed
from simulation.proof.campaign.store import results_in, times_in
from simulation.reporting.gate import GateReport, SeedOutcome, write_gate
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
@jobs_option
@out_option("Where run directories and the gate's own go.")
@seal_option
@click.option("--quiet", is_flag=True, help="No progress lines.")
def gate(
    scenario: str,
    seeds_text: str,
    environment: str,
    jobs: int | None,
    out: Path,
    seal_key: Path | None,
    quiet: bool,
) -> int:
    """Run SCENARIO for several seeds; exit with the worst verdict. Needs containers and stripe-mock.

    It is a campaign in containers that keeps the folder of every run and takes no check that could not look for a pass.
    Writes one JUnit file and one summary for all runs. With --seal-key the folder of each seed is sealed.
    """
    key = None if seal_key is None else load_private_key(seal_key)
    seeds = parse_seeds(seeds_text)
    choice = _demand_containers(environment)
    name = prepare(scenario=scenario, seed=seeds[0], environment=choice.name, out=out).scenario.name
    require_what_all_need()
    plan = Plan(
        scenarios=(scenario,),
        seeds=seeds,
        environment=choice.name,
        required=REQUIRED_CHECKS,
        kept_below=out.resolve(),
        made_by=str(release()),
    )
    directory = RunDirectory.create(out=out, scenario="gate", seed=seeds[0])
    plan.write(directory.path)
    with CampaignProgress(Console(stderr=True, quiet=quiet), total=len(seeds), before=[], minutes=None) as progress:

        def told(timed: Timed) -> None:
            progress.ended(timed.result)
            if key is not None and timed.result.folder:
                seal(RunDirectory(path=_folder(directory, timed.result)), key)

        carry_out(directory.path, plan, workers=jobs or len(os.sched_getaffinity(0)), dask=None, told=told)
    conclude(directory.path, plan, last=None)
    report = _report(name, choice, directory)
    write_gate(directory.path, report)
    directory.become_latest()
    Console().print(report.text(), highlight=False, soft_wrap=True)
    Console().print(f"{directory.path / 'summary.md'}", highlight=False, soft_wrap=True)
    return report.exit_code


def _report(scenario: str, choice: Choice, directory: RunDirectory) -> GateReport:
    """A seed whose environment broke is unknown: the others were run all the same."""
    wall_seconds = {took.case: took.wall_seconds for took in times_in(directory.path)}
    return GateReport(
        scenario=scenario,
        environment=f"{choice.name}: {choice.reason}",
        made_by=release(),
        seeds=tuple(
            SeedOutcome(
                seed=result.case.seed,
                outcome=result.outcome if result.outcome in JUDGED else "unknown",
                wall_seconds=wall_seconds[result.case],
                digest=result.digest,
                findings=len(result.findings),
                reason=result.said,
                folder=_folder(directory, result) if result.folder else None,
            )
            for result in results_in(directory.path)
        ),
    )


def _folder(directory: RunDirectory, result: Result) -> Path:
    return (directory.path / result.folder).resolve()


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
