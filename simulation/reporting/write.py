"""Writes the files that a run directory gets once there is a verdict."""

from __future__ import annotations

from pathlib import Path

from simulation.checks.evidence.case import Case
from simulation.checks.verdict import Verdict
from simulation.events.governance import NO_GOVERNANCE
from simulation.history import History
from simulation.reporting.ctrf import render_ctrf
from simulation.reporting.html import render_html
from simulation.reporting.junit import render_junit
from simulation.reporting.parts.near_misses import near_misses_of
from simulation.reporting.postmortem import render_postmortem
from simulation.reporting.record import with_record
from simulation.reporting.summary import render_summary
from simulation.reporting.tables import audit_csv, ledger_csv, runbooks_csv
from simulation.reporting.transcript import render_transcript
from simulation.reporting.view import Report, build_report
from simulation.run_directory import RunDirectory

POSTMORTEM = "postmortem.md"
_WITH_BOM = "utf-8-sig"
"""CSV files get a byte order mark: without it Excel reads them in its local code page instead of UTF-8."""


def write_report(run_dir: Path, history: History, verdict: Verdict) -> tuple[Report, Verdict]:
    """Write ``verdict.json``, ``report.html``, the files for CI, the CSV files, transcripts and ``summary.md``.

    Also ``postmortem.md`` unless the run passed; an existing one is kept, since people may have edited it.
    Returns the view model, and the verdict as it was written.

    :raises EnvironmentFault: the folder cannot be written.
    :raises UsageError: a link is in the place of a file.
    """
    directory = RunDirectory(path=run_dir)
    report = build_report(history, verdict, folder=directory.shown)
    verdict = with_record(verdict, report)
    directory.write("verdict.json", verdict.to_json())
    for name, text in files_of(report, history).items():
        directory.write(name, text, encoding=_WITH_BOM if name.endswith(".csv") else "utf-8")
    if verdict.outcome != "pass":
        directory.write(POSTMORTEM, postmortem_of(report, history), keep=True)
    return report, verdict


def postmortem_of(report: Report, history: History) -> str:
    """The text of ``postmortem.md``."""
    case = Case(history, history.started.governance if history.started else NO_GOVERNANCE)
    return render_postmortem(report, near_misses_of(case))


def files_of(report: Report, history: History) -> dict[str, str]:
    """Name → text of what a run leaves besides verdict and postmortem."""
    return {
        "report.html": render_html(report),
        "junit.xml": render_junit(report),
        "ctrf-report.json": render_ctrf(report),
        "ledger.csv": ledger_csv(history),
        "audit.csv": audit_csv(report),
        "runbooks.csv": runbooks_csv(report),
        "summary.md": render_summary(report),
        **{execution.transcript: render_transcript(execution) for execution in report.executions},
    }
