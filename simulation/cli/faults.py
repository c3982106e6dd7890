"""``simulate faults``: what can go wrong in a run, and what a good platform makes of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import click
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from simulation.cli.options import Names
from simulation.documents.refusal import suggest
from simulation.errors import UsageError
from simulation.reference.fault_kinds import KindsDocument, KindView, example_of, view_of
from simulation.scenario.faults.registry import KINDS


@click.command()
@click.argument("kind", type=Names(lambda: KINDS), required=False)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON on standard output.")
def faults(kind: str | None, as_json: bool) -> int:
    """List the kinds of faults, or say all about KIND.

    For each: what happens, the fields that a scenario gives it (those in brackets may be left out), how a good
    platform recovers, and where in real life it comes from.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(place=kind, problem="no kind of fault has this name", remedy=suggest(kind, list(KINDS)))
    views = [view_of(known) for name, known in KINDS.items() if kind in (None, name)]
    if as_json:
        click.echo(KindsDocument(kinds=tuple(views)).model_dump_json(indent=2))
        return 0
    console = Console(highlight=False)
    for view in views:
        console.print(f"[bold]{view.kind}[/]: {escape(view.title)}")
        console.print(_table(_told(view) if kind is None else _told_in_full(view)))
        console.print()
    if kind is not None:
        click.echo("in a scenario:\n" + "\n".join(f"  {line}" for line in example_of(views[0])))
    return 0


def _table(rows: Iterable[tuple[str, str]]) -> Table:
    table = Table.grid(padding=(0, 2))
    for heading, said in rows:
        table.add_row(f"  {heading}", escape(said))
    return table


def _told(view: KindView) -> Iterator[tuple[str, str]]:
    yield "what", view.what
    yield "fields", ", ".join(map(str, view.fields))
    yield "recovery", f"{view.recovery} Expect: {view.ends}."
    yield "origin", view.origin


def _told_in_full(view: KindView) -> Iterator[tuple[str, str]]:
    yield from (row for row in _told(view) if row[0] != "fields")
    yield "target", f"needs {', '.join(view.needs)}" if view.needs else "any"
    for field in view.fields:
        yield "field", f"{field}: {field.meaning}"
