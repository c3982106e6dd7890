"""``simulate runbook test``: every runbook in three ways, each a run of its own; a table without a hole."""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from simulation.assembly import RunRequest
from simulation.assembly.request import prepare
from simulation.cli.options import Names, jobs_option, out_option
from simulation.closure.evidence import record_rehearsals
from simulation.closure.runbooks import rehearsal_record
from simulation.documents.refusal import suggest
from simulation.environment.release import release
from simulation.errors import UsageError
from simulation.paths import RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.proof.parallel import in_parallel
from simulation.reference.json_documents import RehearsalRow, RehearsalsDocument, WayRow
from simulation.rehearsal.rehearse import WAYS, RehearsalOutcome, Rehearsed, rehearse, totals
from simulation.run_directory import RunDirectory
from simulation.words import plural
from simulation.world.operator.parser import load_runbooks

_SEED = 1
_WIDTH = 120
"""Columns where there is no terminal to fit."""


def _known() -> list[str]:
    return [runbook.name for runbook in load_runbooks(RUNBOOKS_FOLDER)]


@click.command()
@click.argument("names", type=Names(_known), nargs=-1)
@jobs_option
@click.option("--json", "as_json", is_flag=True, help="Print the table as JSON on standard output.")
@out_option("Where the runs go that did not hold, and the record for `simulate closure`.")
def runbook_test(names: tuple[str, ...], jobs: int | None, as_json: bool, out: Path) -> int:
    """Carry the runbooks NAMES, or all, out in three ways. Each is a run of the scenario that belongs to the runbook.

    \b
    recovered      the run passes, the runbook completed, its verification was carried out
    rolled back    its last verification fails: Rollback leaves everything as it was before the first writing step
    failed safely  its first writing step fails: failed, escalated, nothing half done, nothing silent

    Exit code 1: one of them does not hold; the reasons are printed and the run is kept.
    """
    known = _known()
    for name in names:
        if name not in known:
            raise UsageError(place=name, problem="no runbook has this name", remedy=suggest(name, known))
    directory = RunDirectory.create(out=out, scenario="runbooks", seed=_SEED)
    console, began = Console(stderr=True), time.perf_counter()
    rehearsed = in_parallel(
        [name for name in known if not names or name in names],
        partial(_rehearse, out=directory.path),
        workers=jobs or len(os.sched_getaffinity(0)),
        told=lambda item: console.print(_progress(item), highlight=False, soft_wrap=True),
    )
    rehearsed.sort(key=lambda item: item.name)
    books = {book.name: book for book in load_runbooks(RUNBOOKS_FOLDER)}
    record_rehearsals(out, {item.name: rehearsal_record(item, books[item.name], release()) for item in rehearsed})
    good = all(item.good for item in rehearsed)
    if not good:  # else nothing is kept of the runs
        directory.become_latest()
    if as_json:
        click.echo(RehearsalsDocument(runbooks=tuple(map(_row, rehearsed))).model_dump_json(indent=2))
    else:
        _print(rehearsed, wall_seconds=time.perf_counter() - began)
    return 0 if good else 1


def _rehearse(name: str, *, out: Path) -> Rehearsed:
    return rehearse(name, partial(_prepared, out=out))


def _prepared(name: str, *, out: Path) -> RunRequest:
    file = SCENARIOS_FOLDER / "runbooks" / f"{name}.yaml"
    request = prepare(scenario=str(file), seed=_SEED, environment="embedded", out=out)
    return replace(request, asked=("runbook", "test", name))


def _progress(item: Rehearsed) -> str:
    return f"{item.name:50} " + "  ".join(f"{way}: {_said(item.ways[way])}" for way in WAYS)


def _print(rehearsed: Sequence[Rehearsed], *, wall_seconds: float) -> None:
    console = Console(stderr=False)
    output = Console(width=None if console.is_terminal else _WIDTH)
    table = Table(box=None, pad_edge=False)
    for heading in ("runbook", *WAYS):
        table.add_column(heading, overflow="fold")
    table.add_column("simulated minutes", justify="right")
    for item in rehearsed:
        cells = (_cell(item.ways[way]) for way in WAYS)
        minutes = "never ended" if item.sim_seconds is None else f"{item.sim_seconds / 60:.1f}"
        table.add_row(item.name, *cells, minutes)
    output.print(table)
    for item in rehearsed:
        for way in WAYS:
            _explain(output, item.name, way, item.ways[way])
    held = ", ".join(f"{way} {count}" for way, count in totals(rehearsed).items())
    output.print(f"\n{plural(len(rehearsed), 'runbook')}: {held}; {wall_seconds:.0f} s", highlight=False)


def _cell(outcome: RehearsalOutcome) -> Text:
    return Text(_said(outcome), style="bold red" if outcome.problems else "green")


def _said(outcome: RehearsalOutcome) -> str:
    """Readable without colour, and a tick only for what was done."""
    if outcome.problems:
        return "✗ NO"
    return f"✓ {outcome.note}" if outcome.note else "✓ yes"


def _explain(output: Console, name: str, way: str, outcome: RehearsalOutcome) -> None:
    if outcome.problems:
        output.print(f"\n{name}, {way}:", style="bold red", highlight=False)
    for problem in outcome.problems:
        output.print(f"  {problem}", highlight=False, soft_wrap=True, markup=False)
    if outcome.directory is not None:
        output.print(f"  run     {outcome.directory}", highlight=False, soft_wrap=True, markup=False)


def _row(item: Rehearsed) -> RehearsalRow:
    ways = {
        way: WayRow(
            held=not outcome.problems,
            note=outcome.note,
            problems=tuple(outcome.problems),
            run=None if outcome.directory is None else str(outcome.directory),
        )
        for way, outcome in item.ways.items()
    }
    return RehearsalRow(runbook=item.name, sim_seconds=item.sim_seconds, ways=ways)
