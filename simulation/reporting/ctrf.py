"""``ctrf-report.json``: the criteria as a report in the Common Test Report Format (https://ctrf.io), for dashboards.

Start and stop are simulated times, so that the same history gives the same bytes; each criterion has duration 0.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from simulation.checks.run_record import Release
from simulation.reporting.parts.criteria import CriterionView, SectionView
from simulation.reporting.text import about, finding_lines
from simulation.reporting.view import Report
from simulation.words import plural

_SPEC_VERSION = "1.0.0"
_STATUS = {"pass": "passed", "fail": "failed", "not_verified": "skipped"}
"""Any other outcome (unknown) becomes the format's ``other``, with our word as ``rawStatus``."""
_STATUSES = ("passed", "failed", "skipped", "pending", "other")

Test = dict[str, Any]
"""One entry of the format's list of tests."""


def render_ctrf(report: Report) -> str:
    """The JSON document, with a trailing newline."""
    suite = f"{report.facts.scenario} seed {report.facts.seed}"
    tests = [_test(report, suite, section, criterion) for section in report.sections for criterion in section.criteria]
    start, stop = (_milliseconds(moment) for moment in (report.calendar.start, report.calendar.end))
    return document(tests, start=start, stop=stop, name=suite, made_by=report.facts.made_by, extra=_extra(report))


def document(
    tests: Sequence[Test], *, start: int, stop: int, name: str, made_by: Release, extra: dict[str, Any]
) -> str:
    """A CTRF document as JSON: the tests, and a summary that counts them by status.

    :param start: like ``stop``, in milliseconds since 1970 (UTC).
    """
    summary = {
        "tests": len(tests),
        **{status: sum(test["status"] == status for test in tests) for status in _STATUSES},
        "suites": len({tuple(test["suite"]) for test in tests}),
        "start": start,
        "stop": stop,
    }
    results = {
        "tool": {"name": "founder-absence-sim"},
        "summary": summary,
        "tests": list(tests),
        "environment": {
            "reportName": name,
            "appVersion": made_by.version,
            "commit": made_by.commit,
            "testEnvironment": "simulation",
        },
        "extra": {"times": "simulated", **extra},
    }
    log = {"reportFormat": "CTRF", "specVersion": _SPEC_VERSION, "generatedBy": "simulate", "results": results}
    return json.dumps(log, indent=2) + "\n"


def _test(report: Report, suite: str, section: SectionView, criterion: CriterionView) -> Test:
    test: Test = {
        "name": criterion.text,
        "status": _STATUS.get(criterion.outcome, "other"),
        "duration": 0,
        "suite": [suite, section.title],
        "rawStatus": criterion.outcome,
        "tags": [result.check for result in criterion.checks],
    }
    if criterion.outcome == "fail":
        lines = [line for finding in criterion.findings for line in finding_lines(finding, report.calendar)]
        test |= {"message": plural(len(criterion.findings), "finding"), "trace": "\n".join(lines)}
    elif criterion.outcome != "pass":
        test["message"] = "; ".join(criterion.doubts) or criterion.outcome
    return test


def _extra(report: Report) -> dict[str, Any]:
    return {**about(report), "outcome": report.outcome, "seed": report.facts.seed, "reproduce": report.facts.reproduce}


def _milliseconds(moment: datetime) -> int:
    return int(moment.timestamp() * 1000)
