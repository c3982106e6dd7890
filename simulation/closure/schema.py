"""Gate 06A: the table of runbook executions is created and tested, and the schema snapshot is what it must be."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

from simulation.checks.verdict import Verdict
from simulation.closure.gates import Gate, Item
from simulation.errors import command
from simulation.promotion import ritual
from simulation.run_directory import shortest

_COLUMNS = (
    "id", "runbook_name", "runbook_version", "executed_by", "status", "execution_phase", "phase_step", "start_time",
    "end_time", "duration_seconds", "result_json", "error_reason", "system_state_before", "system_state_after",
    "created_at", "updated_at",
)  # fmt: skip
_INDEXES = tuple(f"idx_runbook_executions_{column}" for column in ("created_at", "runbook_name", "status"))
_SHOWN_BY = ("append_only", "runbook_rows")
"""Checks of a run that show the table at work."""


def schema_gate(snapshot: Path, run: Verdict | None, *, iteration: str) -> Gate:
    """:param run: the simulation that is to close the iteration; None: there is none."""
    return Gate(
        phase="06A",
        says="runbook_executions table created and tested",
        items=(_snapshot(snapshot, iteration), _table(snapshot), _tested(run)),
    )


def _snapshot(snapshot: Path, iteration: str) -> Item:
    found = tuple(ritual.problems(snapshot)) if snapshot.is_file() else ("there is no such file",)
    return Item(
        name="schema snapshot",
        says="the schema snapshot is whole, current, indexed and committed",
        missing=found,
        do=ritual.remedies(snapshot, found, iteration=iteration),
        seen=shortest(snapshot),
    )


def _table(snapshot: Path) -> Item:
    text = snapshot.read_text(encoding="utf-8") if snapshot.is_file() else ""
    return Item(
        name="runbook_executions",
        says="the table has all fields of the specification, and its indexes",
        missing=tuple(_lacking(text)),
        do=("write the migration, then " + command("snapshot", "end", "--help"),),
        seen=shortest(snapshot),
    )


def _lacking(snapshot: str) -> Iterator[str]:
    table = re.search(r"CREATE TABLE public\.runbook_executions \((.*?)\n\);", snapshot, re.DOTALL)
    if table is None:
        yield "the snapshot has no table runbook_executions"
        return
    columns = re.findall(r"^ {4}(\w+) ", table[1], re.MULTILINE)
    yield from (f"no column {column}" for column in _COLUMNS if column not in columns)
    yield from (f"no index {index}" for index in _INDEXES if f"CREATE INDEX {index} " not in snapshot)


def _tested(run: Verdict | None) -> Item:
    outcomes = {} if run is None else {result.check: result.outcome for result in run.results}
    return Item(
        name="append-only",
        says="a run has seen one row an execution, and none changed afterwards",
        missing=tuple(
            f"{check}: {outcomes.get(check, 'no run to look at')}"
            for check in _SHOWN_BY
            if outcomes.get(check) != "pass"
        ),
        do=("see 06C",),
    )
