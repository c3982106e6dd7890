"""``simulate campaign``: many lives of scenarios, on all cores, judged, and told as one."""

from __future__ import annotations

import os
from pathlib import Path

import click
from rich.console import Console

from simulation.checks.catalogue import CHECKS
from simulation.cli.gate import parse_seeds
from simulation.cli.options import TargetFolder, environment_option, jobs_option, out_option
from simulation.environment.choice import choose, environment_of_processes
from simulation.environment.release import release
from simulation.errors import UsageError
from simulation.paths import DEFAULT_SCENARIO
from simulation.proof.campaign.campaign import carry_out, require_what_all_need
from simulation.proof.campaign.conclude import PAGE, conclude
from simulation.proof.campaign.memory import Memory
from simulation.proof.campaign.merge import merge as merge_shards
from simulation.proof.campaign.page import Campaign
from simulation.proof.campaign.plan import Plan, Shard
from simulation.proof.campaign.progress import CampaignProgress
from simulation.proof.campaign.result import DRAWS, JUDGED, Draw, Timed
from simulation.proof.campaign.store import results_in
from simulation.proof.campaign.terminal import lines_of
from simulation.run_directory import RunDirectory
from simulation.scenario.file import find_scenario, load_scenario
from simulation.targets.process.loader import read_target

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_MOST_SEEDS = 1_000_000


class _ShardText(click.ParamType[Shard]):
    name = "I/N"

    def convert(self, value: object, param: click.Parameter | None, ctx: click.Context | None) -> Shard:  # noqa: ARG002
        """``2/5``: the second of five."""
        number, _, of = str(value).partition("/")
        if number.isdecimal() and of.isdecimal() and 1 <= int(number) <= int(of):
            return Shard(number=int(number), of=int(of))
        raise UsageError(
            place=f"--shard {value}", problem="is no part of a whole", remedy="name one of five as 1/5 to 5/5"
        )


since_option = click.option(
    "--since",
    type=click.Path(exists=True, path_type=Path),
    default=None,
    help="Folder or memory.json of an earlier campaign: say what is new, known, gone and flaky.",
)


@click.command()
@click.argument("scenarios", nargs=-1, metavar="[SCENARIO]...")
@click.option("--seeds", "seeds_text", help="Which seeds, as in 1-1000 or 1-5,9.")
@click.option("--minutes", type=click.FloatRange(min=0, min_open=True), help="Begin nothing more after so long.")
@click.option("--swarm", is_flag=True, help="Draw the faults from the whole catalogue by the seed: --draw swarm.")
@click.option(
    "--draw",
    type=click.Choice(DRAWS),
    multiple=True,
    help="Where the faults come from: the scenario's own (default), or drawn by the seed. Several: a life for each.",
)
@click.option(
    "--shard", type=_ShardText(), default=None, help="Live the I-th of N equal parts; `simulate merge` joins them."
)
@click.option("--resume", type=_FOLDER, default=None, help="Go on with the campaign that left this folder.")
@since_option
@click.option(
    "--target", type=TargetFolder(), default=None, help="A backend of its own instead of the platform that comes along."
)
@environment_option("embedded", "containers", "compose")
@click.option(
    "--require",
    "required",
    metavar="CHECK",
    type=click.Choice([check.name for check in CHECKS]),
    multiple=True,
    help="A run for which this check could not look is unknown, and no pass.",
)
@jobs_option
@click.option("--dask", metavar="ADDRESS", help="Live them on the Dask cluster whose scheduler is at this address.")
@out_option("Where the results and the runs that did not pass go.")
def campaign(
    scenarios: tuple[str, ...],
    seeds_text: str | None,
    minutes: float | None,
    swarm: bool,
    draw: tuple[Draw, ...],
    shard: Shard | None,
    resume: Path | None,
    since: Path | None,
    target: Path | None,
    environment: str,
    required: tuple[str, ...],
    jobs: int | None,
    dask: str | None,
    out: Path,
) -> int:
    """Live SCENARIOs (default: the project's) with many seeds, and tell all verdicts as one.

    Seeds, or a time, or both: with --minutes alone the seeds count up from 1 until the time is up. Each result is kept
    as soon as it is there, so that a campaign that was killed goes on with --resume. Exit code: the worst verdict's; 2
    where seeds are left; 255 where the machine kept a run from its verdict.
    """
    last = None if since is None else Memory.read(since)
    if resume is None:
        plan = plan_of(scenarios, seeds_text, minutes, _draws(swarm, draw), shard, target, environment, required)
        folder = begun(plan, out=out, name="campaign")
    else:
        folder, plan = resume.resolve(), Plan.read(resume)
    try:
        live_all(folder, plan, jobs=jobs, dask=dask)
    finally:
        told_all = _tell(folder, plan, last)
    return told_all.exit_code


