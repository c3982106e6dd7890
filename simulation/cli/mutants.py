"""``simulate mutants``: small slips in the platform's source, one by one, and whether the jury names them."""

from __future__ import annotations

import json
import os
from dataclasses import asdict
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulation.cli.options import jobs_option, out_option
from simulation.errors import EnvironmentFault, command
from simulation.proof.mutants.campaign import Campaign, carry_out
from simulation.proof.mutants.equivalent import Equivalents
from simulation.proof.mutants.kept import Kept
from simulation.proof.mutants.reach import Reach
from simulation.proof.mutants.trial import Trial
from simulation.run_directory import RunDirectory
from simulation.words import plural

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_WIDTH = 140
"""Columns where there is no terminal to fit."""
_STYLES = {"named": "green", "alive": "bold red", "in doubt": "bold yellow"}


@click.command()
@click.option("--size", type=click.IntRange(1, 100_000), default=100, show_default=True, help="Mutants to draw.")
@click.option("--seed", type=int, default=1, show_default=True, help="Of the sample and of every run.")
@click.option("--only", default="", metavar="TEXT", help="Draw from files of the platform with TEXT in their name.")
@click.option(
    "--at-least",
    type=click.FloatRange(0, 100),
    default=80.0,
    show_default=True,
    metavar="PERCENT",
    help="How many of those that came to a verdict and are not equivalent must be named.",
)
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    default=None,
    help="Write every mutant with its fate to this file.",
)
@click.option("--most", type=click.IntRange(min=1), default=None, help="Judge so many, and leave the rest.")
@click.option("--resume", type=_FOLDER, default=None, help="Go on with the campaign that left this folder.")
@click.option("--again", is_flag=True, help="With --resume: judge those once more that were not named.")
@jobs_option
@out_option("Where the fate of each mutant is kept.")
def mutants(
    size: int,
    seed: int,
    only: str,
    at_least: float,
    json_file: Path | None,
    most: int | None,
    resume: Path | None,
    again: bool,
    jobs: int | None,
    out: Path,
) -> int:
    """Change one thing at a time in the source of the platform, and see whether the jury names it.

    Each mutant runs in a copy of the product, in the shortest scenario that reaches its line and, if that lets it pass,
    in the longest and then the others. Those known to be equivalent are in fixtures/mutants/equivalent.toml. Exit code
    1: fewer were named than --at-least asks for; 2: some are left, and the last line says how to go on.
    """
    console = Console(stderr=True)
    folder = resume or RunDirectory.create(out=out, scenario="mutants", seed=seed).path
    campaign = carry_out(
        size=size,
        seed=seed,
        workers=jobs or len(os.sched_getaffinity(0)),
        equivalents=Equivalents.load(),
        kept=Kept(folder=folder, again=again),
        only=only,
        most=most,
        told=lambda trial: console.print(_progress(trial), highlight=False, markup=False, soft_wrap=True),
        measured=lambda reach: console.print(_reached(reach), highlight=False, markup=False),
    )
    if json_file is not None:
        _write(json_file, campaign)
    output = Console()
    output = output if output.is_terminal else Console(width=_WIDTH)
    output.print(_table(campaign))
    output.print(_totals(campaign))
    if campaign.left:
        more = command(
            "mutants", "--size", size, "--seed", seed, *(("--only", only) if only else ()), "--resume", folder
        )
        output.print(
            f"{plural(campaign.left, 'mutant is', 'mutants are')} left: {more}", highlight=False, soft_wrap=True
        )
        return 2
    return 0 if campaign.share >= at_least else 1


def _reached(reach: Reach) -> str:
    lines = plural(sum(map(len, reach.lines.values())), "line")
    return f"{reach.judge} passes as it is and reaches {lines} ({reach.cpu_seconds:.0f} s of processor time)"


def _progress(trial: Trial) -> str:
    return f"{trial.fate:9} {trial.mutant}  {trial.scenario} {', '.join(trial.checks[:3])}"


def _table(campaign: Campaign) -> Table:
    table = Table(box=None, pad_edge=False)
    for heading in ("fate", "place", "change", "judged by", "why"):
        table.add_column(heading, overflow="fold")
    for trial in campaign.trials:
        if trial.fate in ("alive", "in doubt", "no start", "stopped"):
            mutant = trial.mutant
            table.add_row(
                Text(trial.fate, style=_STYLES.get(trial.fate, "")),
                Text(f"{mutant.file}:{mutant.line}"),
                Text(f"{mutant.before} → {mutant.after}"[:300]),
                Text(trial.scenario),
                Text(trial.said),
            )
    return table


def _totals(campaign: Campaign) -> Text:
    fates = campaign.fates
    reached, lines = campaign.lines
    text = Text(f"{campaign.share:.0f} % of those that came to a verdict are named by the jury", style="bold")
    for fate in ("named", "alive", "in doubt", "no start", "stopped", "equivalent"):
        text.append(f" · {fates[fate]} {fate}", style="")
    text.append(
        f"\n{len(campaign.trials)} of {campaign.total} mutants drawn; scenarios reach {reached} of {lines} statements"
    )
    return text


def _write(file: Path, campaign: Campaign) -> None:
    told = {"format_version": 1, **asdict(campaign), "share_percent": campaign.share, "fates": dict(campaign.fates)}
    try:
        file.write_text(json.dumps(told, indent=2) + "\n", encoding="utf-8")
    except OSError as error:
        raise EnvironmentFault(
            problem=f"{file} cannot be written: {error.strerror or error}", remedy="make room or name another file"
        ) from error
