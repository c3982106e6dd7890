"""Findings as SARIF 2.1.0, which code reviews and editors show beside the line."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path

from simulation.runbook_lint.rule import REGISTRY, Finding

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def to_sarif(findings: Sequence[Finding], *, root: Path) -> str:
    """The log; paths below ``root`` are relative to it."""
    rules = sorted(REGISTRY)
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "simulate runbook lint",
                        "rules": [{"id": rule, "shortDescription": {"text": REGISTRY[rule].says}} for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, rules, root) for finding in findings],
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _result(finding: Finding, rules: Sequence[str], root: Path) -> dict[str, object]:
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": "error",
        "message": {"text": f"{finding.message} ({finding.remedy})"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": shown(finding.file, root)},
                    "region": {"startLine": finding.line},
                }
            }
        ],
    }


def to_json(findings: Sequence[Finding], *, root: Path) -> str:
    """A plain list of findings."""
    rows = [
        {
            "file": shown(finding.file, root),
            "line": finding.line,
            "rule": finding.rule,
            "message": finding.message,
            "remedy": finding.remedy,
        }
        for finding in findings
    ]
    return json.dumps(rows, indent=2) + "\n"


def shown(file: Path, root: Path) -> str:
    """The path as people and tools want it: relative to the project where it is inside."""
    absolute = file.resolve()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else file.as_posix()
