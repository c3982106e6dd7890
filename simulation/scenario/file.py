"""Scenario files: found, read, and refused with file, line, value and remedy before anything is started."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError
from pydantic_core import ErrorDetails

from simulation.documents.refusal import MOST_TOLD, mistakes, path_of, suggest, told
from simulation.documents.strict import YEARS
from simulation.documents.yaml import MarkedYaml, read_yaml
from simulation.errors import UsageError
from simulation.paths import RUNBOOKS_FOLDER, SCENARIOS_FOLDER, runbook_files
from simulation.scenario.faults.operator import OperatorCrash
from simulation.scenario.faults.rule import BrokenRule, days_of
from simulation.scenario.model import Scenario
from simulation.scenario.orders import Profile
from simulation.scenario.partial import Partial
from simulation.scenario.results_csv import read_results
from simulation.scenario.rules import broken_rules
from simulation.words import plural

_ONLY_WHEN_FAILED = ("rollback", "escalation")
"""Sections of a runbook."""
_SOLD = (("contests",), ("orders",))
_NO_START = datetime(2000, 1, 1, tzinfo=UTC)


def available_scenarios(folder: Path = SCENARIOS_FOLDER) -> dict[str, Path]:
    """Name → file of every scenario that comes with the project, ordered by name."""
    return {file.stem: file for file in sorted(folder.glob("*.yaml"))}


def find_scenario(name: str, *, folder: Path = SCENARIOS_FOLDER) -> Path:
    """File of a scenario given by its name, by that of its folder and its own (``runbooks/chargeback``), or by a path.

    :raises UsageError: there is neither; the nearest name is suggested.
    """
    known = available_scenarios(folder)
    below = {file.relative_to(folder).with_suffix("").as_posix(): file for file in sorted(folder.glob("*/*.yaml"))}
    if name in known or name in below:
        return known.get(name) or below[name]
    if os.path.isfile(name):  # a name may be too long to ask for
        return Path(name)
    raise UsageError(
        place=name,
        problem="no scenario has this name or path",
        remedy=suggest(name, list(below if "/" in name else known)),
    )


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
    found: list[UsageError] = []
    partial = Partial(data)
    unread = _read_played(document, data, found)
    partial.leave_out([("tournaments", key) for key in unread], known=frozenset())
    scenario = _validated(document, partial, found)
    if scenario is not None:
        rules = _Rules(document=document, runbooks=runbooks, usual_platform=usual_platform, days_instead=days)
        found += rules.broken(scenario, partial, all_there=not found)
    if found:
        raise UsageError.of(found)
    assert scenario is not None
    return scenario


def refuse_another_profile(scenario: Scenario, profile: Profile, *, place: str) -> None:
    """:param profile: the target's. :raises UsageError: the scenario is about another kind of business."""
    if scenario.profile == profile:
        return
    remedies = {
        "payments": 'run it against a backend of your own whose target.toml says `profile = "payments"`: --target DIR',
        "contests": "name a scenario of the profile payments, such as shop_6d",
    }
    raise UsageError(
        place=place,
        problem=f"the scenario's profile is {scenario.profile}, and the target's is {profile}",
        remedy=remedies[scenario.profile],
    )


def _validated(document: MarkedYaml, partial: Partial, found: list[UsageError]) -> Scenario | None:
    """The scenario without the parts that have mistakes, which are added to ``found``; None: too much is missing."""
    while True:
        context = {"start": _start(partial.document.get("start"))}
        try:
            return Scenario.model_validate(partial.document, context=context)
        except ValidationError as error:
            errors = [each for each in mistakes(error) if not (partial.emptied and each["loc"] in _SOLD)]
            found += told(document, [_as_in_the_file(each, partial) for each in errors], Scenario)
            places = [path_of(each, Scenario) for each in errors]
            if len(found) >= MOST_TOLD or not partial.leave_out(places, known=frozenset(Scenario.model_fields)):
                return None


def _as_in_the_file(error: ErrorDetails, partial: Partial) -> ErrorDetails:
    """With its place in the file instead of that in what is left of it."""
    if error["loc"]:
        return {**error, "loc": partial.original(error["loc"])}
    context = error.get("ctx", {})
    return {**error, "ctx": {**context, "path": partial.original(context.get("path", ()))}}


def _start(value: Any) -> datetime:
    """What ``day N`` counts from; a start that is none is reported by the model."""
    try:
        moment = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        moment = moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
    except (ValueError, OverflowError):
        return _NO_START
    return moment if moment.year in YEARS else _NO_START


