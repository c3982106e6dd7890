"""``scenarios/README.md``: every field of a scenario and every kind of fault, for whoever writes one."""

from __future__ import annotations

import ast
import inspect
import textwrap
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel

from simulation.reference.command_page import escaped
from simulation.reference.fault_kinds import example_of, view_of
from simulation.scenario.contest import Contest
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.model import Scenario
from simulation.scenario.orders import Orders
from simulation.scenario.settings import MonitorSettings, OperatorSettings, OperatorTask, StripeSettings
from simulation.scenario.tournament import Tournament

EXAMPLE = Path(__file__).parent / "example.yaml"
EXAMPLE_OF_ORDERS = Path(__file__).parent / "example_orders.yaml"
PARTS: Mapping[str, type[BaseModel]] = {
    "the scenario": Scenario,
    "`stripe`": StripeSettings,
    "`operator`": OperatorSettings,
    "`operator.tasks`": OperatorTask,
    "`monitor`": MonitorSettings,
    "`tournaments`": Tournament,
    "`contests`": Contest,
    "`orders`": Orders,
    "`expect` of a fault": Expectation,
}
"""By their headings."""
FILLED_IN = frozenset({"played"})
"""Fields that nobody writes: the loader fills them in."""
_UNITS = {
    "cents": "US cents",
    "basis_points": "hundredths of a percent",
    "percent": "percent",
    "seconds": "seconds",
    "hours": "hours",
    "days": "days",
    "strokes": "strokes",
}
_TYPES = {"integer": "whole number", "string": "text", "boolean": "truth value", "array": "list", "object": "mapping"}
_HEAD = """\
# Scenarios

<!-- Made by `make reference` from the code. A test holds it against the program: change the code, not this page. -->

A scenario is a YAML file: copy one of this folder, change it, and run it by its path: `simulate run my.yaml`. All
that is wrong with it is said at once, with line, value and remedy, before anything starts. `simulate scenarios` lists
those that come along; one in a subfolder is called by both names, `simulate run runbooks/chargeback`.

A time is `day N HH:MM`, counted from `start` in UTC (day 0 is the first), or an ISO 8601 time with its zone:
`2026-03-01T08:00:00Z`. With a zone of the IANA's behind it, `day 3 08:00 America/New_York` or
`2026-03-08 02:30 America/New_York`, it is what the clocks there say on the third date after that of `start`, or on that
date; an hour that the change to summer time leaves out is counted as before the change, one that comes twice in autumn
is its first (RFC 5545). Whole numbers are written in decimals, without a point, quotes or a leading 0.
"""

_OF_ORDERS = """\
## One without contests

`profile: payments` is a shop: people order, pay, and get their money back, and there is no contest, tournament,
provider or prize. A fault names `orders` where it names a contest elsewhere. It is run against a backend whose
`target.toml` says `profile = "payments"`.
"""


def scenario_page() -> str:
    """The whole page, in Markdown."""
    return "\n".join([_HEAD, *_example(), *_fields(), *_kinds()])


def _example() -> Iterator[str]:
    yield "## One with every field\n"
    yield f"```yaml\n{EXAMPLE.read_text(encoding='utf-8')}```\n"
    kinds = ", ".join(f"`{name}`" for name, kind in KINDS.items() if kind.of_orders)
    yield _OF_ORDERS + f"\n```yaml\n{EXAMPLE_OF_ORDERS.read_text(encoding='utf-8')}```\n"
    yield f"Kinds of fault that it may have: {kinds}.\n"


def _fields() -> Iterator[str]:
    yield "## Fields\n\nA field without a default has to be there.\n"
    for heading, model in PARTS.items():
        yield f"### {heading[:1].upper()}{heading[1:]}\n"
        yield "| field | type | unit | bounds | default | example | meaning |"
        yield "| --- | --- | --- | --- | --- | --- | --- |"
        said = descriptions(model)
        for name in written(model):
            cells = (f"`{name}`", *_told(model, name), f"`{examples(model)[name]}`", said[name])
            yield _row(cells)
        yield ""


def _row(cells: tuple[str, ...]) -> str:
    return f"| {' | '.join(map(escaped, cells))} |"


def written(model: type[BaseModel]) -> list[str]:
    """Fields that a scenario's author may write."""
    return [name for name in model.model_fields if name not in FILLED_IN]


def descriptions(model: type[BaseModel]) -> Mapping[str, str]:
    """The text below each field of a class in its source."""
    (tree,) = ast.parse(textwrap.dedent(inspect.getsource(model))).body
    assert isinstance(tree, ast.ClassDef)
    return {
        field.target.id: str(below.value.value).replace("``", "`")
        for field, below in zip(tree.body, tree.body[1:], strict=False)
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
        if isinstance(below, ast.Expr) and isinstance(below.value, ast.Constant)
    }


