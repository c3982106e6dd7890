"""``simulate faults``: what can go wrong in a run, and what a good platform makes of it."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from typing import Any

import click
import yaml
from pydantic import BaseModel, ConfigDict
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from simulation.documents.refusal import suggest
from simulation.errors import UsageError
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import KINDS

_EXAMPLES = {
    "contest": "club_night",
    "tournament": "spring_open",
    "at": "day 3 10:00",
    "delay_hours": 30,
    "transaction": "settlement",
}


class FieldView(BaseModel):
    """A field that a scenario gives a fault of the kind."""

    model_config = ConfigDict(frozen=True)

    name: str
    needed: bool
    default: int | str | None
    values: str
    """What it may be: ``1 or more``, ``400 to 599``, ``a text``."""
    meaning: str

    def __str__(self) -> str:
        default = "" if self.default is None else f", {self.default or 'empty'} unless given"
        return f"{self.name} ({self.values}{default})" if self.needed else f"[{self.name} ({self.values}{default})]"


class KindView(BaseModel):
    """All that there is to say about a kind of fault."""

    model_config = ConfigDict(frozen=True)

    kind: str
    title: str
    what: str
    fields: tuple[FieldView, ...]
    recovery: str
    ends: str
    """How it ends on a good platform: the scenario's ``expect``."""
    origin: str
    needs: tuple[str, ...]
    """What it asks of a target."""


@click.command()
@click.argument("kind", required=False)
@click.option("--json", "as_json", is_flag=True, help="Print it as JSON on standard output.")
def faults(kind: str | None, as_json: bool) -> int:
    """List the kinds of faults, or say all about KIND.

    For each: what happens, the fields that a scenario gives it (those in brackets may be left out), how a good
    platform recovers, and where in real life it comes from.
    """
    if kind is not None and kind not in KINDS:
        raise UsageError(place=kind, problem="no kind of fault has this name", remedy=suggest(kind, list(KINDS)))
    views = [_view(known) for name, known in KINDS.items() if kind in (None, name)]
    if as_json:
        documents = [view.model_dump() for view in views]
        click.echo(json.dumps(documents if kind is None else documents[0], indent=2))
        return 0
    console = Console(highlight=False)
    for view in views:
        console.print(f"[bold]{view.kind}[/]: {escape(view.title)}")
        console.print(_table(_told(view) if kind is None else _told_in_full(view)))
        console.print()
    if kind is not None:
        click.echo("in a scenario:\n" + "\n".join(f"  {line}" for line in _example(views[0])))
    return 0


def _view(kind: type[Fault]) -> KindView:
    return KindView(
        kind=kind.name(),
        title=kind.title,
        what=kind.what(),
        fields=tuple(_field(kind, name) for name in kind.takes()),
        recovery=kind.recovery,
        ends=str(kind.expects),
        origin=kind.origin,
        needs=tuple(need.name for need in kind.needs),
    )


def _field(kind: type[Fault], name: str) -> FieldView:
    field = kind.model_fields[name]
    schema: dict[str, Any] = kind.model_json_schema()["properties"][name]
    told = {**schema, **next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), {})}
    return FieldView(
        name=name,
        needed=field.is_required(),
        default=None if field.is_required() else field.default,
        values=_values(told),
        meaning=told["description"],
    )


def _values(schema: dict[str, Any]) -> str:
    if schema["type"] != "integer":
        return "a time" if schema.get("format") == "date-time" else "a text"
    least, most = schema.get("minimum"), schema.get("maximum")
    return f"{least} or more" if most is None else f"{least} to {most}"


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


def _example(view: KindView) -> Iterator[str]:
    yield "faults:"
    yield "  - id: any-name"
    yield f"    kind: {view.kind}"
    yield from (f"    {field.name}: {_EXAMPLES.get(field.name, 90)}" for field in view.fields if field.needed)
    expect = KINDS[view.kind].expects.model_dump(exclude_none=True)
    yield f"    expect: {yaml.safe_dump(expect, default_flow_style=True, sort_keys=False, width=200).strip()}"