def _read_played(document: MarkedYaml, data: dict[str, Any], found: list[UsageError]) -> list[str]:
    """Replace each tournament that has ``results`` by one that has them in it. Paths go from the scenario's folder.

    Returns the keys of those whose results cannot be had; why is added to ``found``.
    """
    tournaments = data.get("tournaments")
    if not isinstance(tournaments, dict):
        return []
    data["tournaments"], unread = dict(tournaments), []
    for key, value in tournaments.items():
        try:
            data["tournaments"][key] = _with_played(document, key, value)
        except UsageError as error:
            found += error.each
            unread.append(str(key))
    return unread


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
    drawn = [name for name in ("players", "cut_after_round_2", "withdrawals") if name in tournament]
    if drawn:
        raise UsageError.of(
            [
                document.error(
                    ("tournaments", key, name),
                    problem=f"{name} is of a drawn tournament, and this one is replayed from its results",
                    remedy=f"take out {name}, or results",
                )
                for name in drawn
            ]
        )
    return {**tournament, "played": [result.model_dump() for result in read_results(file)]}


@dataclass(frozen=True, kw_only=True)
class _Rules:
    """The rules between the parts of a scenario, for a file and what was said beside it."""

    document: MarkedYaml
    runbooks: Path
    usual_platform: bool
    days_instead: int | None

    def broken(self, scenario: Scenario, partial: Partial, *, all_there: bool) -> list[UsageError]:
        """What is wrong, in the order of the file.

        :param all_there: the scenario is whole; without all its parts its money cannot be counted.
        """
        rules = self._broken(scenario, all_there=all_there)
        in_the_file = self.document.value.get("days")
        if rules and self.days_instead is not None and type(in_the_file) is int:
            written = scenario.model_copy(update={"days": in_the_file})
            by_the_option = [rule for rule in rules if rule.path not in self._places(written, all_there=all_there)]
            if by_the_option:
                return [self._of_days(by_the_option, scenario, written.days, all_there=all_there)]
        rules = sorted(rules, key=lambda rule: self.document.line_of(partial.original(rule.path)))
        return [
            self.document.error(partial.original(rule.path), problem=rule.problem, remedy=rule.remedy)
            for rule in rules[:MOST_TOLD]
        ]

    def _of_days(self, rules: Sequence[BrokenRule], scenario: Scenario, most: int, *, all_there: bool) -> UsageError:
        """One message for all that ``--days`` breaks: no line of the file is wrong."""
        enough = next(
            (
                days
                for days in range(scenario.days + 1, most)
                if not self._broken(scenario.model_copy(update={"days": days}), all_there=all_there)
            ),
            None,
        )
        more = f" (and {plural(len(rules) - 1, 'more thing does', 'more things do')} not fit)" if len(rules) > 1 else ""
        return UsageError(
            place=f"--days {scenario.days}",
            problem=f"{scenario.name} does not fit into {days_of(scenario.days)}: {rules[0].problem}{more}",
            remedy=f"--days {enough} or more" if enough else f"leave it out: the scenario has {days_of(most)}",
        )

    def _places(self, scenario: Scenario, *, all_there: bool) -> set[tuple[str | int, ...]]:
        return {rule.path for rule in self._broken(scenario, all_there=all_there)}

    def _broken(self, scenario: Scenario, *, all_there: bool) -> Sequence[BrokenRule]:
        return broken_rules(
            scenario,
            runbooks=frozenset(self._files),
            steps={name: count for name in self._crashed(scenario) if (count := _steps(self._files[name]))},
            usual_platform=self.usual_platform,
            all_there=all_there,
        )

    def _crashed(self, scenario: Scenario) -> list[str]:
        """Runbooks in the middle of which an operator is to be gone."""
        named = {fault.expect.runbook for fault in scenario.faults if isinstance(fault, OperatorCrash)}
        return sorted(name for name in named if name in self._files)

    @cached_property
    def _files(self) -> dict[str, Path]:
        return {file.stem: file for file in runbook_files(self.runbooks)}


def _steps(runbook: Path) -> int:
    """How many steps an execution has in which nothing fails, by the head of the file; 0 if it has none to read."""
    _, _, after = runbook.read_text(encoding="utf-8").partition("---\n")
    head, _, _ = after.partition("---\n")
    try:
        sections = (yaml.safe_load(head) or {}).get("steps") or {}
        return sum(len(steps) for name, steps in sections.items() if name not in _ONLY_WHEN_FAILED)
    except (yaml.YAMLError, AttributeError, TypeError):
        return 0  # what is wrong with a runbook is said when it is read