def examples(model: type[BaseModel]) -> Mapping[str, str]:
    """What the example scenario has in each field, as YAML in one line."""
    document = yaml.safe_load(EXAMPLE.read_text(encoding="utf-8"))
    of_orders = yaml.safe_load(EXAMPLE_OF_ORDERS.read_text(encoding="utf-8"))
    operator = document["operator"]
    places: Mapping[type[BaseModel], list[Any]] = {
        Scenario: [document, of_orders],
        Orders: of_orders["orders"],
        StripeSettings: [document["stripe"]],
        OperatorSettings: [operator],
        OperatorTask: operator["tasks"],
        MonitorSettings: [document["monitor"]],
        Tournament: list(document["tournaments"].values()),
        Contest: document["contests"],
        Expectation: [
            *(fault["expect"] for fault in document["faults"]),
            {"runbook": "destination_account_invalid", "terminal": "DESTINATION_ACCOUNT_INVALID"},
        ],
    }
    found: dict[str, str] = {}
    for part in places[model]:
        for name, value in part.items():
            found.setdefault(name, _in_one_line(value))
    return found


def _in_one_line(value: Any) -> str:
    if isinstance(value, dict | list) and any(isinstance(item, dict) for item in (value or {}, *_items(value))[1:]):
        return "see above"
    if isinstance(value, dict) and not all(isinstance(item, int) for item in value.values()):
        return "see above"
    text = yaml.safe_dump(value, default_flow_style=True, width=200).removesuffix("...\n").strip()
    return text.replace("+00:00", "Z").replace(" 00:00:00Z", "T00:00:00Z")


def _items(value: Any) -> list[Any]:
    return list(value.values()) if isinstance(value, dict) else list(value)


def _told(model: type[BaseModel], name: str) -> tuple[str, str, str, str]:
    """Type, unit, bounds and default."""
    field = model.model_fields[name]
    schema: dict[str, Any] = model.model_json_schema()["properties"][name]
    schema = {**schema, **next((one for one in schema.get("anyOf", ()) if one.get("type") != "null"), {})}
    unit = next((said for word, said in _UNITS.items() if f"_{word}" in f"_{name}"), "")
    if field.is_required():
        default = "**needed**"
    elif field.default is None:
        default = "none"
    elif isinstance(field.default, BaseModel):
        default = "as below"
    elif isinstance(field.default, tuple):
        default = ", ".join(map(str, field.default)) or "none"
    else:
        default = f"`{field.default}`"
    return _type(schema), unit, _bounds(schema), default


def _type(schema: Mapping[str, Any]) -> str:
    if "$ref" in schema:
        return "mapping"
    if "enum" in schema or "const" in schema:
        return "one of"
    if schema.get("format") == "date-time":
        return "time"
    if schema.get("format") == "path":
        return "path"
    said = _TYPES.get(schema.get("type", "object"), "mapping")
    items = schema.get("items", schema.get("additionalProperties", {}))
    of = _TYPES.get(items.get("type", ""), "") if isinstance(items, dict) else ""
    return f"{said} of {of}s" if of else said


def _bounds(schema: Mapping[str, Any]) -> str:
    if "enum" in schema or "const" in schema:
        return ", ".join(f"`{str(value).lower()}`" for value in schema.get("enum", [schema.get("const")]))
    if "items" in schema and "minimum" in schema["items"]:
        return f"each {_bounds(schema['items'])}; {schema['maxItems']} at most"
    least, most = schema.get("minimum"), schema.get("maximum")
    if least is not None or most is not None:
        return f"{least:,} or more" if most is None else f"{least:,} to {most:,}"
    if "pattern" in schema:
        return f"`{schema['pattern']}`"
    length = schema.get("maxLength", schema.get("maxItems", schema.get("maxProperties")))
    return "" if length is None else f"{length:,} {'characters ' if 'maxLength' in schema else ''}at most"


def _kinds() -> Iterator[str]:
    yield "## Kinds of fault\n"
    yield "Each fault has `id` (its name in the report), `kind`, `expect` and the fields of its kind."
    yield "`simulate faults KIND` prints them, too.\n"
    for kind in KINDS.values():
        view = view_of(kind)
        yield f"### `{view.kind}`: {view.title}\n"
        yield f"{view.what}\n\n- recovery: {view.recovery}\n- ends, unless its fields make it worse: {view.ends}"
        yield f"- origin: {view.origin}"
        if view.needs:
            yield f"- needs {', '.join(view.needs)}"
        yield "\n| field | bounds | default | meaning |\n| --- | --- | --- | --- |"
        for field in view.fields:
            default = "**needed**" if field.needed else "none" if field.default in (None, "") else f"`{field.default}`"
            yield _row((f"`{field.name}`", field.values, default, field.meaning))
        yield "\n```yaml\n" + "\n".join(example_of(view)) + "\n```\n"