def begun(plan: Plan, *, out: Path, name: str) -> Path:
    """A new folder for a campaign, with its plan in it. :param name: what the folder above it is called."""
    folder = RunDirectory.create(out=out, scenario=name, seed=plan.seeds[0] if plan.seeds else 1).path
    plan.write(folder)
    return folder


def live_all(folder: Path, plan: Plan, *, jobs: int | None, dask: str | None = None) -> None:
    """Live what has no verdict yet, and show how it goes on. :param jobs: None: one a core."""
    require_what_all_need()
    console = Console(stderr=True)
    before = (result for result in results_in(folder) if result.outcome in JUDGED)
    with CampaignProgress(console, total=plan.number_of_cases(), before=before, minutes=plan.minutes) as progress:

        def told(timed: Timed) -> None:
            progress.ended(timed.result)

        carry_out(folder, plan, workers=jobs or len(os.sched_getaffinity(0)), dask=dask, told=told)


def plan_of(
    scenarios: tuple[str, ...],
    seeds_text: str | None,
    minutes: float | None,
    draws: tuple[Draw, ...],
    shard: Shard | None,
    target: Path | None,
    environment: str,
    required: tuple[str, ...],
) -> Plan:
    """What was asked for.

    :raises UsageError: a scenario is none, or it would never end.
    """
    if seeds_text is None and minutes is None:
        raise UsageError(
            place="--seeds and --minutes",
            problem="are both left out: it would never end",
            remedy="say --seeds 1-100, or --minutes 30, or both",
        )
    scenarios = scenarios or (DEFAULT_SCENARIO,)
    loaded = [load_scenario(find_scenario(name)) for name in scenarios]
    if target is not None:
        choice = environment_of_processes(environment, read_target(target).server_needs)
    else:
        choice = choose(environment, operated=any(scenario.operator.tasks for scenario in loaded))
    return Plan(
        scenarios=tuple(dict.fromkeys(scenarios)),
        seeds=() if seeds_text is None else tuple(sorted(parse_seeds(seeds_text, most=_MOST_SEEDS))),
        draws=draws,
        minutes=minutes,
        shard=shard or Shard(),
        environment=choice.name,
        target=None if target is None else target.resolve(),
        required=required,
        made_by=str(release()),
    )


def _draws(swarm: bool, draw: tuple[Draw, ...]) -> tuple[Draw, ...]:
    asked = {*draw, *(("swarm",) if swarm else ())} or {"own"}
    return tuple(way for way in DRAWS if way in asked)


def _tell(folder: Path, plan: Plan, last: Memory | None) -> Campaign:
    concluded, output = conclude(folder, plan, last=last), Console()
    for line in lines_of(concluded, folder):
        output.print(line, highlight=False, markup=False, soft_wrap=True)
    RunDirectory(path=folder).become_latest()
    output.print(f"page      {folder / PAGE}", highlight=False, soft_wrap=True)
    return concluded


@click.command()
@click.argument("shards", nargs=-1, required=True, metavar="DIR...", type=_FOLDER)
@since_option
@out_option("Where the whole campaign's folder goes.")
def merge(shards: tuple[Path, ...], since: Path | None, out: Path) -> int:
    """Join the shards of a campaign, each the folder DIR of a `simulate campaign --shard I/N`.

    What comes of it are the files of the same campaign lived in one place. Exit code: as of the whole campaign; a shard
    that is missing leaves seeds that were not lived.
    """
    last = None if since is None else Memory.read(since)
    directory = RunDirectory.create(out=out, scenario="campaign", seed=0)
    plan = merge_shards([shard.resolve() for shard in shards], directory.path)
    return _tell(directory.path, plan, last).exit_code
