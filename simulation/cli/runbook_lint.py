"""``simulate runbook lint``: all that is wrong with runbooks and what surrounds them, with its place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import click

from simulation.paths import ALERTS_FOLDER, PLATFORM_FACTS, ROOT, RUNBOOKS_FOLDER, SCENARIOS_FOLDER
from simulation.runbook_lint.lint import lint
from simulation.runbook_lint.material import Material
from simulation.runbook_lint.rule import LintFinding
from simulation.runbook_lint.sarif import shown, to_json, to_sarif
from simulation.targets.builtin.governance import GOVERNANCE
from simulation.words import plural


@click.command()
@click.argument("files", nargs=-1, type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--format",
    "as_format",
    type=click.Choice(["text", "sarif", "json"]),
    default="text",
    show_default=True,
    help="SARIF 2.1.0 is for CI and editors.",
)
def runbook_lint(files: tuple[Path, ...], as_format: Literal["text", "sarif", "json"]) -> int:
    """Find all that is wrong with FILES, or with all that comes along. That is runbooks, index, alerts and scenarios.

    FILES are known by what stands in them: runbooks, files of alert rules, scenarios.

    Exit code 1: something was found.
    """
    material = Material(
        runbooks=RUNBOOKS_FOLDER,
        alerts=ALERTS_FOLDER,
        scenarios=SCENARIOS_FOLDER,
        facts=PLATFORM_FACTS,
        repeatable=GOVERNANCE.repeatable_requests,
        files=files,
    )
    findings = lint(material)
    if as_format == "text":
        kinds = Counter(material.kinds.values()) or Counter(runbook=len(material.books))
        looked = ", ".join(plural(number, kind) for kind, number in kinds.items())
        click.echo(_text(findings, looked=looked))
    else:
        click.echo((to_sarif if as_format == "sarif" else to_json)(findings, root=ROOT), nl=False)
    return 1 if findings else 0


def _text(findings: Sequence[LintFinding], *, looked: str) -> str:
    lines = [
        f"{shown(finding.file, ROOT)}:{finding.line}: {finding.rule} {finding.message} ({finding.remedy})"
        for finding in findings
    ]
    return "\n".join((*lines, f"{looked}, {plural(len(findings), 'finding')}"))
