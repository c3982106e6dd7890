"""Scenario files: found, read, and refused with file, line, value and remedy before anything is started."""

from __future__ import annotations

import difflib
import reprlib
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from simulation.errors import UsageError
from simulation.project import RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.scenario import Scenario
from simulation.scenario_keys import keys_at
from simulation.scenario_rules import broken_rules
from simulation.world.results_csv import read_results
from simulation.yaml_marks import MarkedYaml, read_yaml

_TIMES = "write 2026-03-01T00:00:00Z or 'day 3 08:00'"
_REMEDIES = {
    "int_type": "write a whole number",
    "int_parsing": "write a whole number",
    "int_from_float": "write a whole number",
    "datetime_type": _TIMES,
    "datetime_parsing": _TIMES,
    "datetime_from_date_parsing": _TIMES,
    "string_type": "write a text",
    "string_pattern_mismatch": "use lower-case letters, digits and _, with a letter first",
    "model_type": "write `key: value` lines below it",
    "dict_type": "write `key: value` lines below it",
    "tuple_type": "write a list: lines that begin with `- `",
}


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
    if Path(name).is_file():
        return Path(name)
    raise UsageError(place=name, problem="no scenario has this name or path", remedy=_suggest(name, list(known)))


def load_scenario(path: Path, *, days: int | None = None, runbooks: Path = RUNBOOKS_FOLDER) -> Scenario:
    """Read a scenario and the results it names, and hold it against every rule.

    :param days: length of the window instead of the file's.
    :param runbooks: folder in which a fault's runbook must stand as ``<name>.md``.
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
        raise _refused(document, error) from error
    _check_rules(document, scenario, runbooks)
    return scenario


def _start(value: Any) -> datetime:
    """What ``day N`` counts from; a start that is none is reported by the model."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
    except ValueError:
        moment = datetime(1970, 1, 1, tzinfo=UTC)
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


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
    if not file.is_file():
        raise document.error(
            ("tournaments", key, "results"),
            problem=f"no file {tournament['results']!r} in the scenario's folder",
            remedy="name a CSV by its path from the scenario file",
        )
    return {**tournament, "played": [result.model_dump() for result in read_results(file)]}


def _check_rules(document: MarkedYaml, scenario: Scenario, runbooks: Path) -> None:
    broken = broken_rules(scenario, runbooks=frozenset(file.stem for file in runbooks.glob("*.md")))
    if broken:
        first = min(broken, key=lambda rule: document.line_of(rule.path))
        raise document.error(first.path, problem=first.problem + _more(len(broken)), remedy=first.remedy)


# --- what pydantic found, in words ---------------------------------------------------------------------------------


def _refused(document: MarkedYaml, error: ValidationError) -> UsageError:
    """The first finding in the file; a misspelt key comes before the key that is missing because of it."""
    errors = _roots(error.errors(include_url=False))
    first = min(errors, key=lambda found: (found["type"] == "missing", document.line_of(_path(found))))
    problem, remedy = _explain(first)
    return document.error(_path(first), problem=problem + _more(len(errors)), remedy=remedy)


def _roots(errors: Sequence[ErrorDetails]) -> list[ErrorDetails]:
    """Without findings about a thing of which a part is wrong: a list of one bad item is not also too short."""
    places = [error["loc"] for error in errors]
    return [
        error
        for error in errors
        if not any(len(place) > len(error["loc"]) and place[: len(error["loc"])] == error["loc"] for place in places)
    ]


def _path(error: ErrorDetails) -> tuple[str | int, ...]:
    own = error["ctx"].get("path", ()) if error["type"] == "refused" else ()
    return (*error["loc"], *own)


def _explain(error: ErrorDetails) -> tuple[str, str]:
    """Problem and remedy of one finding."""
    path, kind, context = _path(error), error["type"], error.get("ctx", {})
    dotted = ".".join(str(part) for part in path if part != "[key]")
    if kind == "refused":
        return f"{dotted}: {context['problem']}", str(context["remedy"])
    if kind == "extra_forbidden":
        return f"{dotted}: unknown key", _suggest(str(path[-1]), keys_at(Scenario, path[:-1]))
    if kind == "missing":
        return f"{dotted}: is missing", f"add `{path[-1]}:`"
    if kind == "literal_error":
        expected = str(context["expected"])
        choices = [part.strip("' ") for part in expected.replace(" or ", ",").split(",")]
        return f"{dotted}: {error['input']!r} is none of the known values", _suggest(str(error["input"]), choices)
    said = f"{error['msg'][:1].lower()}{error['msg'][1:]}"
    return f"{dotted}: {reprlib.repr(error['input'])} is not accepted, {said}", _REMEDIES.get(kind) or _bound(context)


def _bound(context: dict[str, Any]) -> str:
    """What a number out of range should be."""
    words = {"ge": "or more", "le": "or less", "gt": "is too little, write more", "lt": "is too much, write less"}
    for bound, said in words.items():
        if bound in context:
            return f"{context[bound]} {said}"
    return "change the value; the project's scenarios have an example of every key"


def _suggest(value: str, known: Sequence[str]) -> str:
    nearest = difflib.get_close_matches(value, known, n=1, cutoff=0.5)
    listed = f"known: {', '.join(known)}"
    return f"did you mean {nearest[0]!r}? {listed}" if nearest else listed


def _more(findings: int) -> str:
    return f" (and {findings - 1} more in this file)" if findings > 1 else ""
