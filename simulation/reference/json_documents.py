"""The JSON that commands print, each document with its schema."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, TypeAdapter

from simulation.checks.verdict import Verdict
from simulation.proof.coverage.result import Coverage
from simulation.reference.fault_kinds import KindsDocument


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class WayRow(_Document):
    """One of the ways in which a runbook is carried out. ``run``: the folder of the run, where it did not hold."""

    held: bool
    note: str
    problems: tuple[str, ...]
    run: str | None


class RehearsalRow(_Document):
    """A runbook in each way. ``sim_seconds``: simulated, from its start to its end; null when it never ended."""

    runbook: str
    sim_seconds: float | None
    ways: dict[str, WayRow]


class RehearsalsDocument(_Document):
    """What ``simulate runbook test --json`` prints."""

    format_version: Literal[1] = 1
    runbooks: tuple[RehearsalRow, ...]


class LintRow(_Document):
    """``file`` is relative to the project where it is in it; ``line`` counts from 1."""

    file: str
    line: int
    rule: str
    message: str
    remedy: str


class LintDocument(_Document):
    """What ``simulate runbook lint --format json`` prints."""

    format_version: Literal[1] = 1
    findings: tuple[LintRow, ...]


class ItemRow(_Document):
    """Something that a gate needs. ``do``: commands or steps that bring what is missing."""

    name: str
    says: str
    missing: tuple[str, ...]
    unknown: bool
    do: tuple[str, ...]
    seen: str
    outcome: str


class GateRow(_Document):
    """``phase``: 06A, 06B or 06C."""

    phase: str
    says: str
    outcome: str
    items: tuple[ItemRow, ...]


class ReleaseRow(_Document):
    """The version that was looked at. ``tree``: whether its checkout was clean."""

    version: str
    commit: str
    tree: str


class ClosureDocument(_Document):
    """What ``simulate closure --json`` prints."""

    format_version: Literal[1] = 1
    closes: bool
    outcome: str
    exit_code: int
    of: ReleaseRow
    gates: tuple[GateRow, ...]


class MutantRow(_Document):
    """A change of the platform's source. ``line`` counts from 1; ``same``: why its kind makes no difference, if so."""

    file: str
    line: int
    function: str
    before: str
    after: str
    number: int
    same: str


class TrialRow(_Document):
    """What became of a mutant. ``checks``: those that named it."""

    mutant: MutantRow
    fate: str
    scenario: str
    checks: tuple[str, ...]
    said: str


class MutantsDocument(_Document):
    """What ``simulate mutants --json FILE`` writes. ``lines``: reached by a scenario, and all; ``left``: not judged."""

    format_version: Literal[1] = 1
    total: int
    lines: tuple[int, int]
    trials: tuple[TrialRow, ...]
    left: int
    share_percent: float
    fates: dict[str, int]


class Described(NamedTuple):
    """A document: the commands that give it, and its JSON Schema."""

    commands: Sequence[str]
    schema: Mapping[str, Any]


DOCUMENTS: Mapping[str, Described] = {
    "verdict": Described(
        ("simulate run --json", "simulate check RUN_DIR --json", "the file verdict.json of a run"),
        TypeAdapter(Verdict).json_schema(mode="serialization"),
    ),
    "faults": Described(("simulate faults [KIND] --json",), KindsDocument.model_json_schema(mode="serialization")),
    "lint": Described(("simulate runbook lint --format json",), LintDocument.model_json_schema(mode="serialization")),
    "rehearsals": Described(
        ("simulate runbook test --json",), RehearsalsDocument.model_json_schema(mode="serialization")
    ),
    "closure": Described(("simulate closure --json",), ClosureDocument.model_json_schema(mode="serialization")),
    "coverage": Described(("simulate coverage RUN_DIR --json FILE",), Coverage.model_json_schema(mode="serialization")),
    "mutants": Described(("simulate mutants --json FILE",), MutantsDocument.model_json_schema(mode="serialization")),
}
"""By the name under which `simulate reference --schema` prints the schema."""
