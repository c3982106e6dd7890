"""Findings as SARIF 2.1.0, which code reviews and editors show next to the line, or as plain JSON.

GitHub's code scanning also requires paths relative to the repository, and for each rule a short description, a full
description and a help text.
"""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from urllib.parse import quote

from simulation.runbook_lint.rule import REGISTRY, LintFinding

_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"

_GRAMMAR = "fixtures/runbooks/README.md"


def to_sarif(findings: Sequence[LintFinding], *, root: Path) -> str:
    """A SARIF log; paths below ``root`` are relative to it."""
    rules = sorted(REGISTRY)
    log = {
        "$schema": _SCHEMA,
        "version": "2.1.0",
        "runs": [
            {
                "tool": {
                    "driver": {
                        "name": "simulate runbook lint",
                        "rules": [_rule(rule, REGISTRY[rule].says) for rule in rules],
                    }
                },
                "columnKind": "unicodeCodePoints",
                "results": [_result(finding, rules, root) for finding in findings],
            }
        ],
    }
    return json.dumps(log, indent=2) + "\n"


def _result(finding: LintFinding, rules: Sequence[str], root: Path) -> dict[str, object]:
    return {
        "ruleId": finding.rule,
        "ruleIndex": rules.index(finding.rule),
        "level": "error",
        "message": {"text": f"{finding.message} ({finding.remedy})"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(finding.file, root)},
                    "region": {"startLine": max(1, finding.line)},
                }
            }
        ],
    }


def _rule(rule: str, says: str) -> dict[str, object]:
    return {
        "id": rule,
        "shortDescription": {"text": says},
        "fullDescription": {"text": f"{says}."},
        "help": {"text": f"{says}. Each finding names its remedy; the grammar of runbooks is in {_GRAMMAR}."},
        "defaultConfiguration": {"level": "error"},
    }


def _uri(file: Path, root: Path) -> str:
    """A path relative to ``root``, else to the working directory; for files outside both, a file URI."""
    absolute = file.resolve()
    for folder in (root, Path.cwd()):
        if absolute.is_relative_to(folder):
            return quote(os.fsencode(absolute.relative_to(folder)))
    return absolute.as_uri()


def to_json(findings: Sequence[LintFinding], *, root: Path) -> str:
    """A JSON document with all findings; its schema stands in ``simulation/REFERENCE.md``."""
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
    return json.dumps({"format_version": 1, "findings": rows}, indent=2) + "\n"


def shown(file: Path, root: Path) -> str:
    """The path relative to ``root`` if it is inside, else as given."""
    absolute = file.resolve()
    return absolute.relative_to(root).as_posix() if absolute.is_relative_to(root) else file.as_posix()
