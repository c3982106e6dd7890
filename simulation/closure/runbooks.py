"""Gate 06B: all runbooks are documented, tested and passing, and the promotion's checks hold."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Sequence
from pathlib import Path

from simulation.checks.run_record import Release
from simulation.closure.evidence import PROMOTION, REHEARSALS, MadeBy, RehearsalRecord, read_promotion, read_rehearsals
from simulation.closure.gates import Gate, Item
from simulation.errors import command
from simulation.paths import ALERTS_FOLDER, PLATFORM_FACTS, ROOT, RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.promotion.checks import CHECKS
from simulation.rehearsal.rehearse import WAYS, Rehearsed
from simulation.runbook_lint.lint import lint
from simulation.runbook_lint.material import Material
from simulation.runbook_lint.sarif import shown
from simulation.targets.builtin.governance import GOVERNANCE
from simulation.world.operator.parser import load_runbooks
from simulation.world.operator.runbook import Runbook

_MOST = 10
"""Of what is missing of one kind."""


def runbooks_gate(out: Path, release: Release) -> Gate:
    """:param out: where runs and what commands leave is kept."""
    return Gate(
        phase="06B",
        says="all runbooks documented, tested, and passing",
        items=(_documented(), _rehearsed(out, release), _promotion(out, release)),
    )


def rehearsal_record(rehearsed: Rehearsed, runbook: Runbook, release: Release) -> RehearsalRecord:
    """What is kept of a rehearsal."""
    held = {way: not outcome.problems for way, outcome in rehearsed.ways.items()}
    return RehearsalRecord(sha256=_sha256(runbook), made_by=MadeBy.of(release), held=held)


def _sha256(runbook: Runbook) -> str:
    return hashlib.sha256(runbook.path.read_bytes()).hexdigest()


def _documented() -> Item:
    """Every rule of the lint: sections, exact commands, index, alerts, failure modes of the specification."""
    material = Material(
        runbooks=RUNBOOKS_FOLDER,
        alerts=ALERTS_FOLDER,
        scenarios=SCENARIOS_FOLDER,
        facts=PLATFORM_FACTS,
        repeatable=GOVERNANCE.repeatable_requests,
    )
    found = [f"{shown(one.file, ROOT)}:{one.line}: {one.rule} {one.message}" for one in lint(material)]
    return Item(
        name="documented",
        says="every failure, task and escalation has a runbook, each step executable without interpretation",
        missing=_some(found),
        do=(command("runbook", "lint"),),
        seen=shown(RUNBOOKS_FOLDER, ROOT),
    )


def _rehearsed(out: Path, release: Release) -> Item:
    stored = read_rehearsals(out)
    records = stored.runbooks if stored else {}
    books = load_runbooks(RUNBOOKS_FOLDER)
    lacking = {book.name: reason for book in books for reason in _unproven(book, records.get(book.name), release)}
    names = () if len(lacking) == len(books) else tuple(lacking)
    return Item(
        name="rehearsed",
        says=f"each of {len(books)} runbooks recovered, rolled back and failed safely, by this commit",
        missing=tuple(
            f"{reason}: {', '.join(name for name, its in lacking.items() if its == reason)}"
            for reason in dict.fromkeys(lacking.values())
        ),
        do=(command("runbook", "test", *names),),
        seen=str(out / REHEARSALS),
    )


def _unproven(book: Runbook, record: RehearsalRecord | None, release: Release) -> Iterator[str]:
    """At most one reason."""
    if record is None:
        yield "not rehearsed"
    elif failed := [way for way in WAYS if not record.held.get(way)]:
        yield f"did not hold: {', '.join(failed)}"
    elif record.sha256 != _sha256(book):
        yield "changed since it was rehearsed"
    elif not record.made_by.is_of(release):
        yield f"rehearsed by version {record.made_by}"


def _promotion(out: Path, release: Release) -> Item:
    record = read_promotion(out)
    missing: list[str] = []
    if record is None:
        missing.append("no release was put through the seven checks")
    elif record.failed is not None:
        missing.append(f"{record.release}: the check {record.failed!r} failed")
    elif len(record.held) < len(CHECKS):
        missing.append(f"{record.release}: only {len(record.held)} of {len(CHECKS)} checks were carried out")
    elif not record.made_by.is_of(release):
        missing.append(f"{record.release} was checked by version {record.made_by}")
    files = ("--release", "RELEASE.yaml", "--staging-env", "STAGING.env", "--production-env", "PRODUCTION.env")
    return Item(
        name="promotion",
        says="a release holds the specification's seven checks of the promotion",
        missing=tuple(missing),
        do=(command("promotion", "check", *files),),
        seen=str(out / PROMOTION),
    )


def _some(lines: Sequence[str]) -> tuple[str, ...]:
    more = [f"and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    return (*lines[:_MOST], *more)
