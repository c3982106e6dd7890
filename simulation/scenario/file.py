"""Scenario files: found, read, and refused with file, line, value and remedy before anything is started."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from simulation.documents.refusal import more, refused, suggest
from simulation.documents.strict import YEARS
from simulation.documents.yaml import MarkedYaml, read_yaml
from simulation.errors import UsageError
from simulation.paths import RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.scenario.faults.operator import OperatorCrash
from simulation.scenario.model import Scenario
from simulation.scenario.results_csv import read_results
from simulation.scenario.rules import broken_rules

_ONLY_WHEN_FAILED = ("rollback", "escalation")
"""Sections of a runbook."""
_NO_START = datetime(2000, 1, 1, tzinfo=UTC)


def available_scenarios(folder: Path = SCENARIOS_FOLDER) -> dict[str, Path]:
    """Name → file of every scenario that comes with the project, ordered by name."""
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def find_scenario(name: str, *, folder: Path = SCENARIOS_FOLDER) -> Path:
    """File of a scenario given by its name or by a path.

    :raises UsageError: there is neither; the nearest name is suggested.
    """
    known = available_scenarios(folder)
    if name in known:
        return known[name]
    if os.path.isfile(name):  # a name may be too long to ask for
        return Path(name)
    raise UsageError(place=name, problem="no scenario has this name or path", remedy=suggest(name, list(known)))


def load_scenario(
    path: Path, *, days: int | None = None, runbooks: Path = RUNBOOKS_FOLDER, usual_platform: bool = True
) -> Scenario:
    """Read a scenario and the results it names, and hold it against every rule.

    :param days: length of the window instead of the file's.
    :param runbooks: folder in which a fault's runbook must stand as ``<name>.md``.
    :param usual_platform: it is to be run against one that keeps the rules of ``fixtures/spec/platform.md``.
    :raises UsageError: anything in it cannot be run; names the first line to change, and how many more there are.
    """
    document = read_yaml(path)
    if not isinstance(document.value, dict):
        raise document.error((), problem="is no scenario", remedy="write `name:`, `start:`, `days:` and so on")
    data: dict[str, Any] = dict(document.value)
    if days is not None:
        data["days"] = days
    _read_played(document, data)
    try:
        scenario = Scenario.model_validate(data, context={"start": _start(data.get("start"))})
    except ValidationError as error:
        raise refused(document, error, Scenario) from error
    _check_rules(document, scenario, runbooks, usual_platform=usual_platform)
    return scenario


def _start(value: Any) -> datetime:
    """What ``day N`` counts from; a start that is none is reported by the model."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return _NO_START
    return moment if moment.year in YEARS else _NO_START


def _read_played(document: MarkedYaml, data: dict[str, Any]) -> None:
    """Replace each tournament that has ``results`` by one that has them in it. Paths go from the scenario's folder."""
    tournaments = data.get("tournaments")
    if not isinstance(tournaments, dict):
        return
    data["tournaments"] = {key: _with_played(document, key, value) for key, value in tournaments.items()}


def _with_played(document: MarkedYaml, key: str, tournament: Any) -> Any:
    if not isinstance(tournament, dict) or not isinstance(tournament.get("results"), str) or tournament.get("played"):
        return tournament
    file = document.file.parent / tournament["results"]
    if not os.path.isfile(file):
        raise document.error(
            ("tournaments", key, "results"),
            problem=f"no file {tournament['results']!r} in the scenario's folder",
            remedy="name a CSV by its path from the scenario file",
        )
    return {**tournament, "played": [result.model_dump() for result in read_results(file)]}


def _check_rules(document: MarkedYaml, scenario: Scenario, runbooks: Path, *, usual_platform: bool) -> None:
    files = {file.stem: file for file in runbooks.glob("*.md")}
    crashed = {fault.expect.runbook for fault in scenario.faults if isinstance(fault, OperatorCrash)}
    steps = {name: count for name in crashed & files.keys() if name and (count := _steps(files[name]))}
    broken = broken_rules(scenario, runbooks=frozenset(files), steps=steps, usual_platform=usual_platform)
    if broken:
        first = min(broken, key=lambda rule: document.line_of(rule.path))
        raise document.error(first.path, problem=first.problem + more(len(broken)), remedy=first.remedy)


def _steps(runbook: Path) -> int:
    """How many steps an execution has in which nothing fails, by the head of the file; 0 if it has none to read."""
    _, _, after = runbook.read_text(encoding="utf-8").partition("---\n")
    head, _, _ = after.partition("---\n")
    try:
        sections = (yaml.safe_load(head) or {}).get("steps") or {}
        return sum(len(steps) for name, steps in sections.items() if name not in _ONLY_WHEN_FAILED)
    except (yaml.YAMLError, AttributeError, TypeError):
        return 0  # what is wrong with a runbook is said when it is read
