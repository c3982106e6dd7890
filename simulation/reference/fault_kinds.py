"""What there is to say about each kind of fault, read off its class."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict

from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import KINDS

_EXAMPLES = {
    "contest": "club_night",
    "tournament": "spring_open",
    "at": "day 3 10:00",
    "delay_hours": 30,
    "minutes_before": 20,
    "transaction": "settlement",
}


class FieldView(BaseModel):
    """A field that a scenario gives a fault of the kind."""

    model_config = ConfigDict(frozen=True, extra="forbid")

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

    model_config = ConfigDict(frozen=True, extra="forbid")

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


class KindsDocument(BaseModel):
    """What ``simulate faults --json`` prints."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    format_version: Literal[1] = 1
    kinds: tuple[KindView, ...]


def view_of(kind: type[Fault]) -> KindView:
    """All about a kind."""
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


def example_of(view: KindView) -> Iterator[str]:
    """Lines of a scenario with a fault of the kind."""
    yield "faults:"
    yield "  - id: any-name"
    yield f"    kind: {view.kind}"
    yield from (f"    {field.name}: {_EXAMPLES.get(field.name, 90)}" for field in view.fields if field.needed)
    expect = KINDS[view.kind].expects.model_dump(exclude_none=True)
    yield f"    expect: {yaml.safe_dump(expect, default_flow_style=True, sort_keys=False, width=200).strip()}"
