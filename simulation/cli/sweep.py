"""``simulate sweep``: every kind of fault over the edges of its parameters, each case passed or refused at its line."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import click
from rich.console import Console

from simulation.cli.options import TargetFolder, jobs_option, out_option
from simulation.documents.refusal import suggest
from simulation.errors import UsageError, command
from simulation.proof.sweep.campaign import carry_out, cases_of, tried_before
from simulation.proof.sweep.trial import Tried
from simulation.run_directory import RunDirectory
from simulation.scenario.faults.needs import MET_INSIDE, met_by_processes
from simulation.scenario.faults.registry import KINDS
from simulation.targets.process.loader import read_target
from simulation.targets.process.values import STRIPE_KEY_FILE, STRIPE_STANDBY_WEBHOOK_SECRET
from simulation.words import plural

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("kinds", nargs=-1, metavar="[KIND]...")
@click.option("--target", type=TargetFolder(), default=None, help="A backend of its own, for the faults that need one.")
@click.option("--most", type=click.IntRange(min=1), default=None, help="Try so many cases, and leave the rest.")
@click.option("--resume", type=_FOLDER, default=None, help="Go on with the sweep that left this folder.")
@jobs_option
@out_option("Where the results, the scenarios and the runs that did not pass go.")
def sweep(
    kinds: tuple[str, ...], target: Path | None, most: int | None, resume: Path | None, jobs: int | None, out: Path
) -> int:
    """Try every kind of fault over the edges of its fields: each case passes, or is refused at its line.

    Without a KIND: all that the target can suffer. A case expects what `simulate faults` says of its kind, and what the
    refusal of that says instead. Exit code 1: a case did not pass; 2: some are left, and the last line says how to go
    on.
    """
    for kind in kinds:
        if kind not in KINDS:
            raise UsageError(place=kind, problem="no kind of fault has this name", remedy=suggest(kind, list(KINDS)))
    folder = resume or RunDirectory.create(out=out, scenario="sweep", seed=1).path
    before = tried_before(folder)
    known = {(tried.kind, tried.case) for tried in before}
    left = [case for case in cases_of(kinds or _suffered(target)) if (case.kind, case.label) not in known]
    console, results = Console(), [tried for tried in before if not kinds or tried.kind in kinds]

    def told(tried: Tried) -> None:
        results.append(tried)
        console.print(_line(tried), highlight=False, soft_wrap=True, markup=False)

    now = left[:most]
    carry_out(now, workers=jobs or len(os.sched_getaffinity(0)), folder=folder, target=target, told=told)
    console.print(_summary(results, folder, target), highlight=False, soft_wrap=True, markup=False)
    if not all(tried.good for tried in results):
        return 1
    if len(now) < len(left):
        options = () if target is None else ("--target", target)
        rest = plural(len(left) - len(now), "case is", "cases are")
        more = f"{rest} left: {command('sweep', *kinds, *options, '--resume', folder)}"
        console.print(more, highlight=False, soft_wrap=True)
        return 2
    return 0


def _suffered(target: Path | None) -> list[str]:
    met = MET_INSIDE
    if target is not None:
        file = read_target(target).file
        met = met_by_processes(
            file.governance.contest_score_tables,
            key_file=file.gives(STRIPE_KEY_FILE),
            standby=file.gives(STRIPE_STANDBY_WEBHOOK_SECRET),
        )
    return [name for name, kind in KINDS.items() if all(need in met for need in kind.needs)]


def _line(tried: Tried) -> str:
    return f"{tried.outcome:8} {tried.kind} {tried.case} ({tried.expect})" + (f": {tried.said}" if tried.said else "")


def _summary(results: Sequence[Tried], folder: Path, target: Path | None) -> str:
    counts = Counter(tried.outcome for tried in results)
    told = ", ".join(f"{number} {outcome}" for outcome, number in sorted(counts.items()))
    options = () if target is None else ("--target", target)
    bad = [
        f"  {command('run', folder / 'scenarios' / tried.scenario, *options)}" for tried in results if not tried.good
    ]
    return "\n".join([f"{plural(len(results), 'case')}: {told or 'none'}", *bad])
