"""One case of the sweep: written as a scenario, refused at its line, or run and judged."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import yaml

from simulation.assembly.request import prepare
from simulation.checks.verdict import Verdict, judge
from simulation.errors import SimulationError, UsageError
from simulation.paths import SCENARIOS_FOLDER
from simulation.progress import Silent
from simulation.proof.sweep.edges import Case
from simulation.run import carry_out
from simulation.run_directory import RunDirectory
from simulation.scenario.faults.expectation import Expectation
from simulation.scenario.faults.fault import Fault
from simulation.scenario.faults.registry import KINDS
from simulation.scenario.file import load_scenario
from simulation.scenario.model import Scenario

GROUNDS = SCENARIOS_FOLDER / "sweep"
_SEED = 1
_ID = "swept"


@dataclass(frozen=True, kw_only=True)
class Tried:
    """How one case ended.

    ``said``: of a refusal the problem, of a run that did not pass its first finding, else empty.
    """

    case: str
    kind: str
    outcome: Literal["refused", "pass", "fail", "unknown", "broke_off"]
    expect: str
    said: str
    scenario: str
    """File of the scenario, by name."""

    @property
    def good(self) -> bool:
        return self.outcome in ("refused", "pass")

    def as_row(self) -> dict[str, Any]:
        """As it is stored."""
        return asdict(self)


def ground(kind: str) -> Scenario:
    """What faults of a kind are put on: a scenario that it names, or of its name, or the one for all others."""
    own = GROUNDS / f"{KINDS[kind].ground or kind}.yaml"
    return load_scenario(own if own.exists() else GROUNDS / "ground.yaml")


def attempt(case: Case, *, folder: Path, target: Path | None) -> Tried:
    """Try one case with the ending that its kind has by itself; if that is refused, with each other one it may have.

    :param folder: where scenarios and the runs that do not pass are kept.
    """
    tried: Tried | None = None
    for expect in _endings(case):
        found = _with(case, expect, folder=folder, target=target)
        if not found.good:
            return found
        if tried is None or tried.outcome == "refused":
            tried = found
    assert tried is not None
    return tried


def _endings(case: Case) -> Iterator[dict[str, Any]]:
    """What the kind expects by itself, and what it says of these fields."""
    expects = KINDS[case.kind].expects
    yield expects.model_dump(exclude_none=True)
    fault = _fault(case)
    ending = None if fault is None else fault.ending(ground(case.kind))
    if isinstance(ending, Expectation) and ending != expects:
        yield ending.model_dump(exclude_none=True)


def _fault(case: Case) -> Fault | None:
    """None: a value is out of its range."""
    kind = KINDS[case.kind]
    try:
        return kind.model_validate({"id": _ID, "kind": case.kind, **case.fields, "expect": kind.expects})
    except ValueError:
        return None


def _with(case: Case, expect: dict[str, Any], *, folder: Path, target: Path | None) -> Tried:
    file = folder / "scenarios" / f"{case.name}.yaml"
    document = ground(case.kind).model_dump(mode="json", exclude_none=True)
    document["name"] = "sweep"
    document["faults"] = [*document.get("faults", ()), {"id": _ID, "kind": case.kind, **case.fields, "expect": expect}]
    _add_tasks(document, case)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(yaml.safe_dump(document, sort_keys=False), encoding="utf-8")

    def ended(outcome: Any, said: str) -> Tried:
        told = " ".join(f"{name} {value}" for name, value in expect.items())
        return Tried(case=case.label, kind=case.kind, outcome=outcome, expect=told, said=said, scenario=file.name)

    try:
        request = prepare(scenario=str(file), seed=_SEED, environment="embedded", out=folder / "runs", target=target)
    except UsageError as error:
        return ended("refused", error.problem)
    directory = RunDirectory.create(out=request.out, scenario=case.name, seed=_SEED)
    try:
        verdict = judge(carry_out(request, directory, Silent()))
    except SimulationError as error:
        return ended("broke_off", str(error))
    if verdict.outcome == "pass":
        shutil.rmtree(directory.path)
    return ended(verdict.outcome, _first_word(verdict))


def _add_tasks(document: dict[str, Any], case: Case) -> None:
    """Tasks that the fault needs, as a swarm adds them."""
    fault = _fault(case)
    if fault is None:
        return
    tasks = [{"at": at.isoformat(), "runbook": runbook} for at, runbook in fault.tasks().items()]
    document["operator"] = {**document["operator"], "tasks": [*document["operator"].get("tasks", ()), *tasks]}


def _first_word(verdict: Verdict) -> str:
    for result in verdict.results:
        for finding in result.findings:
            return f"{result.check}: {finding.subject}: {finding.message} ({finding.actual})"[:400]
    return "; ".join(f"{result.check}: {result.unknown}" for result in verdict.results if result.unknown)[:400]
