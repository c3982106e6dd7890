from __future__ import annotations

import pytest
from markdown_it import MarkdownIt

from simulation.checks.base import Finding
from simulation.history import History
from simulation.reporting.markdown import plain, table, within_step_summary
from simulation.reporting.postmortem import render_postmortem
from simulation.reporting.summary import render_summary
from simulation.reporting.view import Report, build_report
from tests.unit.reporting.sample import failed_verdict


@pytest.mark.parametrize("text", ["a_b_c", "*not bold*", "[x](http://y)", "`code`", "a | b", "<b>", "_em_", "~~gone~~"])
def test_text_of_others_never_becomes_markup(text: str) -> None:
    rendered = MarkdownIt("commonmark").enable(["table", "strikethrough"]).render(plain(text))
    assert rendered == f"<p>{text.replace('<', '&lt;').replace('>', '&gt;')}</p>\n"


def test_a_line_break_does_not_end_a_table_row() -> None:
    assert table(("head",), [("one\ntwo",)])[-1] == "| one two |"


def test_the_summary_starts_with_the_verdict_and_has_money_to_the_cent(passed: Report) -> None:
    summary = render_summary(passed)
    assert summary.startswith("## ✓ PASS: The platform lived through the absence by itself\n")
    assert "in $840.00 - fees $37.36 - refunds $0.00 - prizes $741.00 = closing $561.64" in summary
    assert "simulate run founder_absence_14d --seed 7" in summary


def test_the_summary_of_a_failed_run_names_findings_and_criteria(failed: Report) -> None:
    summary = render_summary(failed)
    assert summary.index("the prize was transferred twice") < summary.index("### Criteria")
    assert "✗ **occurred**: Payment or payout requires manual Stripe intervention" in summary


def test_the_postmortem_is_filled_in_as_far_as_the_run_knows(failed: Report) -> None:
    text = render_postmortem(failed, ())
    for part in (
        "## What happened",
        "### First finding",
        "### Worst and last finding",
        "### Timeline",
        "### See it again",
    ):
        assert part in text
    assert "| F1 | A transfer to Stripe times out before Stripe did anything | 47 min |" in text
    assert text.count("_(to be written)_") == 8


def test_the_postmortem_of_an_unknown_run_says_what_was_not_seen(unknown: Report) -> None:
    text = render_postmortem(unknown, ())
    assert "- not seen: audit_completeness: the write-ahead log witness recorded no transaction" in text
    assert "First finding" not in text


def test_hostile_findings_stay_text_in_markdown(history: History) -> None:
    finding = Finding(check="exactly_once", subject="<script>x</script>|[a](b)", message="`x`")
    report = build_report(history, failed_verdict(finding))
    for text in (render_summary(report), render_postmortem(report, ())):
        assert "<script>" not in text


def test_a_summary_that_github_would_drop_is_cut_at_a_line_and_says_so() -> None:
    lines = [f"line {number}: " + "ä" * 90 for number in range(7000)]
    page = within_step_summary(lines)
    assert len(page.encode()) <= 1024 * 1024
    kept = page.splitlines()
    assert kept[-1].startswith("_The rest is left out here")
    assert kept[:-2] == lines[: len(kept) - 2]
    assert within_step_summary(lines[:3]) == "\n".join(lines[:3]) + "\n"
