from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from simulation.checks.base import CheckResult, Finding
from simulation.checks.verdict import Verdict
from simulation.cli.output import print_verdict
from simulation.history import History
from simulation.reporting.terminal import COLUMNS, LINES, render
from simulation.reporting.view import Report, build_report
from tests.unit.reporting.sample import failed_verdict, passed_verdict, unknown_verdict

PATH = Path("reports/founder_absence_14d/latest/report.html")
MANY = tuple(
    Finding(check="exactly_once", subject="s" * 90, message="m" * 90, expected="e" * 90, actual="a" * 90, seqs=(1,))
    for _ in range(50)
)


def screen(verdict: Verdict, history: History) -> list[str]:
    return lines_of(build_report(history, verdict))


def lines_of(report: Report) -> list[str]:
    console = Console(width=COLUMNS, color_system=None)
    with console.capture() as captured:
        console.print(render(report, PATH))
    return captured.get().splitlines()


def test_what_is_there_to_be_copied_is_never_broken(
    history: History, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither by a narrow terminal, nor at a hyphen, nor by an ellipsis."""
    monkeypatch.setenv("COLUMNS", "60")
    long = Path("/home/somebody", *["a folder of a rather long name"] * 5, "report.html")
    hyphened = Finding(
        check="exactly_once", subject="y" * 30, message=f"of winner-account-closed-at-noon{' more' * 4}", seqs=(1,)
    )
    report = build_report(history, failed_verdict(hyphened))
    print_verdict(report, long)
    lines = capsys.readouterr().out.splitlines()
    assert f"Report  {long}" in lines
    assert f"Again   {report.facts.reproduce}" in lines
    assert any("winner-account-closed-at-noon" in line for line in lines)


@pytest.mark.parametrize("verdict", [passed_verdict(), failed_verdict(), unknown_verdict(), failed_verdict(*MANY)])
def test_it_fits_one_screen(history: History, verdict: Verdict) -> None:
    lines = screen(verdict, history)
    assert len(lines) <= LINES
    assert max(map(len, lines)) <= COLUMNS


def test_the_remedy_for_what_nobody_looked_at_is_there_to_the_end(history: History) -> None:
    verdict = passed_verdict()
    reason = "no tool on this machine: make the-tool, or install it from the package that brings it, or name a binary"
    unseen = CheckResult(check="c", examined=0, findings=(), unknown=None, not_verified=reason)
    report = build_report(history, verdict)
    sections = tuple(
        replace(section, criteria=tuple(replace(c, outcome="not_verified", checks=(unseen,)) for c in section.criteria))
        for section in report.sections
    )
    said = " ".join(" ".join(lines_of(replace(report, sections=sections))).split())
    assert reason in said


def test_it_fits_one_screen_when_everything_is_wrong(history: History) -> None:
    verdict = failed_verdict(*MANY)
    criteria = tuple(replace(criterion, outcome="fail") for criterion in verdict.criteria)
    report = build_report(history, replace(verdict, criteria=criteria))
    crowded = replace(report, faults=report.faults * 5)
    assert len(lines_of(crowded)) <= LINES


def test_a_passed_run_lists_the_success_criteria_in_the_specifications_words(history: History) -> None:
    lines = screen(passed_verdict(), history)
    assert lines[0].startswith("✓ PASS")
    assert "  ✓ No founder intervention required at any point" in lines
    assert "  ✓ Failure criteria: 8 of 8 did not occur" in lines


def test_faults_money_and_the_report_are_on_it(history: History) -> None:
    text = "\n".join(screen(passed_verdict(), history))
    assert "53 min  runbook payout_transfer_stuck_in_retryable  (transfer timeout before)" in text
    assert "in   $840.00 by 43 payments" in text
    assert "balance at Stripe $500.00 → $561.64; still owed $30.00" in text
    assert str(PATH) in text


def test_a_failed_run_starts_with_its_findings(history: History) -> None:
    lines = screen(failed_verdict(), history)
    assert lines[0].startswith("✗ FAIL")
    assert "the prize was transferred" in lines[4]
    assert lines[5].startswith("    twice")
    assert lines[-1] == "Again   simulate run founder_absence_14d --seed 7"


def test_an_unknown_run_starts_with_its_doubts(history: History) -> None:
    lines = screen(unknown_verdict(), history)
    assert lines[0].startswith("? UNKNOWN")
    assert "the write-ahead log witness recorded no transaction" in lines[4]


def test_control_characters_and_markup_do_not_reach_the_terminal(history: History) -> None:
    finding = Finding(check="exactly_once", subject="\x1b[31m[red]evil[/red]", message="m")
    text = "\n".join(screen(failed_verdict(finding), history))
    assert "\x1b" not in text
    assert "[red]evil[/red]" in text


def test_render_takes_history_and_verdict(history: History) -> None:
    console = Console(width=COLUMNS, color_system=None)
    with console.capture() as captured:
        console.print(render(build_report(history, passed_verdict()), PATH))
    assert captured.get().startswith("✓ PASS")
