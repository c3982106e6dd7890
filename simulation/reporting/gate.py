"""The files that ``simulate gate`` writes for all its seeds: ``junit.xml``, ``ctrf-report.json``, ``summary.md``."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element, SubElement

from simulation.checks.run_record import Release
from simulation.checks.verdict import EXIT_CODES
from simulation.reporting import ctrf
from simulation.reporting.junit import clean, document
from simulation.reporting.markdown import plain, table, within_step_summary
from simulation.reporting.words import mark
from simulation.words import plural


@dataclass(frozen=True, kw_only=True)
class SeedOutcome:
    """How the run of one seed ended.

    ``reason`` says why it is unknown if the run gave no full verdict, else it is empty; ``folder`` is None if the run
    left no report.
    """

    seed: int
    outcome: str
    wall_seconds: float
    digest: str = ""
    findings: int = 0
    reason: str = ""
    folder: Path | None = None


@dataclass(frozen=True, kw_only=True)
class GateReport:
    """The outcomes of all seeds of one gate."""

    scenario: str
    environment: str
    made_by: Release
    seeds: tuple[SeedOutcome, ...]

    @property
    def outcome(self) -> str:
        """The worst outcome of all seeds: fail, then unknown, then pass."""
        outcomes = {seed.outcome for seed in self.seeds}
        return next((worst for worst in ("fail", "unknown") if worst in outcomes), "pass")

    @property
    def exit_code(self) -> int:
        return next(code for outcome, code in EXIT_CODES.items() if outcome == self.outcome)

    def text(self) -> str:
        """For the terminal: a headline, then one line for each seed."""
        lines = [f"{mark(self.outcome).symbol} gate: {self.outcome}, {self.scenario} in {self.environment}"]
        for seed in self.seeds:
            where = seed.reason or f"{seed.findings} findings, digest {seed.digest[:12]}, {seed.folder}"
            lines.append(
                f"  {mark(seed.outcome).symbol} seed {seed.seed}: {seed.outcome}, {seed.wall_seconds:.1f} s, {where}"
            )
        return "\n".join(lines)


def write_gate(folder: Path, report: GateReport) -> None:
    """Write the three files into ``folder``."""
    (folder / "junit.xml").write_text(render_gate_junit(report), encoding="utf-8")
    (folder / "ctrf-report.json").write_text(render_gate_ctrf(report), encoding="utf-8")
    (folder / "summary.md").write_text(render_gate_summary(report), encoding="utf-8")


def render_gate_summary(report: GateReport) -> str:
    """A page of Markdown."""
    rows = (
        (
            str(seed.seed), f"{mark(seed.outcome).symbol} {seed.outcome}", str(seed.findings),
            f"{seed.wall_seconds:.1f}", seed.digest[:12] or "–",
            seed.reason or str(seed.folder),
        )
        for seed in report.seeds
    )  # fmt: skip
    lines = [
        f"## {mark(report.outcome).symbol} Gate: {report.outcome.upper()}",
        "",
        plain(
            f"{report.scenario}, {plural(len(report.seeds), 'seed')}, in {report.environment}; "
            f"version {report.made_by}."
        ),
        "",
        *table(("seed", "verdict", "findings", "seconds", "digest", "report, or why there is none"), rows),
    ]
    return within_step_summary(lines)


def render_gate_junit(report: GateReport) -> str:
    """The test suites of every seed in one document; each suite's name begins with its seed."""
    return document(f"gate {report.scenario}", [suite for seed in report.seeds for suite in _suites(seed)])


def render_gate_ctrf(report: GateReport) -> str:
    """The tests of every seed in one document; the first suite name of each test contains its seed."""
    own = [_results(seed.folder) for seed in report.seeds if seed.folder is not None]
    broken: list[ctrf.Test] = [
        {
            "name": "has a whole verdict",
            "status": "other",
            "rawStatus": seed.outcome,
            "duration": 0,
            "suite": [f"{report.scenario} seed {seed.seed}", "gate"],
            "message": seed.reason,
        }
        for seed in report.seeds
        if seed.reason
    ]
    return ctrf.document(
        [*(test for results in own for test in results["tests"]), *broken],
        start=min((results["summary"]["start"] for results in own), default=0),
        stop=max((results["summary"]["stop"] for results in own), default=0),
        name=f"gate {report.scenario}",
        made_by=report.made_by,
        extra={"outcome": report.outcome},
    )


def _results(folder: Path) -> dict[str, Any]:
    results: dict[str, Any] = json.loads((folder / "ctrf-report.json").read_text(encoding="utf-8"))["results"]
    return results


def _suites(seed: SeedOutcome) -> list[Element]:
    suites = [] if seed.folder is None else list(_own(seed.folder))
    for suite in suites:
        suite.set("name", f"seed {seed.seed}: {suite.attrib['name']}")
        for case in suite.iter("testcase"):
            case.set("classname", f"seed{seed.seed}.{case.attrib['classname']}")
    if seed.reason:
        suites.append(_broken(seed))
    return suites


def _own(folder: Path) -> Element:
    return ElementTree.parse(folder / "junit.xml").getroot()  # noqa: S314 - a file this program has just written


def _broken(seed: SeedOutcome) -> Element:
    """A suite with one error, for a seed without a full verdict: otherwise its absence would look like a pass."""
    name = f"seed {seed.seed}: gate"
    suite = Element("testsuite", {"name": name, "tests": "1", "failures": "0", "errors": "1", "skipped": "0"})
    case = SubElement(suite, "testcase", {"classname": f"seed{seed.seed}", "name": "has a whole verdict", "time": "0"})
    SubElement(case, "error", {"message": clean(seed.reason)})
    return suite
