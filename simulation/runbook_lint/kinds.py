"""What kind of file somebody names: told by what stands in it, since YAML ends in ``.yaml`` and in ``.yml``."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from simulation.documents.yaml import read_yaml
from simulation.errors import UsageError

Kind = Literal["runbook", "rule file", "scenario"]

_LINTED = "name a runbook (.md), a file of alert rules or a scenario (.yaml, .yml)"
_ELSEWHERE: Mapping[str, tuple[str, str]] = {
    "panels": ("a dashboard", "import it into Grafana; the check dashboards_truthful judges it in a run"),
    "tables": ("a contract", "hold a run against it: simulate contract RUN_DIR --target DIR"),
    "previous": ("a release", "simulate promotion check all --release FILE --staging-env FILE --production-env FILE"),
    "faults": ("a plan of faults", "simulate run --faults FILE"),
    "outcome": ("a verdict", "judge its run again: simulate check RUN_DIR"),
}
"""A key that only such a file has at its top, what it is, and what is done with one."""


def kind_of(file: Path) -> Kind:
    """:raises UsageError: it is of a kind that is not linted; the remedy is the command for that kind."""
    if file.suffix == ".md":
        return "runbook"
    if file.name == "target.toml":
        raise _not_linted(file, "is a target", f"simulate target check {file.parent}")
    if file.suffix not in (".yaml", ".yml", ".json"):
        raise _not_linted(file, "no kind of file that is linted ends so", _LINTED)
    return _of_document(file)


def _of_document(file: Path) -> Kind:
    found = _top(file)
    if "groups" in found:
        return "rule file"
    if {"contests", "tournaments"} & found.keys():
        return "scenario"
    for key, (kind, remedy) in _ELSEWHERE.items():
        if key in found:
            raise _not_linted(file, f"is {kind}", remedy)
    if file.suffix == ".json":
        raise _not_linted(file, "is JSON, which is none of these", _LINTED)
    return "rule file" if file.suffix == ".yml" else "scenario"


def _top(file: Path) -> Mapping[str, Any]:
    """Its mapping; empty where it has none, or cannot be read, which is told by whoever reads it in earnest."""
    try:
        found = read_yaml(file, as_text=True).value
    except UsageError:
        return {}
    return found if isinstance(found, dict) else {}


def _not_linted(file: Path, problem: str, remedy: str) -> UsageError:
    return UsageError(place=str(file), problem=problem, remedy=remedy)
